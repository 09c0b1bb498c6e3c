import type { ImageFacts } from '@kuanary/shared/contract';
import { parseImageMetadata, uploadIdOf } from '../../src/images/image-metadata.ts';
import type { CommitRecord, CommittedImage } from '../../src/uploads/commit-record.ts';
import { commitKey, incomingKey, parseImageNonce } from '../../src/uploads/object-keys.ts';
import { attemptMinAgeMs } from '../../src/uploads/sweep-uploads.ts';
import type { BucketModel, Span, StoredObject } from './bucket-model.ts';
import { contents, receivedContent } from './tiny-pictures.ts';

export type Invariant = 'I1' | 'I2' | 'I3' | 'I4';

export interface Violation {
  invariant: Invariant | 'unexpected error';
  what: string;
}

/**
 * Compares what callers were told with what the bucket held at the time. Calls are given by the moment at which they
 * began; an answer must have been true at some moment between that and now.
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
  deleteBegan(filename: string): void;
  deleteAnswered(filename: string, status: 204 | 404, since: number, ofUploadId: string | undefined): void;
  unexpected(error: unknown): void;
  /** When all is quiet and the sweepers have found nothing more to do: what is left in the bucket. */
  inspectRemains(): void;
}

export function createAuditor(bucket: BucketModel): Auditor {
  const startMs = bucket.nowMs();
  const promised = new Map<string, { filename: string; facts: ImageFacts; bytes: Uint8Array }>();
  const deletesBegun = new Set<string>();
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
      else if (!deletesBegun.has(filename)) violate('I1', `${filename} was answered with success and is gone`);
    }
  }

  function checkRecord(key: string): void {
    const before = recordIn(bucket.spans(key, bucket.moment() - 1, bucket.moment() - 1)[0]?.object);
    const after = recordIn(bucket.get(key));
    if (after === null) return violate('I4', `${key} was removed`);
    if (before === null) {
      if ('deleted' in after) violate('I4', `${key} says deleted of an upload that nobody had committed`);
      if ('expired' in after && bucket.nowMs() - startMs < attemptMinAgeMs) violate('I4', `${key} expired too early`);
    } else if (JSON.stringify(before) !== JSON.stringify(after)) {
      const isDelete = 'facts' in before && 'deleted' in after && before.filename === after.filename;
      if (!isDelete || !deletesBegun.has(after.filename)) {
        violate('I4', `${key} was ${JSON.stringify(before)} and became ${JSON.stringify(after)}`);
      }
    }
  }

  function succeeded(uploadId: string, image: CommittedImage, since: number): void {
    const { filename, facts } = image;
    const named = recordSpans(uploadId, since).filter(({ record }) => isNamedBy(record, filename));
    if (named.length === 0) return violate('I4', `success for ${filename}, which no record named during the call`);
    const stored = named.flatMap(({ from, to }) => bucket.spans(filename, from, to)).find(({ object }) => object)?.object;
    if (stored === undefined) return violate('I1', `success for ${filename}, which was not there during the call`);
    if (!isSameFacts(factsBehind(stored), facts)) violate('I2', `success for ${filename}, whose bytes are something else`);
    if (!isDescribedAs(stored, uploadId, facts)) violate('I2', `the metadata of ${filename} is not what was answered`);
    const first = promised.get(uploadId);
    if (first === undefined) promised.set(uploadId, { filename, facts, bytes: stored.bytes });
    else if (first.filename !== filename || !isSameFacts(first.facts, facts)) {
      violate('I4', `one upload was answered with ${first.filename} and with ${filename}`);
    }
    checkImage(filename);
  }

  /** A rejection must have been true at a moment when nobody had decided the upload yet. */
  function rejected(uploadId: string, code: string, since: number): void {
    const records = recordSpans(uploadId, since);
    if (code === 'upload_expired' || code === 'image_deleted') {
      const word = code === 'upload_expired' ? 'expired' : 'deleted';
      if (!records.some(({ record }) => record !== null && word in record)) {
        violate('I4', `${code}, which no record said during the call`);
      }
      return;
    }
    const undecided = records.filter(({ record }) => record === null);
    const incoming = undecided.flatMap(({ from, to }) => bucket.spans(incomingKey(uploadId), from, to));
    if (!isTrueOf(code, incoming)) {
      violate('I4', `${code}, which was true at no moment of the call before the upload was decided`);
    }
  }

  function deleteAnswered(filename: string, status: 204 | 404, since: number, ofUploadId: string | undefined): void {
    const spans = bucket.spans(filename, since, bucket.moment());
    const object = spans.find((span) => span.object !== undefined)?.object;
    const uploadId = object === undefined ? undefined : uploadIdOf(object.metadata);
    if (status === 204) {
      if (bucket.get(filename) !== undefined) violate('I3', `${filename} is there although its DELETE was answered 204`);
      if (uploadId !== undefined && ofUploadId !== undefined && uploadId !== ofUploadId) {
        violate('I1', `${filename} was deleted with the ticket of another upload`);
      }
      deletesEnded.add(filename);
      return;
    }
    if (spans.some((span) => span.object === undefined)) {
      // Gone, or not there yet: then no record names it.
      if (isOrWasNamed(filename)) deletesEnded.add(filename);
      return;
    }
    if (uploadId === undefined || (ofUploadId !== undefined && ofUploadId !== uploadId)) return;
    if (recordSpans(uploadId, since).every(({ record }) => isNamedBy(record, filename))) {
      violate('I4', `DELETE of the image ${filename} was answered 404`);
    }
  }

  function isOrWasNamed(filename: string): boolean {
    return bucket.keys().some((key) => {
      if (!key.startsWith('tmp/commits/')) return false;
      const record = recordIn(bucket.get(key));
      return record !== null && 'filename' in record && record.filename === filename;
    });
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
      if (!isSameFacts(factsBehind(image), record.facts)) violate('I2', `${record.filename} is not what its record says`);
    } else if (!deletesBegun.has(record.filename)) violate('I1', `${record.filename} is gone, and its record is there`);
  }

  function inspectRest(key: string, object: StoredObject | undefined): void {
    const uploadId = object === undefined ? undefined : uploadIdOf(object.metadata);
    if (parseImageNonce(key) === null || uploadId === undefined) return violate('I3', `${key} was left behind`);
    const record = recordIn(bucket.get(commitKey(uploadId)));
    const isDeleteUnfinished = deletesBegun.has(key) && !deletesEnded.has(key);
    const isNamed = record !== null && 'filename' in record && record.filename === key;
    if (!isNamed || ('deleted' in record && !isDeleteUnfinished)) violate('I3', `${key} is no image and was left behind`);
  }

  function recordSpans(uploadId: string, since: number): { from: number; to: number; record: CommitRecord | null }[] {
    const spans = bucket.spans(commitKey(uploadId), since, bucket.moment());
    return spans.map(({ from, to, object }) => ({ from, to, record: recordIn(object) }));
  }

  return {
    violation: () => violation,
    answered: (uploadId) => promised.get(uploadId)?.filename ?? null,
    onChange,
    succeeded,
    rejected,
    deleteBegan: (filename) => deletesBegun.add(filename),
    deleteAnswered,
    unexpected: (error) => violate('unexpected error', error instanceof Error ? String(error.stack) : String(error)),
    inspectRemains,
  };
}

