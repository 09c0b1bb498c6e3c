import { type KeyPair, parseKeyPairs } from '@kuanary/shared/imgproxy-url';
import type { SourceStoreSettings } from '../../src/embedded/imgproxy/source-download.ts';
import { testSetting } from '../support/given-storage.ts';
import { createTestClient } from '../support/test-bucket.ts';
import type { ImgproxyUnderTest } from './rendering-contract.ts';

/** The address of the real imgproxy that the environment names, if it names one. */
export const givenImgproxyUrl = process.env['KUANARY_TEST_IMGPROXY_URL'];

export interface GivenImgproxy extends ImgproxyUnderTest {
  /** The storage that it reads. */
  s3: SourceStoreSettings;
}

/**
 * The real imgproxy that the environment names, with the bucket it reads. It runs with `IMGPROXY_ALLOWED_SOURCES=s3://<bucket>/*.`; the
 * suites leave nothing in its bucket.
 *
 * @throws {Error} if one of the other variables is missing.
 */
export function givenImgproxy(url: string): GivenImgproxy {
  const setting = (name: string): string => testSetting(name, 'IMGPROXY_URL');
  const s3 = {
    endpoint: setting('S3_ENDPOINT'),
    region: setting('S3_REGION'),
    bucket: setting('S3_BUCKET'),
    accessKey: setting('S3_ACCESS_KEY'),
    secretKey: setting('S3_SECRET_KEY'),
    forcePathStyle: true,
  };
  const client = createTestClient(s3);
  const keyPair = onlyPair(parseKeyPairs(setting('IMGPROXY_KEY'), setting('IMGPROXY_SALT')));
  return { url, keyPair, client, bucket: s3.bucket, s3, remove: async () => client.destroy() };
}

export function onlyPair([pair]: KeyPair[]): KeyPair {
  if (pair === undefined) throw new Error('no key pair');
  return pair;
}
