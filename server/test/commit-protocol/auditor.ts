import type { ImageFacts } from '@kuanary/shared/contract';
import { uploadIdOf } from '../../src/images/image-metadata.ts';
import type { CommitRecord, CommittedImage } from '../../src/uploads/commit-record.ts';
import { commitKey, incomingKey, parseImageNonce } from '../../src/uploads/object-keys.ts';
import { attemptMinAgeMs } from '../../src/uploads/sweep-uploads.ts';
import type { BucketModel, StoredObject } from './bucket-model.ts';
import {
  factsBehind,
  isCommittedAs,
  isDescribedAs,
  isDeserved,
  isNamedBy,
  isSameFacts,
  recordIn,
  recordSpans,
} from './bucket-truth.ts';

export type Invariant = 'I1' | 'I2' | 'I3' | 'I4';

export interface Violation {
  invariant: Invariant | 'unexpected error';
  what: string;
}

/**
 * Compares what callers were told with what the bucket held at the time. `since` is the moment at which a call began: its
 * answer must have been true at some moment between that and now.
 */
export interface Auditor {
  /** The first violation; `null` when there was none. */
  violation(): Violation | null;
  /** The filename of the first success of an upload; `null` before there was one. */
  answered(uploadId: string): string | null;
  /** To be told of every change in the bucket. */
  onChange(key: string): void;
  succeeded(uploadId: string, image: CommittedImage, since: number): void;
  rejected(uploadId: string, code: string, since: number): void;
  /** Names that were listed or described as images. */
  shown(filenames: readonly string[], since: number): void;
  deleteBegan(filename: string, onlyOfUploadId: string | undefined): void;
  deleteAnswered(filename: string, status: 204 | 404, since: number, onlyOfUploadId: string | undefined): void;
  unexpected(error: unknown): void;
  /** When all is quiet and the sweepers have found nothing more to do: what is left in the bucket. */
  inspectRemains(): void;
}

