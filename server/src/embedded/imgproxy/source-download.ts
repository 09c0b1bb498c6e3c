import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { GetObjectCommand, type GetObjectCommandOutput, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { ImgproxyError, invalidSource, sourceUnreachable } from './imgproxy-error.ts';
import type { SourceAddress } from './url-path.ts';

export interface SourceStoreSettings {
  endpoint: string;
  region: string;
  bucket: string;
  accessKey: string;
  secretKey: string;
  forcePathStyle: boolean;
}

/** An object of the bucket as an address names it. */
export interface SourceObject {
  key: string;
  versionId: string | undefined;
}

/** The conditional headers of the client, passed on to the storage as they came. */
export interface Conditions {
  ifNoneMatch: string | undefined;
  ifModifiedSince: string | undefined;
}

export interface DownloadedSource {
  bytes: Buffer;
  etag: string | undefined;
  lastModified: string | undefined;
  contentType: string | undefined;
}

export interface SourceStore {
  /**
   * Reads an object into memory; `'not-modified'` where the conditions say that the client has it already.
   * Throws an `ImgproxyError`: the storage's own 4xx, 502 for its 5xx, 504 when it takes too long, 422 for what is too large.
   */
  download(
    source: SourceObject,
    conditions: Conditions,
    signal: AbortSignal,
  ): Promise<DownloadedSource | 'not-modified'>;
  close(): void;
}

/** imgproxy's `IMGPROXY_DOWNLOAD_TIMEOUT`. */
const downloadTimeoutMs = 5000;
const connectionTimeoutMs = 2000;
const maxSockets = 50;
const maxAttempts = 3;

/**
 * The object that a source address names. Allowed is what `IMGPROXY_ALLOWED_SOURCES=s3://<bucket>/*.` allows: a first path segment with a
 * dot in it, so that keys under a folder such as `tmp/` stay out of reach. Throws an `ImgproxyError` for all others.
 */
export function resolveSource(source: SourceAddress, bucket: string): SourceObject {
  const prefix = `s3://${bucket}/`;
  if (!source.url.startsWith(prefix) || !/^[^/]*\./.test(source.url.slice(prefix.length))) {
    throw new ImgproxyError(
      404,
      'Invalid source URL',
      `${source.url} is not allowed: only ${prefix}<name>.<extension> is`,
    );
  }
  if (!source.isText) throw sourceUnreachable(400, 'the key is not valid UTF-8');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what imgproxy's URL parser refuses
  if (/[\x00-\x1f\x7f]/.test(source.url)) throw sourceUnreachable(404, 'the key has a control character');
  const [key = '', ...query] = source.url.slice(prefix.length).split('?');
  if (key.split('/').some((segment) => segment === '.' || segment === '..')) {
    throw sourceUnreachable(404, 'the key has a . or .. segment');
  }
  return { key, versionId: query.length > 0 && query.join('?') !== '' ? query.join('?') : undefined };
}

/** Reads sources over real S3 calls. `maxBytes` is the largest object that is read. */
export function createSourceStore(
  settings: SourceStoreSettings,
  maxBytes: number,
  timeoutMs = downloadTimeoutMs,
): SourceStore {
  const client = new S3Client({
    endpoint: settings.endpoint,
    region: settings.region,
    forcePathStyle: settings.forcePathStyle,
    credentials: { accessKeyId: settings.accessKey, secretAccessKey: settings.secretKey },
    maxAttempts,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: new NodeHttpHandler({
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: timeoutMs,
      throwOnRequestTimeout: true,
      httpAgent: new HttpAgent({ keepAlive: true, maxSockets }),
      httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets }),
    }),
  });
  return {
    async download(source, conditions, signal) {
      const deadline = AbortSignal.timeout(timeoutMs);
      const abortSignal = AbortSignal.any([signal, deadline]);
      try {
        const answer = await client.send(getObject(settings.bucket, source, conditions), { abortSignal });
        return { ...describeAnswer(answer), bytes: await readBody(answer, maxBytes, abortSignal) };
      } catch (error) {
        if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 304) return 'not-modified';
        throw toImgproxyError(error, deadline.aborted);
      }
    },
    close: () => client.destroy(),
  };
}

function getObject(bucket: string, { key, versionId }: SourceObject, conditions: Conditions): GetObjectCommand {
  const modifiedSince = new Date(conditions.ifModifiedSince ?? Number.NaN);
  return new GetObjectCommand({
    Bucket: bucket,
    Key: key,
    ...(versionId === undefined ? {} : { VersionId: versionId }),
    ...(conditions.ifNoneMatch === undefined ? {} : { IfNoneMatch: conditions.ifNoneMatch }),
    ...(Number.isNaN(modifiedSince.getTime()) ? {} : { IfModifiedSince: modifiedSince }),
  });
}

function describeAnswer(answer: GetObjectCommandOutput): Omit<DownloadedSource, 'bytes'> {
  return { etag: answer.ETag, lastModified: answer.LastModified?.toUTCString(), contentType: answer.ContentType };
}

async function readBody(answer: GetObjectCommandOutput, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  const body = answer.Body?.transformToWebStream();
  if (body === undefined) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of body) {
    signal.throwIfAborted();
    total += chunk.byteLength;
    if (total > maxBytes) throw invalidSource(`the file is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  if (answer.ContentLength !== undefined && total < answer.ContentLength) throw incompleteSource();
  return Buffer.concat(chunks);
}

function incompleteSource(cause?: unknown): ImgproxyError {
  return new ImgproxyError(422, 'Source response is incomplete', 'the storage closed the connection early', { cause });
}

function toImgproxyError(error: unknown, timedOut: boolean): ImgproxyError {
  if (error instanceof ImgproxyError) return error;
  if (timedOut || isNamed(error, 'TimeoutError'))
    return sourceUnreachable(504, 'the storage did not answer in time', error);
  if (error instanceof S3ServiceException) {
    const status = error.$metadata.httpStatusCode ?? 0;
    const detail = `the storage answered ${status} ${error.name}`;
    if (status >= 500) return sourceUnreachable(502, detail, error);
    return sourceUnreachable(status >= 400 ? status : 404, detail, error);
  }
  if (isNamed(error, 'AbortError'))
    return new ImgproxyError(499, 'Cancelled', 'the client went away', { cause: error });
  if (error instanceof Error && 'code' in error && error.code === 'ECONNRESET') return incompleteSource(error);
  return sourceUnreachable(404, `the storage cannot be reached: ${String(error)}`, error);
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
