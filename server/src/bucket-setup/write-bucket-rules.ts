import {
  type CORSRule,
  DeleteBucketCorsCommand,
  DeleteBucketLifecycleCommand,
  type LifecycleRule,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { type CallLimits, callBucket } from './bucket-call.ts';
import type { LifecycleRules } from './read-bucket-rules.ts';

/** Replaces the whole CORS configuration; an empty one does not exist in S3, so it is deleted. */
export async function writeCorsRules(
  client: S3Client,
  bucket: string,
  rules: CORSRule[],
  limits?: CallLimits,
): Promise<void> {
  if (rules.length === 0) {
    await callBucket(client, new DeleteBucketCorsCommand({ Bucket: bucket }), limits);
    return;
  }
  await callBucket(
    client,
    new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: { CORSRules: rules } }),
    limits,
  );
}

/** Replaces the whole lifecycle configuration. */
export async function writeLifecycleRules(
  client: S3Client,
  bucket: string,
  rules: LifecycleRule[],
  transitionMinimum: LifecycleRules['transitionMinimum'],
  limits?: CallLimits,
): Promise<void> {
  if (rules.length === 0) {
    await callBucket(client, new DeleteBucketLifecycleCommand({ Bucket: bucket }), limits);
    return;
  }
  await callBucket(
    client,
    new PutBucketLifecycleConfigurationCommand({
      Bucket: bucket,
      LifecycleConfiguration: { Rules: rules },
      ...(transitionMinimum === undefined ? {} : { TransitionDefaultMinimumObjectSize: transitionMinimum }),
    }),
    limits,
  );
}
