import { CreateBucketCommand, PutBucketCorsCommand, S3Client } from '@aws-sdk/client-s3';

/** Makes a bucket and opens it to the pages of some origins, by the calls that an owner would make anywhere. Repeatable. */
export async function prepareBucket(
  target: { endpoint: string; region: string; bucket: string; accessKey: string; secretKey: string },
  origins: readonly string[],
): Promise<void> {
  const client = new S3Client({
    endpoint: target.endpoint,
    region: target.region,
    credentials: { accessKeyId: target.accessKey, secretAccessKey: target.secretKey },
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  try {
    await client.send(new CreateBucketCommand({ Bucket: target.bucket }));
    await client.send(
      new PutBucketCorsCommand({
        Bucket: target.bucket,
        CORSConfiguration: {
          CORSRules: [
            {
              ID: 'kuanary',
              AllowedOrigins: [...origins],
              AllowedMethods: ['POST', 'GET', 'HEAD'],
              AllowedHeaders: ['*'],
              ExposeHeaders: ['ETag', 'Location'],
              MaxAgeSeconds: 3600,
            },
          ],
        },
      }),
    );
  } finally {
    client.destroy();
  }
}
