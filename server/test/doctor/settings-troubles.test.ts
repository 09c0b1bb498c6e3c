import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allChecks } from '../../src/doctor/all-checks.ts';
import { selectChecks } from '../../src/doctor/select-checks.ts';
import { diagnose, examine, type SetUp, startSetUp } from './diagnose.ts';
import { expectTroubles } from './expect-troubles.ts';

describe('doctor, on a good set-up', () => {
  it('finds nothing to warn of, in any check, and leaves nothing behind', async () => {
    const diagnosis = await diagnose();
    expectTroubles(diagnosis, {});
    expect(diagnosis.skipped).toEqual([]);
    expect(diagnosis.report).toMatchObject({ verdict: 'pass', leftObjects: [], interrupted: false });
    expect(diagnosis.report.checks.map(({ id }) => id)).toEqual(allChecks.map(({ id }) => id));
  });
});

describe('doctor, about settings', () => {
  let setUp: SetUp;
  beforeAll(async () => {
    setUp = await startSetUp();
  });
  afterAll(() => setUp.stop());

  const judge = (environment: Record<string, string>, ...ids: string[]) =>
    examine(setUp, environment, { checks: selectChecks(ids) });

  it.each([
    ['path', (url: string, bucket: string) => `${url}/${bucket}`],
    ['host', (url: string, bucket: string) => url.replace('127.0.0.1', `${bucket}.localhost`)],
  ])('names a bucket in the %s of the endpoint', async (part, address) => {
    const S3_ENDPOINT = address(setUp.storeUrl, setUp.bucket);
    const diagnosis = await judge({ S3_ENDPOINT }, 'credentials');
    expectTroubles(diagnosis, { failed: ['configuration'] });
    expect(diagnosis.textOf('configuration')).toMatch(
      new RegExp(`S3_ENDPOINT names the bucket .* in its ${part}.*S3_ENDPOINT=http://(127.0.0.1|localhost):\\d+;`, 's'),
    );
  });

  it('names keys in the endpoint, and does not repeat them', async () => {
    const S3_ENDPOINT = setUp.storeUrl.replace('//', '//somebody:pass-in-address@');
    const diagnosis = await judge({ S3_ENDPOINT }, 'credentials');
    expectTroubles(diagnosis, { failed: ['configuration'] });
    expect(diagnosis.textOf('configuration')).toMatch(/has a user name or password in it/);
    expect(JSON.stringify(diagnosis.report)).not.toContain('pass-in-address');
  });

  it('warns when nobody may upload', async () => {
    const diagnosis = await judge({ API_KEYS: '' }, 'configuration');
    expectTroubles(diagnosis, { warned: ['configuration'] });
    expect(diagnosis.textOf('configuration')).toMatch(/Nobody may upload.*API_KEYS=cms:/s);
  });

  it('warns of a region that is not that of the host name', async () => {
    const environment = { S3_ENDPOINT: 'https://fsn1.your-objectstorage.com', S3_REGION: 'nbg1' };
    const diagnosis = await judge(environment, 'configuration');
    expectTroubles(diagnosis, { warned: ['configuration'] });
    expect(diagnosis.textOf('configuration')).toMatch(/in "fsn1", S3_REGION is "nbg1".*S3_REGION=fsn1/s);
  });

  it.each([
    ['localhost', 'http://localhost:9000', 'failed', /the visitor's own machine/],
    ['the name of a container', 'https://minio:9000', 'failed', /containers of one Docker network/],
    ['a private address', 'https://10.0.0.5', 'warned', /Only browsers within that network/],
  ] as const)('names %s as the address for browsers of a public page', async (_what, address, kind, words) => {
    const environment = { S3_PUBLIC_ENDPOINT: address, ALLOWED_ORIGINS: 'https://cms.example.com' };
    const diagnosis = await judge(environment, 'public-endpoint');
    expectTroubles(diagnosis, { [kind]: ['public-endpoint'] });
    expect(diagnosis.textOf('public-endpoint')).toMatch(words);
    expect(diagnosis.textOf('public-endpoint')).toContain('Set S3_PUBLIC_ENDPOINT to the address');
  });

  it('names plain http behind pages that come over https', async () => {
    const environment = { S3_PUBLIC_ENDPOINT: 'http://s3.example.com', ALLOWED_ORIGINS: 'https://cms.example.com' };
    const diagnosis = await judge(environment, 'public-endpoint');
    expectTroubles(diagnosis, { failed: ['public-endpoint'] });
    expect(diagnosis.textOf('public-endpoint')).toMatch(
      /mixed content.*S3_PUBLIC_ENDPOINT=https:\/\/s3\.example\.com/s,
    );
  });

  it('names a folder for uploads that cannot be written', async () => {
    const diagnosis = await judge({ UPLOAD_TMP_DIR: `${setUp.folder}/missing` }, 'runtime');
    expectTroubles(diagnosis, { failed: ['runtime'] });
    expect(diagnosis.textOf('runtime')).toMatch(/cannot be written \(ENOENT\).*LEGACY_UPLOAD=off/s);
  });
});
