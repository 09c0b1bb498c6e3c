import type { WriteCheck } from './object-files.ts';
import { invalidArgument, preconditionFailed } from './s3-error.ts';
import type { StoredObject } from './stored-object.ts';

export interface ReadConditions {
  ifMatch: string | undefined;
  ifNoneMatch: string | undefined;
  ifModifiedSince: string | undefined;
  ifUnmodifiedSince: string | undefined;
}

/**
 * RFC 9110 section 13.2.2, as RadosGW (Reef) does it: one ETag, with or without quotes; neither lists nor `*` mean anything.
 *
 * @throws S3Error PreconditionFailed, InvalidArgument
 */
export function checkReadConditions(object: StoredObject, conditions: ReadConditions): 'modified' | 'not-modified' {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  if (ifMatch !== undefined) {
    if (!isETag(ifMatch, object)) throw preconditionFailed('The object has another ETag than the one of If-Match.');
  } else if (isBefore(ifUnmodifiedSince, object)) {
    throw preconditionFailed('The object was modified after the time of If-Unmodified-Since.');
  }
  if (ifNoneMatch !== undefined) return isETag(ifNoneMatch, object) ? 'not-modified' : 'modified';
  return ifModifiedSince === undefined || isBefore(ifModifiedSince, object) ? 'modified' : 'not-modified';
}

/**
 * Conditions of a PUT. They are checked against what is there while nothing else can write that key. As on RadosGW (Reef),
 * `If-Match` takes the ETag without quotes only, and `If-None-Match` means something as `*` only.
 */
export function buildWriteCheck(headers: ReadonlyMap<string, string>): WriteCheck {
  const ifNoneMatch = headers.get('if-none-match')?.trim();
  const ifMatch = headers.get('if-match')?.trim();
  return (present) => {
    if (ifNoneMatch === '*' && present !== undefined)
      throw preconditionFailed('There is an object of that key already.');
    if (ifMatch === undefined) return;
    if (present === undefined)
      throw preconditionFailed('There is no object of that key, so none has the ETag of If-Match.');
    if (ifMatch !== '*' && ifMatch !== present.etag) {
      throw preconditionFailed(
        'The object has another ETag than If-Match names. As on Ceph RadosGW (Reef), write the ETag without quotes there.',
      );
    }
  };
}

function isETag(header: string, object: StoredObject): boolean {
  return header.trim().replace(/^"(.*)"$/, '$1') === object.etag;
}

/** HTTP dates have whole seconds. */
function isBefore(httpDate: string | undefined, object: StoredObject): boolean {
  if (httpDate === undefined) return false;
  const milliseconds = Date.parse(httpDate);
  if (Number.isNaN(milliseconds)) throw invalidArgument(`"${httpDate}" is not an HTTP date.`);
  return milliseconds < Math.floor(object.lastModified.getTime() / 1000) * 1000;
}
