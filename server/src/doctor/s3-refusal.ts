import { GetBucketLocationCommand, HeadBucketCommand, ListBucketsCommand, type S3Client } from '@aws-sdk/client-s3';
import { answerHeaderOf, statusOf } from '../storage/s3-errors.ts';
import { describeFailure } from './describe-answer.ts';

/** Why S3 refused a call, as far as its answer tells. */
export interface S3Refusal {
  /** Undefined where no answer came. */
  status: number | undefined;
  /** `Code` of the error document. */
  code: string | undefined;
  /** The region or endpoint in which the bucket is, where the answer names it. */
  region: string | undefined;
  endpoint: string | undefined;
  /** In a few words. */
  text: string;
}

/** Asks whether the bucket is there, may be used and is addressed rightly; null when all is well. */
export async function askForBucket(client: S3Client, bucket: string, signal: AbortSignal): Promise<S3Refusal | null> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }), { abortSignal: signal });
    return null;
  } catch (headError) {
    const refusal = toS3Refusal(headError);
    if (refusal.status === undefined) return refusal;
    // An answer to HEAD has no body, so it cannot say why: a GET can.
    try {
      await client.send(new GetBucketLocationCommand({ Bucket: bucket }), { abortSignal: signal });
      return refusal;
    } catch (error) {
      const explained = toS3Refusal(error);
      return { ...explained, region: explained.region ?? refusal.region };
    }
  }
}

/** The names of the key's own buckets; null where it may not list them. */
export async function listOwnBuckets(client: S3Client, signal: AbortSignal): Promise<string[] | null> {
  try {
    const { Buckets: buckets } = await client.send(new ListBucketsCommand({}), { abortSignal: signal });
    return buckets?.map(({ Name: name = '' }) => name) ?? null;
  } catch (error) {
    if (signal.aborted) throw error;
    return null;
  }
}

export function toS3Refusal(error: unknown): S3Refusal {
  const field = (name: string): string | undefined => {
    const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const message = field('message') ?? '';
  return {
    status: statusOf(error),
    code: field('Code'),
    region: answerHeaderOf(error, 'x-amz-bucket-region') ?? field('Region') ?? regionIn(message),
    endpoint: field('Endpoint'),
    text: describeFailure(error),
  };
}

/** "the region 'a' is wrong; expecting 'b'" (AWS), "expected: 20260101/b/s3/aws4_request" (Garage and others). */
function regionIn(message: string): string | undefined {
  const match = /expecting '([\w-]+)'|expected:? \W*\d{8}\/([\w-]+)\/s3\//i.exec(message);
  return match?.[1] ?? match?.[2];
}
