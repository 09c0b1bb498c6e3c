import type { IncomingHttpHeaders } from 'node:http';
import type { Buckets } from './buckets.ts';
import type { ObjectDescription, ObjectFiles, StoredObject } from './object-files.ts';
import { isNotModified } from './object-reads.ts';
import { invalidArgument, noSuchKey, preconditionFailed, S3Error } from './s3-error.ts';
import { buildXml } from './s3-xml.ts';
import { decode } from './signature-v4.ts';

const maxKeyBytes = 1024;
const storedHeaders = ['cache-control', 'content-disposition', 'content-encoding', 'content-language', 'expires'];

/** What the headers of a write say about the object: type, metadata, the headers to be stored with it. */
export function describeWrite(headers: IncomingHttpHeaders, query: ReadonlyMap<string, string>): ObjectDescription {
  const description: ObjectDescription = {
    contentType: headers['content-type'] ?? 'binary/octet-stream',
    headers: {},
    metadata: {},
  };
  for (const name of storedHeaders) {
    const value = headers[name];
    // aws-chunked is how the body came, not what it is.
    if (typeof value === 'string' && value !== 'aws-chunked') description.headers[name] = value;
  }
  // A presigner moves x-amz-… headers into the query.
  for (const [name, value] of [...Object.entries(headers), ...query]) {
    if (!name.startsWith('x-amz-meta-') || value === undefined) continue;
    description.metadata[name.slice('x-amz-meta-'.length)] = Array.isArray(value) ? value.join(',') : value;
  }
  return description;
}

/** @throws S3Error InvalidObjectName */
export function assertKey(key: string): void {
  if (Buffer.byteLength(key) > maxKeyBytes)
    throw new S3Error(400, 'InvalidObjectName', `A key has at most ${maxKeyBytes} bytes.`);
}

/** The conditions of a conditional PUT, judged at the moment of the write. */
export function admitWrite(headers: IncomingHttpHeaders): (present: StoredObject | undefined) => void {
  const ifNoneMatch = headers['if-none-match'];
  const ifMatch = headers['if-match'];
  return (present) => {
    if (
      ifNoneMatch !== undefined &&
      present !== undefined &&
      (ifNoneMatch === '*' || ifNoneMatch.replaceAll('"', '') === present.etag)
    ) {
      throw preconditionFailed();
    }
    if (
      ifMatch !== undefined &&
      (present === undefined || (ifMatch !== '*' && ifMatch.replaceAll('"', '') !== present.etag))
    ) {
      throw preconditionFailed();
    }
  };
}

export async function putObject(
  files: ObjectFiles,
  key: string,
  body: AsyncIterable<Uint8Array>,
  headers: IncomingHttpHeaders,
  query: ReadonlyMap<string, string>,
): Promise<StoredObject> {
  assertKey(key);
  const admit = admitWrite(headers);
  const written = await files.write(body);
  try {
    return await files.publish(key, written, describeWrite(headers, query), admit);
  } catch (error) {
    await files.discard(written);
    throw error;
  }
}

/**
 * CopyObject. Conditions about the source are kept; conditions about the target are ignored, as RadosGW ignores them.
 *
 * @returns the answer's XML. @throws S3Error NoSuchBucket, NoSuchKey, PreconditionFailed, InvalidRequest
 */
export async function copyObject(
  buckets: Buckets,
  target: { bucket: string; key: string },
  headers: IncomingHttpHeaders,
  query: ReadonlyMap<string, string>,
): Promise<string> {
  assertKey(target.key);
  const source = parseCopySource(headers['x-amz-copy-source']);
  const replace = String(headers['x-amz-metadata-directive'] ?? 'COPY').toUpperCase() === 'REPLACE';
  if (source.bucket === target.bucket && source.key === target.key && !replace) {
    throw new S3Error(400, 'InvalidRequest', 'An object cannot be copied onto itself without new metadata.');
  }
  const opened = await buckets.get(source.bucket).objects.open(source.key);
  if (opened === undefined) throw noSuchKey();
  const { object, handle } = opened;
  let copied: StoredObject;
  try {
    assertSource(object, headers);
    const { objects } = buckets.get(target.bucket);
    const written = await objects.write(handle.createReadStream({ autoClose: false }));
    const { contentType, headers: kept, metadata } = object;
    copied = await objects.publish(
      target.key,
      { ...written, etag: object.etag },
      replace ? describeWrite(headers, query) : { contentType, headers: kept, metadata },
    );
  } finally {
    await handle.close();
  }
  return buildXml('CopyObjectResult', [
    ['LastModified', copied.lastModified.toISOString()],
    ['ETag', `"${copied.etag}"`],
  ]);
}

function assertSource(object: StoredObject, headers: IncomingHttpHeaders): void {
  const condition = (name: string): string | undefined => {
    const value = headers[`x-amz-copy-source-${name}`];
    return Array.isArray(value) ? value[0] : value;
  };
  const conditions: IncomingHttpHeaders = {
    'if-match': condition('if-match'),
    'if-none-match': condition('if-none-match'),
    'if-modified-since': condition('if-modified-since'),
    'if-unmodified-since': condition('if-unmodified-since'),
  };
  // RadosGW answers 304 with a body here, which breaks HTTP; AWS answers 412.
  if (isNotModified(object, conditions)) throw preconditionFailed();
}

function parseCopySource(header: string | string[] | undefined): { bucket: string; key: string } {
  const [path = ''] = String(header ?? '').split('?');
  const [, bucket, key] = /^\/?([^/]+)\/(.+)$/s.exec(decode(path)) ?? [];
  if (bucket === undefined || key === undefined)
    throw invalidArgument('x-amz-copy-source must be /<bucket>/<key>, percent-encoded.');
  return { bucket, key };
}
