import {
  type CORSRule,
  DeleteBucketCorsCommand,
  DeleteBucketLifecycleCommand,
  type LifecycleRule,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { LifecycleRules } from './read-bucket-rules.ts';

/** Replaces the whole CORS configuration; an empty one does not exist in S3, so it is deleted. */
export async function writeCorsRules(client: S3Client, bucket: string, rules: CORSRule[]): Promise<void> {
  if (rules.length === 0) {
    await client.send(new DeleteBucketCorsCommand({ Bucket: bucket }));
    return;
  }
  await client.send(new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: { CORSRules: rules } }));
}

/** Replaces the whole lifecycle configuration. */
export async function writeLifecycleRules(
  client: S3Client,
  bucket: string,
  rules: LifecycleRule[],
  transitionMinimum: LifecycleRules['transitionMinimum'],
): Promise<void> {
  if (rules.length === 0) {
    await client.send(new DeleteBucketLifecycleCommand({ Bucket: bucket }));
    return;
  }
  await client.send(
    new PutBucketLifecycleConfigurationCommand({
      Bucket: bucket,
      LifecycleConfiguration: { Rules: rules },
      ...(transitionMinimum === undefined ? {} : { TransitionDefaultMinimumObjectSize: transitionMinimum }),
    }),
  );
}
