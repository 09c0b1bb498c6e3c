import {
  type CORSRule,
  GetBucketCorsCommand,
  GetBucketLifecycleConfigurationCommand,
  type LifecycleRule,
  type S3Client,
  S3ServiceException,
  type TransitionDefaultMinimumObjectSize,
} from '@aws-sdk/client-s3';
import { type CallLimits, callBucket } from './bucket-call.ts';
import { findUnknownElements } from './known-elements.ts';
import { type RuleRefusal, toRuleRefusal } from './rule-refusal.ts';

export type RulesRead<Rules> = ({ state: 'read' } & Rules) | { state: 'refused'; refusal: RuleRefusal };

interface CorsRules {
  /** In the order of the bucket: the first that matches a request decides. Empty when nothing is configured. */
  rules: CORSRule[];
  /** Elements of the stored rules that the S3 API does not define: they would be lost in a write. */
  unknownElements: string[];
}

export interface LifecycleRules {
  /** Empty when nothing is configured. */
  rules: LifecycleRule[];
  unknownElements: string[];
  /** AWS: a setting of the whole configuration, which a write without it would reset. */
  transitionMinimum?: TransitionDefaultMinimumObjectSize;
}

export type CorsRead = RulesRead<CorsRules>;
export type LifecycleRead = RulesRead<LifecycleRules>;

/**
 * GetBucketCors.
 *
 * @throws the error of `callBucket` when there is no answer, no bucket, or the credentials are wrong
 */
export async function readCorsRules(client: S3Client, bucket: string, limits?: CallLimits): Promise<CorsRead> {
  const command = new GetBucketCorsCommand({ Bucket: bucket });
  return readRules('NoSuchCORSConfiguration', { rules: [], unknownElements: [] }, async () => {
    const { output, document } = await callBucket(client, command, limits);
    return { rules: output.CORSRules ?? [], unknownElements: findUnknownElements(document, 'cors') };
  });
}

/** GetBucketLifecycleConfiguration. @throws as `readCorsRules` */
export async function readLifecycleRules(
  client: S3Client,
  bucket: string,
  limits?: CallLimits,
): Promise<LifecycleRead> {
  const command = new GetBucketLifecycleConfigurationCommand({ Bucket: bucket });
  return readRules<LifecycleRules>('NoSuchLifecycleConfiguration', { rules: [], unknownElements: [] }, async () => {
    const { output, document } = await callBucket(client, command, limits);
    const { Rules: rules = [], TransitionDefaultMinimumObjectSize: minimum } = output;
    return {
      rules,
      unknownElements: findUnknownElements(document, 'lifecycle'),
      ...(minimum === undefined ? {} : { transitionMinimum: minimum }),
    };
  });
}

async function readRules<Rules>(
  absentCode: string,
  absent: Rules,
  read: () => Promise<Rules>,
): Promise<RulesRead<Rules>> {
  try {
    return { state: 'read', ...(await read()) };
  } catch (error) {
    if (error instanceof S3ServiceException && error.name === absentCode) return { state: 'read', ...absent };
    const refusal = toRuleRefusal(error);
    if (refusal === null) throw error;
    return { state: 'refused', refusal };
  }
}
