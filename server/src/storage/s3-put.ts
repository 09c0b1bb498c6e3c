import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import {
  PutObjectCommand,
  type PutObjectCommandInput,
  type PutObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { S3Clients } from './s3-clients.ts';
import { UnexpectedAnswerError } from './s3-errors.ts';
import type { PutBody, PutOptions } from './storage.ts';

/** Of a file at a time. Node's own 64 KiB cost more in system calls than the memory of a larger piece is worth. */
const fileReadBytes = 512 * 1024;

export interface PutTarget {
  bucket: string;
  key: string;
  options: PutOptions;
  /** Of one attempt. */
  timeoutMs: number;
}

/**
 * One PUT with its Content-Length. Bytes may be sent again by the SDK after a failure; a file is sent once, because its
 * stream is consumed.
 */
export async function putObject(
  clients: S3Clients,
  target: PutTarget,
  body: PutBody,
  signal: AbortSignal,
): Promise<void> {
  if (body instanceof Uint8Array) return putBytes(clients.retrying, target, body, signal);
  if (body.bytes === 0) return putBytes(clients.retrying, target, new Uint8Array(0), signal);
  // `end` keeps a file that has grown from sending more than the length that was announced.
  const stream = createReadStream(body.file, { end: body.bytes - 1, highWaterMark: fileReadBytes });
  const tooShort = (): Error | undefined =>
    stream.bytesRead < body.bytes
      ? new Error(`the file has ${stream.bytesRead} bytes, not the ${body.bytes} that were announced`)
      : undefined;
  await putStream(clients.once, target, { stream, bytes: body.bytes, problemAtEnd: tooShort }, signal);
}

export interface StreamBody {
  stream: Readable;
  bytes: number;
  /** Asked when the stream has ended: why what was sent is not the whole body. */
  problemAtEnd?: () => Error | undefined;
}

/** Sends the stream once and destroys it, whatever happens. */
export async function putStream(
  client: S3Client,
  target: PutTarget,
  { stream, bytes, problemAtEnd }: StreamBody,
  signal: AbortSignal,
): Promise<void> {
  const sending = new AbortController();
  // The SDK pipes the stream without listening for its errors: unheard, one would end the process; heard but not acted
  // on, the request would wait for the rest of its body until the timeout.
  const broken = new Promise<never>((_resolve, reject) => {
    const fail = (error: Error): void => {
      reject(error);
      sending.abort();
    };
    stream.once('error', fail);
    stream.once('end', () => {
      const problem = problemAtEnd?.();
      if (problem) fail(problem);
    });
  });
  const stop = (): void => sending.abort();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const command = new PutObjectCommand({ ...inputOf(target), Body: stream, ContentLength: bytes });
    const sent = client.send(command, { abortSignal: sending.signal, requestTimeout: target.timeoutMs });
    assertStored(await Promise.race([sent, broken]));
  } finally {
    signal.removeEventListener('abort', stop);
    stream.destroy();
  }
}

export async function putBytes(
  client: S3Client,
  target: PutTarget,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const command = new PutObjectCommand({ ...inputOf(target), Body: bytes, ContentLength: bytes.byteLength });
  assertStored(await client.send(command, { abortSignal: signal, requestTimeout: target.timeoutMs }));
}

function inputOf({ bucket, key, options }: PutTarget): PutObjectCommandInput {
  return {
    Bucket: bucket,
    Key: key,
    ContentType: options.contentType,
    Metadata: options.metadata,
    ...(options.onlyIfAbsent ? { IfNoneMatch: '*' } : {}),
  };
}

/** A gateway's page with status 200 has no ETag. */
function assertStored(output: PutObjectCommandOutput): void {
  if (!output.ETag) throw new UnexpectedAnswerError('the answer to the PUT has no ETag');
}
