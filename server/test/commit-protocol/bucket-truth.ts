import type { ImageFacts } from '@kuanary/shared/contract';
import { parseImageMetadata, uploadIdOf } from '../../src/images/image-metadata.ts';
import type { CommitRecord } from '../../src/uploads/commit-record.ts';
import { commitKey } from '../../src/uploads/object-keys.ts';
import type { BucketModel, Span, StoredObject } from './bucket-model.ts';
import { contents, receivedContent } from './tiny-pictures.ts';

/** What objects of the model mean, told without the code under test wherever that decides something. */

export function recordIn(object: StoredObject | undefined): CommitRecord | null {
  return object === undefined ? null : (JSON.parse(Buffer.from(object.bytes).toString()) as CommitRecord);
}

/** What the commit record of an upload said from a moment until now. */
export function recordSpans(
  bucket: BucketModel,
  uploadId: string,
  since: number,
): { from: number; to: number; record: CommitRecord | null }[] {
  const spans = bucket.spans(commitKey(uploadId), since, bucket.moment());
  return spans.map(({ from, to, object }) => ({ from, to, record: recordIn(object) }));
}

/** The image of the upload, not deleted. */
export function isCommittedAs(record: CommitRecord | null, filename: string): boolean {
  return record !== null && 'facts' in record && record.filename === filename;
}

/** The image of the upload, deleted or not. */
export function isNamedBy(record: CommitRecord | null, filename: string): boolean {
  return record !== null && 'filename' in record && record.filename === filename;
}

/** `null` for what is no picture. Bytes are told apart by being the same array: nothing in the simulation copies them. */
export function factsBehind({ bytes }: StoredObject): ImageFacts | null {
  const known = [...contents, receivedContent].find((content) => content.bytes === bytes);
  if (known === undefined) throw new Error('bytes that nobody uploaded');
  return known.facts;
}

export function isSameFacts(a: ImageFacts | null, b: ImageFacts | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.width === b.width &&
    a.height === b.height &&
    a.format === b.format &&
    a.bytes === b.bytes &&
    a.animated === b.animated
  );
}

export function isDescribedAs({ bytes, metadata }: StoredObject, uploadId: string, facts: ImageFacts): boolean {
  return uploadIdOf(metadata) === uploadId && isSameFacts(parseImageMetadata(metadata, bytes.length), facts);
}

/** Whether a rejection was deserved at some moment at which the incoming object was one of these. */
export function isDeserved(code: string, incoming: readonly Span[]): boolean {
  if (code === 'not_uploaded') return incoming.some(({ object }) => object === undefined);
  const facts = incoming.flatMap(({ object }) => (object === undefined ? [] : [factsBehind(object)]));
  if (code === 'unsupported_content') return facts.includes(null);
  return code === 'upload_changed' && facts.some((one) => !isSameFacts(one, facts[0] ?? null));
}
