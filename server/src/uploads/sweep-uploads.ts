import { type ObjectStorage, StorageError } from '../storage/storage.ts';
import type { CommitRecord, CommitRecords } from './commit-record.ts';
import { attemptsPrefix, imagePrefix, incomingPrefix, parseAttemptKey, parseImageNonce } from './object-keys.ts';

/** Longer than any ticket (an hour for the policy, an hour to complete) and the copies that its last second may start. */
export const attemptMinAgeMs = 135 * 60_000;
/** Past this, commit records may have expired (lifecycle, 90 days), so that a missing one proves nothing any more. */
export const attemptMaxAgeMs = 60 * 24 * 3_600_000;
export const incomingMinAgeMs = 3 * 3_600_000;
const pageKeys = 1000;

export interface SweepReport {
  incomingDeleted: number;
  attemptsSettled: number;
  imagesDeleted: number;
  /** Attempts too old to be judged; a person must look. */
  attemptsTooOld: string[];
  /** Keys that the storage would not let go of this time; the next sweep tries again. */
  failures: string[];
}

/**
 * Removes what uploads left behind: incoming objects that nobody completed, copies that no commit record names. Any
 * number of sweepers may run at once, and each may die at any point. Age is the storage's clock against the storage's
 * clock. Nothing outside `tmp/` is touched but `image-<nonce>.*` of an attempt that has been decided against.
 */
export async function sweepUploads(
  storage: ObjectStorage,
  records: CommitRecords,
  signal?: AbortSignal,
): Promise<SweepReport> {
  const report: SweepReport = {
    incomingDeleted: 0,
    attemptsSettled: 0,
    imagesDeleted: 0,
    attemptsTooOld: [],
    failures: [],
  };

  await forEachObject(storage, attemptsPrefix, report, signal, async (key, ageMs) => {
    const attempt = parseAttemptKey(key);
    if (attempt === null || ageMs < attemptMinAgeMs) return;
    if (ageMs > attemptMaxAgeMs) {
      report.attemptsTooOld.push(key);
      return;
    }
    const record = (await records.read(attempt.uploadId)) ?? (await expireUpload(records, attempt.uploadId));
    if (record === null) return;
    if (!isCommittedAs(record, attempt.nonce)) {
      report.imagesDeleted += await deleteImagesOf(storage, attempt.nonce);
    }
    await storage.delete(key);
    report.attemptsSettled += 1;
  });

  await forEachObject(storage, incomingPrefix, report, signal, async (key, ageMs) => {
    if (ageMs < incomingMinAgeMs) return;
    await storage.delete(key);
    report.incomingDeleted += 1;
  });

  return report;
}

/** Decides an upload that nobody committed, so that no sleeper can commit it afterwards; what is read back counts. */
async function expireUpload(records: CommitRecords, uploadId: string): Promise<CommitRecord | null> {
  await records.putIfAbsent(uploadId, { expired: true });
  return records.read(uploadId);
}

function isCommittedAs(record: CommitRecord, nonce: string): boolean {
  return 'facts' in record && parseImageNonce(record.filename) === nonce;
}

async function deleteImagesOf(storage: ObjectStorage, nonce: string): Promise<number> {
  const { objects } = await storage.list({ prefix: imagePrefix(nonce), limit: pageKeys });
  for (const { key } of objects) await storage.delete(key);
  return objects.length;
}

async function forEachObject(
  storage: ObjectStorage,
  prefix: string,
  report: SweepReport,
  signal: AbortSignal | undefined,
  visit: (key: string, ageMs: number) => Promise<void>,
): Promise<void> {
  let after: string | undefined;
  do {
    const page = await storage.list({ prefix, limit: pageKeys, ...(after === undefined ? {} : { after }) });
    for (const object of page.objects) {
      if (signal?.aborted === true) return;
      try {
        await visit(object.key, page.serverTime.getTime() - object.lastModified.getTime());
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        report.failures.push(object.key);
      }
    }
    after = page.next;
  } while (after !== undefined);
}
