import type { ImageFacts } from '@kuanary/shared/contract';
import { AppError } from '../errors.ts';
import type { ObjectStorage } from '../storage/storage.ts';
import { firstReadBytes, type ImageLimits, readImageHeader } from './image-header.ts';

export interface StoredImage {
  facts: ImageFacts;
  metadata: Record<string, string>;
  lastModified: Date;
}

/**
 * Facts of a stored object from its own header bytes: one ranged read, and further small ones only where the header
 * needs them. `null` when there is no such object.
 *
 * @throws AppError saying why the content is not acceptable; StorageError
 */
export async function readImageFacts(
  storage: ObjectStorage,
  key: string,
  limits: ImageLimits,
): Promise<StoredImage | null> {
  const head = await storage.readRange(key, 0, firstReadBytes);
  if (head === null) return null;
  const source = {
    totalBytes: head.totalBytes,
    read: async (start: number, length: number): Promise<Uint8Array> => {
      const part = await storage.readRange(key, start, length);
      if (part === null || part.totalBytes !== head.totalBytes) throw new AppError('upload_changed');
      return part.bytes;
    },
  };
  const facts = await readImageHeader(source, limits, head.bytes);
  return { facts, metadata: head.metadata, lastModified: head.lastModified };
}
