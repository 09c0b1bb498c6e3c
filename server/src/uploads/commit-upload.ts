import { randomUUID } from 'node:crypto';
import { formatTable, type ImageFacts } from '@kuanary/shared/contract';
import { AppError } from '../errors.ts';
import type { ImageLimits } from '../images/image-header.ts';
import { buildImageMetadata } from '../images/image-metadata.ts';
import { readImageFacts } from '../images/read-image-facts.ts';
import { type ObjectStorage, StorageError } from '../storage/storage.ts';
import type { CommitRecord, CommitRecords, CommittedImage } from './commit-record.ts';
import { attemptKey, imageFilename, incomingKey } from './object-keys.ts';

/** A copy whose answer was lost may land late; sent this long after its attempt record, the sweeper still outwaits it. */
const copyMustStartWithinMs = 60_000;
const copyRounds = 2;
const recordRounds = 2;

export interface UploadCommitterOptions {
  storage: ObjectStorage;
  records: CommitRecords;
  limits: ImageLimits;
  promote: 'copy' | 'stream';
  /** Milliseconds that only grow. */
  monotonicMs: () => number;
  /** Makes upload ids and nonces: random UUIDs. */
  newId?: () => string;
  onCopyUnsupported?: () => void;
}

export interface SignedUpload {
  uploadId: string;
  /** The size that the policy was signed for, in bytes. */
  bytes: number;
}

export interface UploadCommitter {
  /**
   * Brings an uploaded object through "copy, verify, commit" and answers with the one image of this upload: any number
   * of calls, on any instance, in any order give the same. Calls for one upload on one instance share one run.
   *
   * @throws AppError `not_uploaded`, `upload_changed`, a content code, 410 for deleted or expired; StorageError, after
   * which the call is to be repeated
   */
  commit(upload: SignedUpload): Promise<CommittedImage>;
  /** The same for a file that the API itself received: `put` stores it under the given name, with one request. */
  commitReceived(facts: ImageFacts, put: PutReceived): Promise<CommittedImage>;
  /** Ends when the clean-up behind all answers so far is done. */
  settled(): Promise<void>;
}

export type PutReceived = (
  filename: string,
  description: { contentType: string; metadata: Record<string, string> },
) => Promise<void>;

