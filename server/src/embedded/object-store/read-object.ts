import { open } from 'node:fs/promises';
import type { Bucket } from './buckets.ts';
import { type ByteRange, parseByteRange } from './byte-range.ts';
import { buildObjectHeaders } from './object-headers.ts';
import { checkReadConditions } from './preconditions.ts';
import type { Answer } from './s3-answer.ts';
import { noSuchKey, S3Error } from './s3-error.ts';
import { namesMissingVersion, type S3Request } from './s3-request.ts';
import type { StoredObject } from './stored-object.ts';

interface ObjectRead {
  request: Pick<S3Request, 'headers' | 'parameters'>;
  bucket: Bucket;
  key: string;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
export async function getObject({ request, bucket, key }: ObjectRead): Promise<Answer> {
  if (namesMissingVersion(request)) throw noSuchKey();
  const opened = await bucket.objects.use(key, async (object, path) => ({ object, handle: await open(path, 'r') }));
  if (opened === null) throw noSuchKey();
  const { object, handle } = opened;
  try {
    const { status, headers, range } = describeRead(object, request);
    if (status === 304) {
      await handle.close();
      return { status, headers };
    }
    return { status, headers, body: { handle, start: range.first, bytes: range.last - range.first + 1 } };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html */
export async function headObject({ request, bucket, key }: ObjectRead): Promise<Answer> {
  const object = bucket.objects.get(key);
  if (object === undefined || namesMissingVersion(request)) throw noSuchKey();
  const { status, headers, range } = describeRead(object, request);
  if (status === 304) return { status, headers };
  return { status, headers: { ...headers, 'Content-Length': String(range.last - range.first + 1) } };
}

function describeRead(
  object: StoredObject,
  { headers: asked, parameters }: ObjectRead['request'],
): { status: number; headers: Record<string, string>; range: ByteRange } {
  const headers = buildObjectHeaders(object, parameters);
  const whole = { first: 0, last: object.bytes - 1 };
  const state = checkReadConditions(object, {
    ifMatch: asked.get('if-match'),
    ifNoneMatch: asked.get('if-none-match'),
    ifModifiedSince: asked.get('if-modified-since'),
    ifUnmodifiedSince: asked.get('if-unmodified-since'),
  });
  if (state === 'not-modified') {
    const { ETag = '', 'Last-Modified': modified = '' } = headers;
    return { status: 304, headers: { ETag, 'Last-Modified': modified }, range: whole };
  }
  const range = parseByteRange(asked.get('range'), object.bytes);
  if (range === null) return { status: 200, headers, range: whole };
  if (range === 'unsatisfiable') {
    throw new S3Error(416, 'InvalidRange', `The range is not within the ${object.bytes} bytes of the object.`);
  }
  const contentRange = `bytes ${range.first}-${range.last}/${object.bytes}`;
  return { status: 206, headers: { ...headers, 'Content-Range': contentRange }, range };
}
