import { type ImageFacts, type ImageFormat, imageFormats } from '@kuanary/shared/contract';
import { AppError } from '../../src/errors.ts';
import { type ByteSource, type ImageLimits, readImageHeader } from '../../src/images/image-header.ts';

/** Those of the default settings. */
export const limits = { maxPixels: 50_000_000, maxSide: 16_384, allowedFormats: new Set<ImageFormat>(imageFormats) };

/** A file in memory that counts what is read of it. */
export interface CountingSource extends ByteSource {
  reads: number;
  bytesRead: number;
}

export function sourceOf(file: Uint8Array): CountingSource {
  return {
    totalBytes: file.length,
    reads: 0,
    bytesRead: 0,
    async read(start, length) {
      const bytes = file.subarray(start, start + length);
      this.reads += 1;
      this.bytesRead += bytes.length;
      return bytes;
    },
  };
}

export function factsOf(file: Uint8Array): Promise<ImageFacts> {
  return readImageHeader(sourceOf(file), limits);
}

/** The error with which a file is refused. */
export async function refusalOf(file: Uint8Array, within: ImageLimits = limits): Promise<AppError> {
  try {
    await readImageHeader(sourceOf(file), within);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
}
