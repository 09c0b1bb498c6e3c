import type { IncomingMessage } from 'node:http';
import { decodePercent, parseQuery, type SignedRequest } from './canonical-request.ts';
import { S3Error } from './s3-error.ts';

/** Of a key, in UTF-8. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const maxKeyBytes = 1024;

/** A path-style request: `/<bucket>/<key>?<query>`. */
export interface S3Request extends SignedRequest {
  bucket: string | undefined;
  key: string | undefined;
  /** Decoded; of several parameters with one name the first counts. */
  parameters: ReadonlyMap<string, string>;
}

/** The bucket of an address, also of one that is malformed elsewhere: errors get the CORS headers of their bucket too. */
export function bucketOf(url: string | undefined): string | undefined {
  const name = splitTarget(url).path.split('/')[1] ?? '';
  return name === '' ? undefined : name;
}

/** @throws S3Error InvalidURI */
export function parseRequest(incoming: IncomingMessage): S3Request {
  const { path, query } = splitTarget(incoming.url);
  if (!path.startsWith('/')) throw new S3Error(400, 'InvalidURI', 'The address must be /<bucket>/<key>.');
  const [, bucket = '', ...rest] = path.split('/');
  const key = decodePercent(rest.join('/'));
  if (bucket === '' && key !== '')
    throw new S3Error(400, 'InvalidBucketName', 'The address names no bucket: it must be /<bucket>/<key>.');
  const parameters = new Map<string, string>();
  for (const [name, value] of parseQuery(query.replaceAll('+', '%20'))) {
    if (!parameters.has(name)) parameters.set(name, value);
  }
  const headers = new Map(
    Object.entries(incoming.headersDistinct).map(([name, values]) => [name, values?.join(',') ?? '']),
  );
  return {
    method: incoming.method ?? '',
    path,
    query,
    headers,
    bucket: bucket === '' ? undefined : decodePercent(bucket),
    key: key === '' ? undefined : key,
    parameters,
  };
}

/** Whether a request is about a version of the object that cannot be: nothing is versioned here, all is `null`. */
export function namesMissingVersion({ parameters }: Pick<S3Request, 'parameters'>): boolean {
  return !['', 'null'].includes(parameters.get('versionId') ?? '');
}

/** @throws S3Error InvalidObjectName */
export function assertKey(key: string): string {
  if (Buffer.byteLength(key) > maxKeyBytes) {
    throw new S3Error(400, 'InvalidObjectName', `A key may have ${maxKeyBytes} bytes of UTF-8, no more.`);
  }
  return assertKeyCharacters(key);
}

/** @throws S3Error InvalidObjectName */
export function assertKeyCharacters(key: string): string {
  if (key.includes('\0')) throw new S3Error(400, 'InvalidObjectName', 'A key may not hold a NUL character.');
  return key;
}

/** HTTP allows the absolute form too, which proxies use. */
function splitTarget(url = ''): { path: string; query: string } {
  const target = url.replace(/^https?:\/\/[^/?]*/i, '');
  const at = target.indexOf('?');
  const path = at < 0 ? target : target.slice(0, at);
  return { path: path === '' && target !== url ? '/' : path, query: at < 0 ? '' : target.slice(at + 1) };
}
