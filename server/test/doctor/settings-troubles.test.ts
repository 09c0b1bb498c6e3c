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

  it('names a bucket in the path of the endpoint', async () => {
    const diagnosis = await judge({ S3_ENDPOINT: `${setUp.storeUrl}/${setUp.bucket}` }, 'credentials');
    expectTroubles(diagnosis, { failed: ['configuration'] });
    expect(diagnosis.textOf('configuration')).toMatch(
      /S3_ENDPOINT names the bucket .* in its path.*S3_ENDPOINT=http:\/\/127\.0\.0\.1:\d+;/s,
    );
  });

  it('names a bucket in the host of a provider', async () => {
    const environment = {
      S3_ENDPOINT: 'https://pictures.fsn1.your-objectstorage.com',
      S3_BUCKET: 'pictures',
      S3_REGION: 'fsn1',
    };
    const diagnosis = await judge(environment, 'configuration');
    expectTroubles(diagnosis, { failed: ['configuration'] });
    expect(diagnosis.textOf('configuration')).toMatch(
      /names the bucket "pictures" in its host.*S3_ENDPOINT=https:\/\/fsn1\.your-objectstorage\.com;/s,
    );
  });

  it.each([
    ['https://media.example.com', 'media', 'local'],
    ['https://fsn1.your-objectstorage.com', 'fsn1', 'fsn1'],
    ['https://s3.eu-central-1.amazonaws.com', 'pictures', 'eu-central-1'],
    ['https://s3-accelerate.amazonaws.com', 'pictures', 'eu-central-1'],
    ['https://s3-external-1.amazonaws.com', 'pictures', 'us-east-1'],
    ['https://s3.amazonaws.com', 'pictures', 'us-east-1'],
  ])('is content with %s for the bucket "%s"', async (S3_ENDPOINT, S3_BUCKET, S3_REGION) => {
    expectTroubles(await judge({ S3_ENDPOINT, S3_BUCKET, S3_REGION }, 'configuration'), {});
  });

  it('explains a bucket that may be in the host of the endpoint when it does not open', async () => {
    // The bucket has the name of the first label of 127.0.0.1, and is not there.
    const diagnosis = await judge({ S3_BUCKET: '127' }, 'credentials');
    expectTroubles(diagnosis, { failed: ['credentials'] });
    expect(diagnosis.textOf('credentials')).toMatch(
      /There is no bucket "127".*begins with "127\.".*S3_ENDPOINT=http:\/\/0\.0\.1:\d+/s,
    );
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
