import type { FileHandle } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { S3Error } from './s3-error.ts';
import { buildPlainXml } from './s3-xml.ts';

export interface Answer {
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** Text is XML. */
  body?: string | FileSlice;
}

/** Some bytes of an open file, which is closed when they have been sent, or the sending was given up. */
export interface FileSlice {
  handle: FileHandle;
  start: number;
  bytes: number;
}

export function answerXml(body: string, status = 200): Answer {
  return { status, body };
}

/** An empty answer that RadosGW sends as XML all the same. */
export const emptyXmlAnswer: Answer = { status: 200, headers: { 'Content-Type': 'application/xml' } };

/** RadosGW says so with objects, with writes of them and with errors. */
export const acceptRanges = { 'Accept-Ranges': 'bytes' };

/** The body is what RadosGW sends, which leaves most messages empty: nothing may depend on them. */
export function answerError(
  error: S3Error,
  context: { bucket: string | undefined; requestId: string; explained: boolean },
): Answer {
  return {
    status: error.status,
    headers: acceptRanges,
    body: buildPlainXml('Error', [
      ['Code', error.code],
      ['Message', context.explained ? error.message : ''],
      ['BucketName', context.bucket],
      ['RequestId', context.requestId],
      ['HostId', 'kuanary-embedded-object-store'],
    ]),
  };
}

export async function sendAnswer(response: ServerResponse, answer: Answer): Promise<void> {
  const { status, headers = {}, body } = answer;
  const isHead = response.req.method === 'HEAD';
  if (typeof body === 'object') return sendFile(response, answer, body);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.statusCode = status;
  if (body !== undefined) {
    response.setHeader('Content-Type', 'application/xml');
    response.setHeader('Content-Length', Buffer.byteLength(body));
  } else if (status !== 204 && status !== 304 && !response.hasHeader('Content-Length')) {
    response.setHeader('Content-Length', 0);
  }
  response.end(isHead ? undefined : body);
}

async function sendFile(response: ServerResponse, answer: Answer, slice: FileSlice): Promise<void> {
  try {
    response.writeHead(answer.status, { ...answer.headers, 'Content-Length': slice.bytes });
    if (slice.bytes === 0) response.end();
    else {
      const { handle, start, bytes } = slice;
      await pipeline(handle.createReadStream({ start, end: start + bytes - 1, autoClose: false }), response);
    }
  } finally {
    await slice.handle.close();
  }
}
