import type { Bucket, Buckets } from './buckets.ts';
import type { RequestBody } from './request-body.ts';
import type { Answer } from './s3-answer.ts';
import type { S3Request } from './s3-request.ts';
import type { StoreBehaviour } from './store-profile.ts';

/** What an operation works with. Its request has been authenticated. */
export interface BucketCall {
  request: S3Request;
  body: RequestBody;
  bucket: Bucket;
  /** All of them, for copies from another one. */
  buckets: Buckets;
  /** Of the store. */
  region: string;
  behaviour: StoreBehaviour;
}

export interface ObjectCall extends BucketCall {
  key: string;
}

export type BucketOperation = (call: BucketCall) => Answer | Promise<Answer>;
export type ObjectOperation = (call: ObjectCall) => Answer | Promise<Answer>;
