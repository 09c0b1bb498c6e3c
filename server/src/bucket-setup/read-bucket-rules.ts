import {
  type CORSRule,
  GetBucketCorsCommand,
  GetBucketLifecycleConfigurationCommand,
  type LifecycleRule,
  type S3Client,
  S3ServiceException,
  type TransitionDefaultMinimumObjectSize,
} from '@aws-sdk/client-s3';
import { readAnswerText } from './answer-text.ts';
import { findUnknownElements } from './known-elements.ts';
import { type RuleRefusal, toRuleRefusal } from './rule-refusal.ts';

export type RulesRead<Rules> = ({ state: 'read' } & Rules) | { state: 'refused'; refusal: RuleRefusal };

export interface CorsRules {
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

/** Nearest to the network, before the SDK parses the body. */
const readsAnswer = { step: 'deserialize', priority: 'low', name: 'readAnswerText' } as const;

/** GetBucketCors. @throws the SDK's error when there is no answer, no bucket, or the credentials are wrong */
export async function readCorsRules(client: S3Client, bucket: string): Promise<CorsRead> {
  const command = new GetBucketCorsCommand({ Bucket: bucket });
  let xml = '';
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      xml = await readAnswerText(result.response);
      return result;
    },
    readsAnswer,
  );
  return readRules('NoSuchCORSConfiguration', { rules: [], unknownElements: [] }, async () => {
    const { CORSRules: rules = [] } = await client.send(command);
    return { rules, unknownElements: findUnknownElements(xml, 'cors') };
  });
}

/** GetBucketLifecycleConfiguration. @throws as `readCorsRules` */
export async function readLifecycleRules(client: S3Client, bucket: string): Promise<LifecycleRead> {
  const command = new GetBucketLifecycleConfigurationCommand({ Bucket: bucket });
  let xml = '';
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      xml = await readAnswerText(result.response);
      return result;
    },
    readsAnswer,
  );
  return readRules<LifecycleRules>('NoSuchLifecycleConfiguration', { rules: [], unknownElements: [] }, async () => {
    const { Rules: rules = [], TransitionDefaultMinimumObjectSize: minimum } = await client.send(command);
    return {
      rules,
      unknownElements: findUnknownElements(xml, 'lifecycle'),
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
