import { randomUUID } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';

export interface TestStorageAddress {
  endpoint: string;
  region: string;
  accessKey: string;
  secretKey: string;
}

export interface TestBucket {
  bucket: string;
  /** Path-style client on the endpoint. */
  client: S3Client;
  /** Deletes the bucket with everything in it, and closes the client. */
  remove(): Promise<void>;
}

/** A path-style client that adds no checksums of its own. */
export function createTestClient({ endpoint, region, accessKey, secretKey }: TestStorageAddress): S3Client {
  return new S3Client({
    endpoint,
    region,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

/** Makes a bucket with a random name by the ordinary CreateBucket call: no test meets what another has left. */
export async function createTestBucket(address: TestStorageAddress): Promise<TestBucket> {
  const bucket = `kuanary-test-${randomUUID()}`;
  const client = createTestClient(address);
  // AWS wants the region said for every bucket outside us-east-1; Ceph knows its regions by other names and refuses ours.
  await client.send(new CreateBucketCommand({ Bucket: bucket }));

  return {
    bucket,
    client,
    async remove() {
      await deleteAllObjects(client, bucket);
      await client.send(new DeleteBucketCommand({ Bucket: bucket }));
      client.destroy();
    },
  };
}

async function deleteAllObjects(client: S3Client, bucket: string): Promise<void> {
  let truncated = true;
  while (truncated) {
    // Encoded, because tests write keys that XML cannot carry.
    const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, EncodingType: 'url' }));
    for (const { Key: encoded = '' } of page.Contents ?? []) {
      const key = decodeURIComponent(encoded.replaceAll('+', ' '));
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    }
    truncated = page.IsTruncated ?? false;
  }
}
