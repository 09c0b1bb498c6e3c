import { parseTagQuery } from './object-tags.ts';
import { invalidArgument, notImplemented } from './s3-error.ts';
import { defaultContentType, type ObjectDescription, type StoredObject } from './stored-object.ts';

const metadataPrefix = 'x-amz-meta-';
const storedHeaderNames = ['cache-control', 'content-disposition', 'content-encoding', 'content-language', 'expires'];

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl; true: everybody may read */
const cannedAcls: ReadonlyMap<string, boolean> = new Map([
  ['private', false],
  ['public-read', true],
  ['public-read-write', true],
  ['authenticated-read', false],
  ['bucket-owner-read', false],
  ['bucket-owner-full-control', false],
]);

/**
 * What a request says of the object that it makes, from its headers (or those moved into a presigned query).
 *
 * @throws S3Error
 */
export function readDescription(headers: ReadonlyMap<string, string>): ObjectDescription {
  const encryption = [...headers.keys()].find((name) => name.startsWith('x-amz-server-side-encryption'));
  if (encryption !== undefined) throw notImplemented(`encryption (${encryption})`);
  assertStorageClass(headers.get('x-amz-storage-class'));
  const stored = storedHeaderNames.map((name): [string, string] => [name, headers.get(name) ?? '']);
  return {
    contentType: headers.get('content-type') ?? defaultContentType,
    headers: Object.fromEntries(
      stored.map(([name, value]) => [name, withoutAwsChunked(name, value)]).filter(([, value]) => value !== ''),
    ),
    metadata: readMetadata(headers),
    tags: parseTagQuery(headers.get('x-amz-tagging') ?? ''),
    publicRead: isPublicRead(headers.get('x-amz-acl')),
  };
}

/** `x-amz-meta-*`, their names without the prefix. @throws S3Error InvalidArgument */
export function readMetadata(headers: ReadonlyMap<string, string>): Record<string, string> {
  const metadata: [string, string][] = [];
  for (const [header, value] of headers) {
    if (!header.startsWith(metadataPrefix)) continue;
    const name = header.slice(metadataPrefix.length);
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) {
      throw invalidArgument(
        `"${header}" cannot be a header: name it ${metadataPrefix} and letters, digits or hyphens.`,
      );
    }
    assertHeaderValue(header, value);
    metadata.push([name, value]);
  }
  // `__proto__` is a name like any other: entries become own properties.
  return Object.fromEntries(metadata);
}

/** A value that could not be sent back as a header is refused now, not when the object is read. @throws S3Error */
export function assertHeaderValue(name: string, value: string): void {
  if (/[^\t\u0020-\u007e\u0080-\u00ff]/.test(value)) {
    throw invalidArgument(`The value of ${name} holds a control character, which no header may.`);
  }
}

/** @throws S3Error */
export function assertStorageClass(storageClass: string | undefined): void {
  if (storageClass === undefined || storageClass === '' || storageClass === 'STANDARD') return;
  throw invalidArgument('The storage class you specified is not valid: this store has STANDARD only.');
}

/** @throws S3Error InvalidArgument for what is no canned ACL */
export function isPublicRead(acl: string | undefined): boolean {
  const everybodyReads = cannedAcls.get(acl ?? 'private');
  if (everybodyReads === undefined)
    throw invalidArgument(`Bad canned ACL: it may be ${[...cannedAcls.keys()].join(', ')}.`);
  return everybodyReads;
}

/** SDKs announce the chunks of the transfer in the same header; they are not of the object. */
function withoutAwsChunked(name: string, value: string): string {
  if (name !== 'content-encoding') return value;
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== 'aws-chunked')
    .join(',');
}

/** Query parameters of GET that replace headers of the answer. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
const overrides = ['content-type', ...storedHeaderNames];

/** @throws S3Error InvalidArgument for an override that is no header value */
export function buildObjectHeaders(
  object: StoredObject,
  parameters: ReadonlyMap<string, string>,
): Record<string, string> {
  const headers: Record<string, string> = {
    'Content-Type': object.contentType,
    'Last-Modified': object.lastModified.toUTCString(),
    ETag: `"${object.etag}"`,
    'Accept-Ranges': 'bytes',
  };
  for (const [name, value] of Object.entries(object.headers)) headers[toHeaderName(name)] = value;
  for (const [name, value] of Object.entries(object.metadata)) headers[`${metadataPrefix}${name}`] = value;
  if (object.tags.length > 0) headers['x-amz-tagging-count'] = String(object.tags.length);
  // Asked for a version, RadosGW says which it gives: without versioning all are of this name.
  if (parameters.has('versionId')) headers['x-amz-version-id'] = 'null';
  for (const name of overrides) {
    const value = parameters.get(`response-${name}`);
    if (value === undefined) continue;
    const bytes = utf8AsHeaderBytes(value);
    assertHeaderValue(`response-${name}`, bytes);
    headers[toHeaderName(name)] = bytes;
  }
  return headers;
}

/** Text as Node sends it in a header: one character for each byte of its UTF-8. */
export function utf8AsHeaderBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function toHeaderName(name: string): string {
  return name.replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase());
}
