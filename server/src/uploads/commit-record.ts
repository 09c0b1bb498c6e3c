import { ImageFacts } from '@kuanary/shared/contract';
import { z } from 'zod';
import { type ObjectStorage, StorageError } from '../storage/storage.ts';
import { commitKey } from './object-keys.ts';

/** What `tmp/commits/<uploadId>` says. Its first form is decided by one atomic write; `deleted` may overwrite it later. */
const CommitRecord = z.union([
  z.strictObject({ filename: z.string(), facts: ImageFacts }),
  z.strictObject({ deleted: z.literal(true), filename: z.string() }),
  z.strictObject({ expired: z.literal(true) }),
]);
export type CommitRecord = z.infer<typeof CommitRecord>;
export type CommittedImage = Extract<CommitRecord, { facts: ImageFacts }>;

export interface CommitRecords {
  read(uploadId: string): Promise<CommitRecord | null>;
  /**
   * Writes the record unless there is one. `unclear` is everything but a plain success: refused, timed out, failed. Then
   * only reading tells whose record stands, if any does.
   */
  putIfAbsent(uploadId: string, record: CommitRecord): Promise<'written' | 'unclear'>;
  overwrite(uploadId: string, record: CommitRecord): Promise<void>;
}

const maxRecordBytes = 4096;
const description = { contentType: 'application/json', metadata: {} };

/** @param atomicity `conditional-put` for any number of instances; `process-lock` (SINGLE_INSTANCE) for storage without it. */
export function createCommitRecords(
  storage: ObjectStorage,
  atomicity: 'conditional-put' | 'process-lock',
): CommitRecords {
  const locks = new Map<string, Promise<unknown>>();

  async function read(uploadId: string): Promise<CommitRecord | null> {
    const stored = await storage.readRange(commitKey(uploadId), 0, maxRecordBytes);
    return stored === null ? null : parseRecord(stored.bytes);
  }

  async function putIfAbsent(uploadId: string, record: CommitRecord): Promise<'written' | 'unclear'> {
    try {
      if (atomicity === 'conditional-put') {
        await storage.put(commitKey(uploadId), encode(record), { ...description, onlyIfAbsent: true });
        return 'written';
      }
      return await locked(uploadId, async () => {
        if ((await read(uploadId)) !== null) return 'unclear';
        await storage.put(commitKey(uploadId), encode(record), description);
        return 'written';
      });
    } catch (error) {
      if (error instanceof StorageError) return 'unclear';
      throw error;
    }
  }

  function overwrite(uploadId: string, record: CommitRecord): Promise<void> {
    return locked(uploadId, () => storage.put(commitKey(uploadId), encode(record), description));
  }

  async function locked<T>(uploadId: string, run: () => Promise<T>): Promise<T> {
    const running = (locks.get(uploadId) ?? Promise.resolve()).then(run, run);
    locks.set(uploadId, running);
    try {
      return await running;
    } finally {
      if (locks.get(uploadId) === running) locks.delete(uploadId);
    }
  }

  return { read, putIfAbsent, overwrite };
}

function encode(record: CommitRecord): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(record));
}

function parseRecord(bytes: Uint8Array): CommitRecord {
  try {
    return CommitRecord.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new StorageError('unavailable', 'read of a commit record that nobody here wrote', { cause });
  }
}
