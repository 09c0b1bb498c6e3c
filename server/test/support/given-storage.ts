import type { TestStorageAddress } from './test-bucket.ts';

/**
 * A variable that says where a real server is.
 *
 * @param leader the variable because of which this one is needed
 * @throws {Error} if it is missing
 */
export function testSetting(name: string, leader: string): string {
  const value = process.env[`KUANARY_TEST_${name}`];
  if (!value) throw new Error(`KUANARY_TEST_${leader} is set, so KUANARY_TEST_${name} must be set too`);
  return value;
}

const endpoint = process.env['KUANARY_TEST_S3_ENDPOINT'] ?? '';

/** Whether the environment names a real S3 server. */
export const isStorageGiven = endpoint !== '';

/** That server. Where none is named, what uses it is skipped. */
export const givenStorage: TestStorageAddress = isStorageGiven
  ? {
      endpoint,
      region: testSetting('S3_REGION', 'S3_ENDPOINT'),
      accessKey: testSetting('S3_ACCESS_KEY', 'S3_ENDPOINT'),
      secretKey: testSetting('S3_SECRET_KEY', 'S3_ENDPOINT'),
    }
  : { endpoint: 'none', region: '', accessKey: '', secretKey: '' };
