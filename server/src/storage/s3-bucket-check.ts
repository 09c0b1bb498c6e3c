import { HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { answerHeaderOf, describeCause, statusOf, toStorageError } from './s3-errors.ts';
import { StorageError } from './storage.ts';

interface BucketAddress {
  endpoint: string;
  region: string;
  bucket: string;
}

/** HeadBucket. Its failures have no body, so the sentence is made from the status. */
export async function checkBucket(client: S3Client, address: BucketAddress, signal: AbortSignal): Promise<void> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: address.bucket }), { abortSignal: signal });
  } catch (error) {
    const { failure } = toStorageError(error, { operation: 'check' });
    throw new StorageError(failure, 'check', { cause: error, detail: explainBucketFailure(error, address) });
  }
}

function explainBucketFailure(error: unknown, { endpoint, region, bucket }: BucketAddress): string {
  const status = statusOf(error);
  const rightRegion = answerHeaderOf(error, 'x-amz-bucket-region');
  if (rightRegion !== undefined && rightRegion !== region) {
    return `wrong region: bucket "${bucket}" is in "${rightRegion}", S3_REGION is "${region}"`;
  }
  switch (status) {
    case undefined:
      return `no answer from ${endpoint}: ${describeCause(error)}`;
    case 404:
      return `missing bucket: ${endpoint} has no bucket "${bucket}"`;
    case 401:
    case 403:
      return `refused credentials: S3_ACCESS_KEY or S3_SECRET_KEY is wrong, or may not use bucket "${bucket}" at ${endpoint}`;
    case 301:
    case 307:
    case 400:
      return `wrong region or address: ${endpoint} does not serve bucket "${bucket}" as region "${region}"`;
    default:
      return `${endpoint} answers ${describeCause(error)}`;
  }
}
