import { randomUUID } from 'node:crypto';
import { AppError } from '../errors.ts';
import { type ObjectStorage, StorageError } from './storage.ts';

/** Where objects are written that only prove something; the bucket's lifecycle removes what a killed process leaves there. */
export const probePrefix = 'tmp/probe/';

export interface ConditionalPutProbe {
  /** Passes at once when the storage has proven itself; probes otherwise. @throws AppError `storage_unsafe`; StorageError */
  assertSafe(): Promise<void>;
}

/** An unsafe storage is asked again this often at most: its owner may have mended it. */
const probeAgainAfterMs = 10_000;

/**
 * Proves that the storage refuses a second `PUT` with `If-None-Match: *`, on which the commit point rests. Some
 * S3-compatible servers accept the header and ignore it.
 */
export function createConditionalPutProbe(storage: ObjectStorage, monotonicMs: () => number): ConditionalPutProbe {
  let safe = false;
  let unsafeUntilMs = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | null = null;

  async function assertSafe(): Promise<void> {
    if (safe) return;
    if (monotonicMs() < unsafeUntilMs) throw new AppError('storage_unsafe');
    running ??= probe().finally(() => {
      running = null;
    });
    await running;
  }

  async function probe(): Promise<void> {
    const key = `${probePrefix}${randomUUID()}`;
    const options = { contentType: 'text/plain', metadata: {}, onlyIfAbsent: true };
    try {
      await storage.put(key, new Uint8Array(), options);
      if (!(await isRefused(storage.put(key, new Uint8Array(), options)))) {
        unsafeUntilMs = monotonicMs() + probeAgainAfterMs;
        throw new AppError('storage_unsafe');
      }
      safe = true;
    } finally {
      // A probe object left behind is removed by the lifecycle rule of tmp/.
      await storage.delete(key).catch(() => undefined);
    }
  }

  return { assertSafe };
}

async function isRefused(put: Promise<void>): Promise<boolean> {
  try {
    await put;
    return false;
  } catch (error) {
    if (error instanceof StorageError && error.failure === 'precondition_failed') return true;
    throw error;
  }
}