export function createAuditor(bucket: BucketModel): Auditor {
  const promised = new Map<string, { filename: string; facts: ImageFacts; bytes: Uint8Array }>();
  /** How many calls may have begun to delete a name: those without an answer too, not those that were refused. */
  const deletesBegun = new Map<string, number>();
  /** Names whose DELETE has been answered in a way that ends it. */
  const deletesEnded = new Set<string>();
  let violation: Violation | null = null;

  function violate(invariant: Violation['invariant'], what: string): void {
    violation ??= { invariant, what };
  }

  function onChange(key: string): void {
    if (parseImageNonce(key) !== null) checkImage(key);
    if (key.startsWith('tmp/commits/')) checkRecord(key);
  }

  function checkImage(filename: string): void {
    const image = bucket.get(filename);
    if (image !== undefined && deletesEnded.has(filename)) violate('I3', `${filename} came back after its DELETE`);
    for (const promise of promised.values()) {
      if (promise.filename !== filename || image?.bytes === promise.bytes) continue;
      if (image !== undefined) violate('I1', `${filename} changed its bytes after it was answered with success`);
      else if (!isDeleting(filename)) violate('I1', `${filename} was answered with success and is gone`);
    }
  }

  function checkRecord(key: string): void {
    const before = recordIn(bucket.spans(key, bucket.moment() - 1, bucket.moment() - 1)[0]?.object);
    const after = recordIn(bucket.get(key));
    if (after === null) violate('I4', `${key} was removed`);
    else if (before === null) {
      if ('deleted' in after) violate('I4', `${key} says deleted of an upload that nobody had committed`);
      if ('expired' in after && bucket.nowMs() - bucket.startMs < attemptMinAgeMs)
        violate('I4', `${key} expired too early`);
    } else if (JSON.stringify(before) !== JSON.stringify(after)) {
      const isDelete = 'facts' in before && 'deleted' in after && before.filename === after.filename;
      if (isDelete && isDeleting(after.filename)) return;
      violate('I4', `${key} was ${JSON.stringify(before)} and became ${JSON.stringify(after)}`);
    }
  }

  function succeeded(uploadId: string, { filename, facts }: CommittedImage, since: number): void {
    const named = recordSpans(bucket, uploadId, since).filter(({ record }) => isCommittedAs(record, filename));
    const stored = named
      .flatMap(({ from, to }) => bucket.spans(filename, from, to))
      .find(({ object }) => object)?.object;
    if (stored === undefined) {
      if (named.length === 0) violate('I4', `success for ${filename}, which no record named during the call`);
      else violate('I1', `success for ${filename}, which was not there during the call`);
      return;
    }
    if (!isSameFacts(factsBehind(stored), facts))
      violate('I2', `success for ${filename}, whose bytes are no such image`);
    if (!isDescribedAs(stored, uploadId, facts)) violate('I2', `the metadata of ${filename} is not what was answered`);
    const first = promised.get(uploadId);
    if (first === undefined) promised.set(uploadId, { filename, facts, bytes: stored.bytes });
    else if (first.filename !== filename || !isSameFacts(first.facts, facts)) {
      violate('I4', `one upload was answered with ${first.filename} and with ${filename}`);
    }
    checkImage(filename);
  }

  /** A rejection must have been deserved at a moment when nobody had decided the upload yet. */
  function rejected(uploadId: string, code: string, since: number): void {
    const records = recordSpans(bucket, uploadId, since);
    if (code === 'upload_expired' || code === 'image_deleted') {
      const word = code === 'upload_expired' ? 'expired' : 'deleted';
      const isSaid = records.some(({ record }) => record !== null && word in record);
      if (!isSaid) violate('I4', `${code}, which no record said during the call`);
      return;
    }
    const undecided = records.filter(({ record }) => record === null);
    const incoming = undecided.flatMap(({ from, to }) => bucket.spans(incomingKey(uploadId), from, to));
    if (!isDeserved(code, incoming))
      violate('I4', `${code}, which was true at no moment of the call before the commit`);
  }

  /** A copy that lost may still be shown while it is being removed; once the answer comes, it must be gone. */
  function shown(filenames: readonly string[], since: number): void {
    for (const filename of filenames) {
      const object = bucket.get(filename);
      const uploadId = object === undefined ? undefined : uploadIdOf(object.metadata);
      if (uploadId === undefined) continue;
      if (recordSpans(bucket, uploadId, since).some(({ record }) => isNamedBy(record, filename))) continue;
      violate('I2', `${filename} was shown as an image, and nobody had committed it`);
    }
  }

  function deleteAnswered(filename: string, status: 204 | 404, since: number, onlyOf: string | undefined): void {
    const isGone = bucket.get(filename) === undefined;
    if (status === 204 && !isGone) violate('I3', `${filename} is there although its DELETE was answered 204`);
    if (status === 204 && isForbidden(filename, onlyOf)) violate('I1', `${filename} was deleted with another's ticket`);
    if (isGone) deletesEnded.add(filename);
    else if (!isForbidden(filename, onlyOf)) refusedDelete(filename, since);
  }

  function refusedDelete(filename: string, since: number): void {
    countDelete(filename, -1);
    const uploadId = uploadOf(filename);
    if (uploadId === undefined || bucket.spans(filename, since, bucket.moment()).length > 1) return;
    if (recordSpans(bucket, uploadId, since).every(({ record }) => isCommittedAs(record, filename))) {
      violate('I4', `DELETE of the image ${filename} was answered 404`);
    }
  }

  function countDelete(filename: string, by: 1 | -1): void {
    deletesBegun.set(filename, (deletesBegun.get(filename) ?? 0) + by);
  }

  function isDeleting(filename: string): boolean {
    return (deletesBegun.get(filename) ?? 0) > 0;
  }

  function isForbidden(filename: string, onlyOfUploadId: string | undefined): boolean {
    const uploadId = uploadOf(filename);
    return uploadId !== undefined && onlyOfUploadId !== undefined && onlyOfUploadId !== uploadId;
  }

  /** The upload that made an image, even if it has gone since. */
  function uploadOf(filename: string): string | undefined {
    const made = bucket.spans(filename, 0, bucket.moment()).find(({ object }) => object !== undefined)?.object;
    return made === undefined ? undefined : uploadIdOf(made.metadata);
  }

  function inspectRemains(): void {
    for (const key of bucket.keys()) {
      if (key.startsWith('tmp/commits/')) inspectRecord(recordIn(bucket.get(key)));
      else inspectRest(key, bucket.get(key));
    }
  }

  function inspectRecord(record: CommitRecord | null): void {
    if (record === null || !('facts' in record)) return;
    const image = bucket.get(record.filename);
    if (image !== undefined) {
      if (!isSameFacts(factsBehind(image), record.facts))
        violate('I2', `${record.filename} is not what its record says`);
    } else if (!isDeleting(record.filename)) violate('I1', `${record.filename} is gone, and its record is there`);
  }

  function inspectRest(key: string, object: StoredObject | undefined): void {
    const uploadId = object === undefined ? undefined : uploadIdOf(object.metadata);
    const record = uploadId === undefined ? null : recordIn(bucket.get(commitKey(uploadId)));
    const isDeleteUnfinished = isNamedBy(record, key) && isDeleting(key) && !deletesEnded.has(key);
    if (!isCommittedAs(record, key) && !isDeleteUnfinished) violate('I3', `${key} was left behind`);
  }

  return {
    violation: () => violation,
    answered: (uploadId) => promised.get(uploadId)?.filename ?? null,
    onChange,
    succeeded,
    rejected,
    shown,
    deleteBegan: (filename, onlyOf) => {
      if (!isForbidden(filename, onlyOf)) countDelete(filename, 1);
    },
    deleteAnswered,
    unexpected: (error) => violate('unexpected error', error instanceof Error ? String(error.stack) : String(error)),
    inspectRemains,
  };
}
