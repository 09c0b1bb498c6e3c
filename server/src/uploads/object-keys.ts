import { formatTable, type ImageFormat } from '@kuanary/shared/contract';

/** Where things live in the bucket. `uploadId` and `nonce` are random UUIDs, unrelated to each other. */

export const attemptsPrefix = 'tmp/attempts/';
export const incomingPrefix = 'tmp/incoming/';
export const commitsPrefix = 'tmp/commits/';

/** Written by the browser, through a policy that names exactly this key. */
export function incomingKey(uploadId: string): string {
  return `${incomingPrefix}${uploadId}`;
}

/** Says "an object with this nonce may exist". */
export function attemptKey(uploadId: string, nonce: string): string {
  return `${attemptsPrefix}${uploadId}/${nonce}`;
}

/** The commit record of an upload: who writes it first decides. */
export function commitKey(uploadId: string): string {
  return `${commitsPrefix}${uploadId}`;
}

/** The name, and key, of the finished image: `image-<nonce>.<extension of the detected format>`. */
export function imageFilename(nonce: string, format: ImageFormat): string {
  return `${imagePrefix(nonce)}${formatTable[format].extension}`;
}

/** What every image of a nonce starts with, whatever its extension. */
export function imagePrefix(nonce: string): string {
  return `image-${nonce}.`;
}

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const attemptKeyPattern = new RegExp(`^${attemptsPrefix}(${uuid})/(${uuid})$`);
const imageFilenamePattern = new RegExp(`^image-(${uuid})\\.[a-z]+$`);

/** The ids in the key of an attempt record; `null` for a key that is none. */
export function parseAttemptKey(key: string): { uploadId: string; nonce: string } | null {
  const [, uploadId, nonce] = attemptKeyPattern.exec(key) ?? [];
  return uploadId === undefined || nonce === undefined ? null : { uploadId, nonce };
}

/** The nonce in an image's file name; `null` for names that this version did not make. */
export function parseImageNonce(filename: string): string | null {
  return imageFilenamePattern.exec(filename)?.[1] ?? null;
}
