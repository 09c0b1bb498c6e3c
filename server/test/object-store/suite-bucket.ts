import { randomUUID } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { ServerAddress } from './sign-request.ts';

/** A bucket with a random name on the server under test. */
export interface SuiteBucket {
  address: ServerAddress;
  bucket: string;
  client: S3Client;
  remove(): Promise<void>;
}

export function createClient(
  address: ServerAddress,
  checksums: 'WHEN_REQUIRED' | 'WHEN_SUPPORTED' = 'WHEN_REQUIRED',
): S3Client {
  return new S3Client({
    endpoint: address.endpoint,
    region: address.region,
    credentials: { accessKeyId: address.accessKey, secretAccessKey: address.secretKey },
    forcePathStyle: true,
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    maxAttempts: 1,
  });
}

export async function createSuiteBucket(address: ServerAddress): Promise<SuiteBucket> {
  const bucket = `kuanary-suite-${randomUUID()}`;
  const client = createClient(address);
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return {
    address,
    bucket,
    client,
    async remove() {
      await emptyBucket(client, bucket);
      await client.send(new DeleteBucketCommand({ Bucket: bucket }));
      client.destroy();
    },
  };
}

/** The way public S3 suites tidy up. */
async function emptyBucket(client: S3Client, bucket: string): Promise<void> {
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  for (const { Key, UploadId } of Uploads)
    await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }));
  for (;;) {
    const page = await client.send(new ListObjectVersionsCommand({ Bucket: bucket, EncodingType: 'url' }));
    const objects = (page.Versions ?? []).map(({ Key = '', VersionId }) => ({
      Key: decodeURIComponent(Key),
      VersionId,
    }));
    if (objects.length === 0) return;
    await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: objects, Quiet: true } }));
  }
}
