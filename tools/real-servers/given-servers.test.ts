import { describe, expect, it } from 'vitest';
import { parseGivenServers, toTestEnvironment, UsageError } from './given-servers.ts';

const s3 = {
  KUANARY_TEST_S3_ENDPOINT: 'http://127.0.0.1:7000',
  KUANARY_TEST_S3_REGION: 'default',
  KUANARY_TEST_S3_ACCESS_KEY: 'access',
  KUANARY_TEST_S3_SECRET_KEY: 'secret',
};
const other = { KUANARY_TEST_S3_OTHER_ACCESS_KEY: 'access2', KUANARY_TEST_S3_OTHER_SECRET_KEY: 'secret2' };
const imgproxy = {
  KUANARY_TEST_IMGPROXY_URL: 'http://127.0.0.1:7001',
  KUANARY_TEST_IMGPROXY_KEY: 'aa',
  KUANARY_TEST_IMGPROXY_SALT: 'bb',
};
const bucket = { KUANARY_TEST_S3_BUCKET: 'pictures' };

const mistakesOf = (environment: Record<string, string>): string => {
  try {
    parseGivenServers(environment);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return '';
};

describe('parseGivenServers', () => {
  it('finds nothing given in an environment without the variables, or with empty ones', () => {
    const nothing = { s3: null, imgproxy: null, bucket: null, required: [], debianMirror: null };
    expect(parseGivenServers({})).toEqual(nothing);
    expect(parseGivenServers({ KUANARY_TEST_S3_ENDPOINT: '', KUANARY_TEST_REQUIRE_REAL: '' })).toEqual(nothing);
  });

  it('is undone by toTestEnvironment', () => {
    const environment = { ...s3, ...other, ...imgproxy, ...bucket };
    const given = parseGivenServers(environment);
    if (given.s3 === null) throw new Error('no s3');
    expect(toTestEnvironment(given.s3, given.imgproxy, given.bucket)).toEqual(environment);
    expect(toTestEnvironment({ ...given.s3, other: null }, null, null)).toEqual(s3);
  });

  it('reads the servers that are required', () => {
    expect(parseGivenServers({ KUANARY_TEST_REQUIRE_REAL: 'imgproxy, s3' }).required).toEqual(['s3', 'imgproxy']);
  });

  it.each([
    [
      'half a server',
      { KUANARY_TEST_S3_ENDPOINT: 'http://127.0.0.1:7000', KUANARY_TEST_S3_REGION: 'x' },
      'KUANARY_TEST_S3_ACCESS_KEY and KUANARY_TEST_S3_SECRET_KEY must be set too, beside KUANARY_TEST_S3_ENDPOINT',
    ],
    [
      'imgproxy without its bucket',
      { ...s3, ...imgproxy },
      'KUANARY_TEST_IMGPROXY_URL needs KUANARY_TEST_S3_ENDPOINT and KUANARY_TEST_S3_BUCKET',
    ],
    [
      'imgproxy without storage',
      { ...imgproxy, ...bucket },
      'KUANARY_TEST_IMGPROXY_URL needs KUANARY_TEST_S3_ENDPOINT and KUANARY_TEST_S3_BUCKET',
    ],
    [
      'a bucket of no server',
      bucket,
      'KUANARY_TEST_S3_BUCKET is a bucket of the server that KUANARY_TEST_S3_ENDPOINT names',
    ],
    ['an account of no server', other, 'KUANARY_TEST_S3_OTHER_ACCESS_KEY is a second account of the server'],
    [
      'an unknown server',
      { KUANARY_TEST_REQUIRE_REAL: 's3,redis' },
      'KUANARY_TEST_REQUIRE_REAL knows s3 and imgproxy, not redis',
    ],
  ])('refuses %s', (_, environment, mistake) => {
    expect(mistakesOf(environment)).toContain(mistake);
  });

  it('says all mistakes at once and never a value', () => {
    const mistakes = mistakesOf({ KUANARY_TEST_S3_SECRET_KEY: 'very-secret', KUANARY_TEST_IMGPROXY_KEY: 'cafe' });
    expect(mistakes.split('\n')).toHaveLength(2);
    expect(mistakes).not.toMatch(/very-secret|cafe/);
  });
});
