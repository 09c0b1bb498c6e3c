import { Readable } from 'node:stream';
import { CopyObjectCommand, GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { isMissingObject, UnexpectedAnswerError } from './s3-errors.ts';
import type { StreamBody } from './s3-put.ts';
import type { ObjectDescription } from './storage.ts';

export interface CopyTarget {
  client: S3Client;
  bucket: string;
  sourceKey: string;
  targetKey: string;
  options: ObjectDescription;
  timeoutMs: number;
}

/** CopyObject with new metadata; `client` must be one that sends once. */
export async function copyObject(target: CopyTarget, signal: AbortSignal): Promise<'copied' | null> {
  const { client, bucket, sourceKey, targetKey, options, timeoutMs } = target;
  const command = new CopyObjectCommand({
    Bucket: bucket,
    Key: targetKey,
    CopySource: toCopySource(bucket, sourceKey),
    MetadataDirective: 'REPLACE',
    ContentType: options.contentType,
    Metadata: options.metadata,
  });
  try {
    const output = await client.send(command, { abortSignal: signal, requestTimeout: timeoutMs });
    // A copy may fail after its 200 was sent; the SDK sees an error document, but not one followed by white space.
    if (!output.CopyObjectResult?.ETag) throw new UnexpectedAnswerError('the answer to the copy has no ETag');
    return 'copied';
  } catch (error) {
    if (isMissingObject(error)) return null;
    throw error;
  }
}

/** Opens the whole object for reading. The caller must read or destroy the stream. */
export async function openObject(
  client: S3Client,
  address: { bucket: string; key: string },
  signal: AbortSignal,
): Promise<StreamBody | null> {
  try {
    const command = new GetObjectCommand({ Bucket: address.bucket, Key: address.key });
    const { Body: stream, ContentLength: bytes, ETag } = await client.send(command, { abortSignal: signal });
    if (!(stream instanceof Readable)) throw new UnexpectedAnswerError('the answer has no body');
    if (bytes !== undefined && ETag) return { stream, bytes };
    stream.destroy();
    throw new UnexpectedAnswerError('the answer has no Content-Length or no ETag');
  } catch (error) {
    if (isMissingObject(error)) return null;
    throw error;
  }
}

/** The SDK sends `x-amz-copy-source` as given; S3 wants it percent-encoded, the slashes left as they are. */
function toCopySource(bucket: string, key: string): string {
  return `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
}
