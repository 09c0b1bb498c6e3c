import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { ObjectFiles, StoredObject } from './object-files.ts';
import { noSuchKey, preconditionFailed, S3Error } from './s3-error.ts';

export interface ReadRequest {
  method: 'GET' | 'HEAD';
  key: string;
  headers: IncomingHttpHeaders;
  query: ReadonlyMap<string, string>;
}

/** GetObject and HeadObject: conditions, one range, `response-…` overrides. @throws S3Error NoSuchKey, InvalidRange, PreconditionFailed */
export async function answerRead(files: ObjectFiles, request: ReadRequest, response: ServerResponse): Promise<void> {
  const opened = await files.open(request.key);
  if (opened === undefined) throw noSuchKey();
  const { object, handle } = opened;
  try {
    if (isNotModified(object, request.headers)) {
      response.writeHead(304, { ETag: `"${object.etag}"`, 'Last-Modified': object.lastModified.toUTCString() }).end();
      return;
    }
    const range = readRange(request.headers.range, object.bytes);
    const [first, last] = range ?? [0, object.bytes - 1];
    response.writeHead(range === null ? 200 : 206, {
      ...describeObject(object, request.query),
      'Content-Length': last - first + 1,
      ...(range === null ? {} : { 'Content-Range': `bytes ${first}-${last}/${object.bytes}` }),
    });
    if (request.method === 'HEAD' || object.bytes === 0) {
      response.end();
      return;
    }
    await pipeline(handle.createReadStream({ start: first, end: last, autoClose: false }), response);
  } finally {
    await handle.close();
  }
}

function describeObject(object: StoredObject, query: ReadonlyMap<string, string>): Record<string, string> {
  const headers: Record<string, string> = {
    'Accept-Ranges': 'bytes',
    'Last-Modified': object.lastModified.toUTCString(),
    ETag: `"${object.etag}"`,
    'Content-Type': object.contentType,
    ...object.headers,
  };
  for (const [name, value] of Object.entries(object.metadata)) headers[`x-amz-meta-${name}`] = value;
  for (const name of [
    'content-type',
    'content-disposition',
    'cache-control',
    'content-language',
    'content-encoding',
    'expires',
  ]) {
    const override = query.get(`response-${name}`);
    if (override !== undefined) headers[name === 'content-type' ? 'Content-Type' : name] = override;
  }
  return headers;
}

/** @returns whether a 304 is due. @throws S3Error PreconditionFailed */
export function isNotModified(object: StoredObject, headers: IncomingHttpHeaders): boolean {
  const lastModifiedSeconds = Math.floor(object.lastModified.getTime() / 1000);
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined && ifMatch !== '*' && !namesTag(ifMatch, object.etag)) throw preconditionFailed();
  const unmodifiedSince = toSeconds(headers['if-unmodified-since']);
  if (ifMatch === undefined && unmodifiedSince !== null && lastModifiedSeconds > unmodifiedSince)
    throw preconditionFailed();
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined) return namesTag(ifNoneMatch, object.etag);
  const modifiedSince = toSeconds(headers['if-modified-since']);
  return modifiedSince !== null && lastModifiedSeconds <= modifiedSince;
}

/** Quoted or not, as RadosGW. */
function namesTag(header: string, etag: string): boolean {
  return header.replaceAll('"', '') === etag;
}

function toSeconds(date: string | undefined): number | null {
  const milliseconds = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(milliseconds) ? null : Math.floor(milliseconds / 1000);
}

/**
 * The first and last byte asked for; `null` for all of them. Of several ranges the first counts, and what is no range is
 * ignored, as RadosGW does.
 *
 * @throws S3Error InvalidRange
 */
function readRange(header: string | undefined, bytes: number): [number, number] | null {
  const [, from, to] = /^bytes=(\d*)-(\d*)(?:,.*)?$/.exec(header ?? '') ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return null;
  const first = from === '' ? Math.max(0, bytes - Number(to)) : Number(from);
  const last = from === '' || to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1);
  if (first >= bytes || last < first) throw new S3Error(416, 'InvalidRange', 'The range lies outside the object.');
  return [first, last];
}