function recordIn(object: StoredObject | undefined): CommitRecord | null {
  return object === undefined ? null : (JSON.parse(Buffer.from(object.bytes).toString()) as CommitRecord);
}

function isNamedBy(record: CommitRecord | null, filename: string): boolean {
  return record !== null && 'facts' in record && record.filename === filename;
}

function isTrueOf(code: string, incoming: readonly Span[]): boolean {
  if (code === 'not_uploaded') return incoming.some(({ object }) => object === undefined);
  const facts = incoming.flatMap(({ object }) => (object === undefined ? [] : [factsBehind(object)]));
  if (code === 'unsupported_content') return facts.includes(null);
  return code === 'upload_changed' && facts.some((one) => !isSameFacts(one, facts[0] ?? null));
}

/** Bytes are told apart by being the same array: nothing in the simulation copies them. */
function factsBehind({ bytes }: StoredObject): ImageFacts | null {
  const known = [...contents, receivedContent].find((content) => content.bytes === bytes);
  if (known === undefined) throw new Error('bytes that nobody uploaded');
  return known.facts;
}

function isDescribedAs({ bytes, metadata }: StoredObject, uploadId: string, facts: ImageFacts): boolean {
  return uploadIdOf(metadata) === uploadId && isSameFacts(parseImageMetadata(metadata, bytes.length), facts);
}

function isSameFacts(a: ImageFacts | null, b: ImageFacts | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.width === b.width &&
    a.height === b.height &&
    a.format === b.format &&
    a.bytes === b.bytes &&
    a.animated === b.animated
  );
}