/** The commit protocol. Its steps carry the numbers they have in docs/architecture.md. */
export function createUploadCommitter(options: UploadCommitterOptions): UploadCommitter {
  const { storage, records, limits, monotonicMs } = options;
  const newId = options.newId ?? randomUUID;
  const running = new Map<string, Promise<CommittedImage>>();
  const cleanUps = new Set<Promise<unknown>>();

  function commit(upload: SignedUpload): Promise<CommittedImage> {
    const shared = running.get(upload.uploadId);
    if (shared !== undefined) return shared;
    const run = commitOrReject(upload).finally(() => running.delete(upload.uploadId));
    running.set(upload.uploadId, run);
    return run;
  }

  async function commitOrReject(upload: SignedUpload): Promise<CommittedImage> {
    try {
      return await copyVerifyCommit(upload);
    } catch (error) {
      return await rejectUnlessCommitted(upload.uploadId, error);
    }
  }

  async function copyVerifyCommit(upload: SignedUpload): Promise<CommittedImage> {
    const { record, facts } = await readIncomingAndRecord(upload); // step 1
    if (record !== null) return answerFrom(record);
    for (let round = 1; ; round += 1) {
      const nonce = newId();
      const filename = imageFilename(nonce, facts.format);
      try {
        const startedMs = monotonicMs();
        await putAttempt(upload.uploadId, nonce); // step 2
        await copyToImage(upload.uploadId, nonce, filename, facts, startedMs); // step 3
      } catch (error) {
        // The name of a copy that may still land is never used again: it could hold other bytes by then.
        if (error instanceof StorageError && round < copyRounds) continue;
        throw error;
      }
      await verifyCopy(upload.uploadId, nonce, filename, facts); // step 4
      const committed = await putRecord(upload.uploadId, nonce, { filename, facts }); // step 5
      // A copy that lost was withdrawn in step 5; where that failed, its attempt record must stay for the sweeper.
      if (committed.filename === filename) {
        cleanUpBehindAnswer([incomingKey(upload.uploadId), attemptKey(upload.uploadId, nonce)]); // step 6
      }
      return committed;
    }
  }

  async function commitReceived(facts: ImageFacts, put: PutReceived): Promise<CommittedImage> {
    const uploadId = newId();
    for (let round = 1; ; round += 1) {
      const nonce = newId();
      const filename = imageFilename(nonce, facts.format);
      try {
        const startedMs = monotonicMs();
        await putAttempt(uploadId, nonce); // step 2
        assertStartsInTime(startedMs);
        await put(filename, describeImage(uploadId, facts)); // stands for step 3: these bytes were verified before
      } catch (error) {
        if (error instanceof StorageError && round < copyRounds) continue;
        throw error;
      }
      const committed = await putRecord(uploadId, nonce, { filename, facts }); // step 5
      if (committed.filename === filename) cleanUpBehindAnswer([attemptKey(uploadId, nonce)]); // step 6
      return committed;
    }
  }

  async function readIncomingAndRecord(
    upload: SignedUpload,
  ): Promise<{ record: CommitRecord; facts: null } | { record: null; facts: ImageFacts }> {
    const incoming = readImageFacts(storage, incomingKey(upload.uploadId), limits);
    // Once there is a record, whatever became of the incoming object does not matter.
    incoming.catch(() => undefined);
    const record = await records.read(upload.uploadId);
    if (record !== null) return { record, facts: null };
    const image = await incoming;
    if (image === null) throw new AppError('not_uploaded', undefined, { retryAfterSeconds: 1 });
    if (image.facts.bytes !== upload.bytes) throw sizeMismatch(image.facts.bytes, upload.bytes);
    return { record: null, facts: image.facts };
  }

  function putAttempt(uploadId: string, nonce: string): Promise<void> {
    return storage.put(attemptKey(uploadId, nonce), new Uint8Array(), { contentType: 'text/plain', metadata: {} });
  }

  async function copyToImage(
    uploadId: string,
    nonce: string,
    filename: string,
    facts: ImageFacts,
    startedMs: number,
  ): Promise<void> {
    if ((await promote(incomingKey(uploadId), filename, describeImage(uploadId, facts), startedMs)) === null) {
      await deleteQuietly(attemptKey(uploadId, nonce));
      throw new AppError('not_uploaded', undefined, { retryAfterSeconds: 1 });
    }
  }

  async function promote(
    source: string,
    target: string,
    description: { contentType: string; metadata: Record<string, string> },
    startedMs: number,
  ): Promise<'copied' | null> {
    if (options.promote === 'copy') {
      assertStartsInTime(startedMs);
      try {
        return await storage.copy(source, target, description);
      } catch (error) {
        if (!(error instanceof StorageError) || error.failure !== 'copy_unsupported') throw error;
        options.onCopyUnsupported?.();
      }
    }
    assertStartsInTime(startedMs);
    return storage.copyByStreaming(source, target, description);
  }

  /** A process can sleep between any two steps: on waking, its attempt record may be about to be swept. */
  function assertStartsInTime(startedMs: number): void {
    if (monotonicMs() - startedMs > copyMustStartWithinMs) {
      throw new StorageError('timeout', 'put of the attempt record, too long before the copy');
    }
  }

  async function verifyCopy(uploadId: string, nonce: string, filename: string, expected: ImageFacts): Promise<void> {
    let copy: Awaited<ReturnType<typeof readImageFacts>>;
    try {
      copy = await readImageFacts(storage, filename, limits);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      await withdraw(uploadId, nonce, filename);
      throw new AppError('upload_changed', undefined, { cause: error, retryAfterSeconds: 1 });
    }
    if (copy === null) throw new StorageError('unavailable', 'copy that was answered with success but is not there');
    if (!isSameImage(copy.facts, expected)) {
      await withdraw(uploadId, nonce, filename);
      throw new AppError('upload_changed', undefined, { retryAfterSeconds: 1 });
    }
  }

  async function putRecord(uploadId: string, nonce: string, mine: CommittedImage): Promise<CommittedImage> {
    for (let round = 1; round <= recordRounds; round += 1) {
      if ((await records.putIfAbsent(uploadId, mine)) === 'written') return mine;
      const record = await records.read(uploadId);
      if (record === null) continue;
      if (!('facts' in record) || record.filename !== mine.filename) {
        await withdraw(uploadId, nonce, mine.filename);
      }
      return answerFrom(record);
    }
    throw new StorageError('unavailable', 'put of the commit record');
  }

  /** Step 7: somebody else may have committed meanwhile, and then that is the answer. */
  async function rejectUnlessCommitted(uploadId: string, reason: unknown): Promise<CommittedImage> {
    const record = await records.read(uploadId);
    if (record !== null) return answerFrom(record);
    throw reason;
  }

  /** Removes a copy that lost. The attempt record goes last: while the copy may exist, the sweeper must hear of it. */
  async function withdraw(uploadId: string, nonce: string, filename: string): Promise<void> {
    if (await deleteQuietly(filename)) await deleteQuietly(attemptKey(uploadId, nonce));
  }

  async function deleteQuietly(key: string): Promise<boolean> {
    try {
      await storage.delete(key);
      return true;
    } catch (error) {
      if (error instanceof StorageError) return false; // The sweeper comes by.
      throw error;
    }
  }

  function cleanUpBehindAnswer(keys: string[]): void {
    const cleanUp = Promise.all(keys.map(deleteQuietly)).finally(() => cleanUps.delete(cleanUp));
    cleanUps.add(cleanUp);
    cleanUp.catch(() => undefined);
  }

  async function settled(): Promise<void> {
    await Promise.allSettled([...running.values()]);
    await Promise.allSettled([...cleanUps]);
  }

  return { commit, commitReceived, settled };
}

/** @throws AppError 410 where the record says that there will be no image */
function answerFrom(record: CommitRecord): CommittedImage {
  if ('expired' in record) throw new AppError('upload_expired');
  if ('deleted' in record) throw new AppError('image_deleted');
  return record;
}

function describeImage(uploadId: string, facts: ImageFacts): { contentType: string; metadata: Record<string, string> } {
  return { contentType: formatTable[facts.format].mimeType, metadata: buildImageMetadata(uploadId, facts) };
}

function isSameImage(a: ImageFacts, b: ImageFacts): boolean {
  return (
    a.bytes === b.bytes &&
    a.format === b.format &&
    a.width === b.width &&
    a.height === b.height &&
    a.animated === b.animated
  );
}

function sizeMismatch(actualBytes: number, signedBytes: number): AppError {
  return new AppError(
    'size_mismatch',
    `The stored file has ${actualBytes} bytes, but ${signedBytes} were signed. Sign and upload it again.`,
  );
}
