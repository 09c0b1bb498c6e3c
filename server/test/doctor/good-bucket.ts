import {
  type CORSRule,
  CreateBucketCommand,
  type LifecycleRule,
  ListObjectsV2Command,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { wantedCorsRule } from '../../src/bucket-setup/wanted-cors.ts';
import { wantedLifecycleRules } from '../../src/bucket-setup/wanted-lifecycle.ts';
import type { SetUpChanges } from './diagnose.ts';

/** Makes the bucket, with the rules that `kuanary setup-bucket` writes for pages of this origin, but for the changes. */
export async function makeBucket(
  client: S3Client,
  bucket: string,
  origin: string,
  changes: SetUpChanges,
): Promise<void> {
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const wantedCors = wantedCorsRule([origin]);
  const corsRules: CORSRule[] = changes.corsRules ?? (wantedCors === null ? [] : [wantedCors]);
  const takes = (subresource: 'cors' | 'lifecycle'): boolean =>
    !(changes.store?.profiles ?? []).includes(`${subresource}-unsupported`);
  if (corsRules.length > 0 && takes('cors')) {
    await client.send(new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: { CORSRules: corsRules } }));
  }
  const lifecycleRules: LifecycleRule[] = changes.lifecycleRules ?? wantedLifecycleRules();
  if (lifecycleRules.length > 0 && takes('lifecycle')) {
    await client.send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket: bucket,
        LifecycleConfiguration: { Rules: lifecycleRules },
      }),
    );
  }
  await changes.prepare?.(client, bucket);
}

/** Of a bucket with few objects. */
export async function listKeys(client: S3Client, bucket: string): Promise<string[]> {
  const { Contents: objects = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  return objects.map(({ Key: key = '' }) => key);
}
