import { Readable } from 'node:stream';
import { GetObjectCommand, type GetObjectCommandOutput, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { isMissingObject, statusOf, UnexpectedAnswerError } from './s3-errors.ts';
import type { RangeRead } from './storage.ts';

/** Of objects that were stored without a type (AWS and Ceph). */
const defaultContentType = 'binary/octet-stream';

interface ReadTarget {
  client: S3Client;
  bucket: string;
  key: string;
}

/** One ranged GET, its body read to the end. */
export async function readObjectRange(
  target: ReadTarget,
  start: number,
  length: number,
  signal: AbortSignal,
): Promise<RangeRead | null> {
  const { client, bucket, key } = target;
  const range = `bytes=${start}-${start + length - 1}`;
  try {
    const output = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, Range: range }), {
      abortSignal: signal,
    });
    return await receiveRange(output, start, length);
  } catch (error) {
    if (isMissingObject(error)) return null;
    if (statusOf(error) === 416) return describeEmptyRange(target, start, signal);
    throw error;
  }
}

async function receiveRange(output: GetObjectCommandOutput, start: number, length: number): Promise<RangeRead> {
  const body = output.Body;
  if (!(body instanceof Readable)) throw new UnexpectedAnswerError('the answer has no body');
  try {
    const { totalBytes, rangeBytes } = parseExtent(output, start, length);
    const bytes = await collect(body, rangeBytes);
    return { bytes, totalBytes, ...describe(output) };
  } finally {
    // No effect on a body that was read to its end: its connection has gone back to the agent.
    body.destroy();
  }
}

/** The answer must be the range that was asked for: everything that is not so is an answer of something else. */
function parseExtent(
  output: GetObjectCommandOutput,
  start: number,
  length: number,
): { totalBytes: number; rangeBytes: number } {
  if (output.ContentRange === undefined && output.ContentLength === 0 && output.ETag !== undefined) {
    return { totalBytes: 0, rangeBytes: 0 };
  }
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(output.ContentRange ?? '');
  if (!match) throw new UnexpectedAnswerError('the answer to a range request has no valid Content-Range');
  const [first, last, totalBytes] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (first !== start || last !== Math.min(start + length, totalBytes) - 1) {
    throw new UnexpectedAnswerError('the answer has another range than was asked for');
  }
  return { totalBytes, rangeBytes: last - first + 1 };
}

async function collect(body: Readable, expectedBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let received = 0;
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) throw new UnexpectedAnswerError('the body is not binary');
    received += chunk.byteLength;
    // Stops here, so that a wrong answer cannot fill the memory.
    if (received > expectedBytes) throw new UnexpectedAnswerError('the body is longer than its Content-Range');
    chunks.push(chunk);
  }
  if (received < expectedBytes) throw new UnexpectedAnswerError('the body is shorter than its Content-Range');
  return Buffer.concat(chunks, received);
}

/** After a 416, which on Ceph tells neither the size nor anything else of the object. */
async function describeEmptyRange(
  { client, bucket, key }: ReadTarget,
  start: number,
  signal: AbortSignal,
): Promise<RangeRead | null> {
  try {
    const output = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal });
    const totalBytes = output.ContentLength;
    if (totalBytes === undefined) throw new UnexpectedAnswerError('the answer has no Content-Length');
    if (totalBytes > start) throw new UnexpectedAnswerError('the object was replaced while it was read');
    return { bytes: new Uint8Array(0), totalBytes, ...describe(output) };
  } catch (error) {
    // An answer to HEAD has no body and so no error code. The bucket exists: it has just answered 416 for the key.
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

function describe(
  output: Pick<GetObjectCommandOutput, 'ContentType' | 'Metadata' | 'LastModified'>,
): Pick<RangeRead, 'contentType' | 'metadata' | 'lastModified'> {
  const { ContentType: contentType = defaultContentType, Metadata: metadata = {}, LastModified: lastModified } = output;
  if (lastModified === undefined) throw new UnexpectedAnswerError('the answer has no valid Last-Modified');
  return { contentType, metadata, lastModified };
}
