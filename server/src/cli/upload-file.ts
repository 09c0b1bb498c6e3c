import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { type CompleteAnswer, formatTable, type ImageFacts, imageFormats } from '@kuanary/shared/contract';
import { AppError } from '../errors.ts';
import { readSpooledImageFacts } from '../images/read-spooled-image-facts.ts';
import type { ApiClient } from './api-client.ts';
import { postFile } from './post-file.ts';
import { UploadFailure } from './upload-failure.ts';

export type UploadedImage = Pick<CompleteAnswer, 'filename' | 'url' | 'urls' | 'links' | 'image'>;

interface UploadRequest {
  file: string;
  preset: string | undefined;
  onProgress(sentBytes: number, totalBytes: number): void;
}

/** The API knows its own limits and says them; here only the type is wanted. */
const noLimits = {
  allowedFormats: new Set(imageFormats),
  maxPixels: Number.POSITIVE_INFINITY,
  maxSide: Number.POSITIVE_INFINITY,
};

/** Sign, post, complete: as a page does it. Constant memory. @throws UploadFailure */
export async function uploadFile(
  client: ApiClient,
  { file, preset, onProgress }: UploadRequest,
): Promise<UploadedImage> {
  const size = await sizeOf(file);
  const { format } = await readFacts(file, size);
  const contentType = formatTable[format].mimeType;
  const signed = await client.signUpload({ contentType, size, filename: basename(file) });
  await postFile({ url: signed.url, fields: signed.fields, file, bytes: size, contentType, onProgress });
  const { filename, url, urls, links, image } = await client.complete(signed.ticket, preset);
  return { filename, url, urls, links, image };
}

async function sizeOf(file: string): Promise<number> {
  try {
    const handle = await open(file, 'r');
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw new UploadFailure('It is not a file.');
      return stats.size;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof UploadFailure) throw error;
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const reason = error instanceof Error ? error.message : String(error);
    throw new UploadFailure(missing ? 'There is no such file.' : `The file cannot be read: ${reason}.`);
  }
}

async function readFacts(file: string, bytes: number): Promise<ImageFacts> {
  try {
    return await readSpooledImageFacts({ file, bytes }, noLimits);
  } catch (error) {
    if (error instanceof AppError) throw new UploadFailure(error.message, { code: error.code });
    throw new UploadFailure(`The file cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
}
