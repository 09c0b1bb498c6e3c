import { randomUUID } from 'node:crypto';
import { statusOf } from '../storage/s3-errors.ts';
import { type ObjectStorage, StorageError } from '../storage/storage.ts';
import { attemptKey, imageFilename } from '../uploads/object-keys.ts';
import { createPng } from './png-writer.ts';
import type { ProbeObjects } from './probe-objects.ts';

export interface ProbeImages {
  /**
   * The key of a PNG of this size at the root of the bucket, where imgproxy may read. While it exists an attempt record
   * stands beside it, as for an upload that is under way: it is not listed as an image, and the sweeper removes it if the
   * doctor is killed, or if it comes behind its own removal, because its PUT had no answer. Asked for again, the same object is answered. @throws StorageError
   */
  rootImage(size: { width: number; height: number; bytes?: number }): Promise<string>;
}

export function createProbeImages(storage: Pick<ObjectStorage, 'put'>, probes: ProbeObjects): ProbeImages {
  const made = new Map<string, Promise<string>>();

  async function make(size: { width: number; height: number; bytes?: number }): Promise<string> {
    const nonce = randomUUID();
    const attempt = attemptKey(randomUUID(), nonce);
    const key = imageFilename(nonce, 'png');
    await write(attempt, new Uint8Array(), 'text/plain');
    const letGo = probes.hold(attempt);
    // Removed before the attempt: keys go last first.
    await write(key, createPng(size), 'image/png').then(letGo, (error: unknown) => {
      if (isRefusal(error)) letGo();
      throw error;
    });
    return key;
  }

  async function write(key: string, body: Uint8Array, contentType: string): Promise<void> {
    probes.reserve(key);
    try {
      await storage.put(key, body, { contentType, metadata: {} });
    } catch (error) {
      if (isRefusal(error)) probes.release(key);
      throw error;
    }
  }

  return {
    rootImage(size) {
      const name = JSON.stringify([size.width, size.height, size.bytes]);
      const image = made.get(name) ?? make(size);
      made.set(name, image);
      return image;
    },
  };
}

/** The storage answered that it did not write: nothing is there. */
function isRefusal(error: unknown): boolean {
  const status = error instanceof StorageError ? statusOf(error.cause) : undefined;
  return status !== undefined && status >= 400 && status < 500;
}
