import { type ImageFacts, imageFilenamePattern, imageFormats } from '@kuanary/shared/contract';
import { AppError } from '../errors.ts';
import { parseImageMetadata, uploadIdOf } from '../images/image-metadata.ts';
import { readImageFacts } from '../images/read-image-facts.ts';
import type { ObjectStorage } from '../storage/storage.ts';
import type { CommitRecords } from './commit-record.ts';
import { attemptKey, attemptsPrefix, parseAttemptKey, parseImageNonce } from './object-keys.ts';

/*
 * What counts as an image: a root object with an image's name. One whose attempt record exists counts only if the commit
 * record names it: it may be a copy that is not verified yet, or one that lost.
 */

const pageKeys = 1000;
/** An object of an older version was accepted by other rules; describing it must not fail on today's. */
const anyImage = {
  maxPixels: Number.MAX_SAFE_INTEGER,
  maxSide: Number.MAX_SAFE_INTEGER,
  allowedFormats: new Set(imageFormats),
};

export interface FoundImage {
  facts: ImageFacts;
  lastModified: Date;
}

/** @throws AppError `image_not_found`, or a content code for an older object that is no image */
export async function findImage(storage: ObjectStorage, records: CommitRecords, filename: string): Promise<FoundImage> {
  if (!imageFilenamePattern.test(filename)) throw new AppError('image_not_found');
  const object = await storage.readRange(filename, 0, 1);
  if (object === null || !(await isCommitted(storage, records, filename, uploadIdOf(object.metadata)))) {
    throw new AppError('image_not_found');
  }
  const facts = parseImageMetadata(object.metadata, object.totalBytes);
  if (facts !== null) return { facts, lastModified: object.lastModified };
  const image = await readImageFacts(storage, filename, anyImage);
  if (image === null) throw new AppError('image_not_found');
  return image;
}

async function isCommitted(
  storage: ObjectStorage,
  records: CommitRecords,
  filename: string,
  uploadId: string | undefined,
): Promise<boolean> {
  const nonce = parseImageNonce(filename);
  if (uploadId === undefined || nonce === null) return true;
  if ((await storage.readRange(attemptKey(uploadId, nonce), 0, 1)) === null) return true;
  return isNamedByRecord(records, uploadId, filename);
}

async function isNamedByRecord(records: CommitRecords, uploadId: string, filename: string): Promise<boolean> {
  const record = await records.read(uploadId);
  return record !== null && 'facts' in record && record.filename === filename;
}

export interface ListedImages {
  images: { filename: string; bytes: number; lastModified: Date }[];
  /** The `after` of the next page; absent on the last. */
  next?: string;
}

/** At most `limit` images in the byte order of their names, after `after`. */
export async function listImages(
  storage: ObjectStorage,
  records: CommitRecords,
  page: { after?: string | undefined; limit: number },
): Promise<ListedImages> {
  const images: ListedImages['images'] = [];
  let after = page.after;
  do {
    const listed = await storage.list({ delimiter: '/', limit: pageKeys, ...(after === undefined ? {} : { after }) });
    // After the objects: a copy that is listed has its attempt record by then, or has been decided.
    const attempts = await listAttempts(storage);
    for (const object of listed.objects) {
      if (!(await isListed(records, attempts, object.key))) continue;
      const last = images.at(-1);
      if (images.length === page.limit && last !== undefined) return { images, next: last.filename };
      images.push({ filename: object.key, bytes: object.bytes, lastModified: object.lastModified });
    }
    after = listed.next;
  } while (after !== undefined);
  return { images };
}

async function isListed(records: CommitRecords, attempts: Map<string, string>, key: string): Promise<boolean> {
  if (!imageFilenamePattern.test(key)) return false;
  const uploadId = attempts.get(parseImageNonce(key) ?? '');
  return uploadId === undefined || isNamedByRecord(records, uploadId, key);
}

/** Nonce → upload id of all attempts under way; nearly always none. */
async function listAttempts(storage: ObjectStorage): Promise<Map<string, string>> {
  const attempts = new Map<string, string>();
  let after: string | undefined;
  do {
    const page = await storage.list({
      prefix: attemptsPrefix,
      limit: pageKeys,
      ...(after === undefined ? {} : { after }),
    });
    for (const { key } of page.objects) {
      const attempt = parseAttemptKey(key);
      if (attempt !== null) attempts.set(attempt.nonce, attempt.uploadId);
    }
    after = page.next;
  } while (after !== undefined);
  return attempts;
}
