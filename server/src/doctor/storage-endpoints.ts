import type { Config } from '../config.ts';
import { s3CodeOf } from './describe-answer.ts';
import type { HttpAnswer } from './http-probe.ts';

export interface StorageEndpoint {
  setting: 'S3_ENDPOINT' | 'S3_PUBLIC_ENDPOINT';
  address: string;
  /** Whether browsers are sent there. */
  forBrowsers: boolean;
}

/** Where the API and browsers reach the storage: one entry where that is the same address. */
export function listStorageEndpoints({ storage }: Pick<Config, 'storage'>): StorageEndpoint[] {
  const { endpoint, publicEndpoint } = storage;
  if (sameAddress(endpoint, publicEndpoint)) {
    return [{ setting: 'S3_ENDPOINT', address: endpoint, forBrowsers: true }];
  }
  return [
    { setting: 'S3_ENDPOINT', address: endpoint, forBrowsers: false },
    { setting: 'S3_PUBLIC_ENDPOINT', address: publicEndpoint, forBrowsers: true },
  ];
}

/** The address of the bucket at an endpoint, in the style of the settings; no slash at its end. */
export function bucketAddress(endpoint: string, { storage }: Pick<Config, 'storage'>): string {
  const url = new URL(endpoint);
  const path = url.pathname.replace(/\/+$/, '');
  return storage.forcePathStyle
    ? `${url.origin}${path}/${storage.bucket}`
    : `${url.protocol}//${storage.bucket}.${url.host}${path}`;
}

/** The address of an object, without a signature. */
export function objectAddress(endpoint: string, key: string, config: Pick<Config, 'storage'>): string {
  return `${bucketAddress(endpoint, config)}/${key.split('/').map(encodeURIComponent).join('/')}`;
}

/** S3 gives every answer an id, and every error a document with a code. */
export function isS3Answer(answer: HttpAnswer): boolean {
  return (
    answer.headers.has('x-amz-request-id') ||
    answer.headers.has('x-amz-id-2') ||
    s3CodeOf(answer) !== undefined ||
    /<(ListAllMyBucketsResult|ListBucketResult)[\s>]/.test(answer.body.toString('utf8'))
  );
}

function sameAddress(one: string, other: string): boolean {
  return new URL(one).href.replace(/\/+$/, '') === new URL(other).href.replace(/\/+$/, '');
}
