import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setUpBucket } from '../../src/bucket-setup/set-up-bucket.ts';
import { loadConfig } from '../../src/config.ts';
import { allChecks } from '../../src/doctor/all-checks.ts';
import { runDoctor } from '../../src/doctor/run-doctor.ts';
import { selectChecks } from '../../src/doctor/select-checks.ts';
import { runKuanary } from '../cli/run-kuanary.ts';
import { givenImgproxy, givenImgproxyUrl } from '../imgproxy/given-imgproxy.ts';
import { givenStorage, isStorageGiven } from '../support/given-storage.ts';
import { testSecrets } from '../support/start-app.ts';
import { createTestBucket } from '../support/test-bucket.ts';
import { assertNoSecret } from './assert-no-secret.ts';
import { type Diagnosis, goodPresets, summarise, testOrigin } from './diagnose.ts';
import { listKeys } from './good-bucket.ts';

const {
  KUANARY_TEST_S3_OTHER_ACCESS_KEY: otherAccessKey = '',
  KUANARY_TEST_S3_OTHER_SECRET_KEY: otherSecretKey = '',
  KUANARY_TEST_IMGPROXY_KEY: imgproxyKey = testSecrets.imgproxyKey,
  KUANARY_TEST_IMGPROXY_SALT: imgproxySalt = testSecrets.imgproxySalt,
} = process.env;
const { endpoint, region, accessKey, secretKey } = givenStorage;

/** Ceph up to Reef acts on a header that the signature does not cover; forms, which Kuanary uses, are not affected. */
const expectedWarnings = ['unsigned-copy-source'];

describe.skipIf(!isStorageGiven)(
  'kuanary doctor on the S3 server of KUANARY_TEST_S3_ENDPOINT',
  { timeout: 120_000 },
  () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'kuanary-doctor-real-'));
      await writeFile(join(folder, 'presets.json'), JSON.stringify(goodPresets));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    function settingsOf(bucket: string, imgproxyUrl: string | undefined): Record<string, string> {
      return {
        S3_ENDPOINT: endpoint,
        S3_REGION: region,
        S3_BUCKET: bucket,
        S3_ACCESS_KEY: accessKey,
        S3_SECRET_KEY: secretKey,
        // A port that fetch refuses by itself, where no imgproxy is asked.
        IMGPROXY_URL: imgproxyUrl ?? 'http://127.0.0.1:1',
        IMGPROXY_KEY: imgproxyKey,
        IMGPROXY_SALT: imgproxySalt,
        API_KEYS: testSecrets.apiKey,
        ALLOWED_ORIGINS: testOrigin,
        PRESETS_FILE: join(folder, 'presets.json'),
        UPLOAD_TMP_DIR: folder,
        UPLOAD_TMP_MAX_BYTES: '10000000',
      };
    }

    /** Gives the bucket what `kuanary setup-bucket` gives it, examines it, and compares its keys before and after. */
    async function examine(
      { client, bucket }: { client: S3Client; bucket: string },
      imgproxyUrl: string | undefined,
      keepsKeys: boolean,
    ): Promise<Diagnosis> {
      const { cors, lifecycle } = await setUpBucket({ client, bucket }, { origins: [testOrigin] });
      expect([cors.state, lifecycle.state]).not.toContain('refused');
      const keys = () => listKeys(client, bucket);
      const before = keepsKeys ? await keys() : [];
      const settings = settingsOf(bucket, imgproxyUrl);
      const isOfImgproxy = (id: string): boolean => /^(imgproxy-|presets$|delivery-)/.test(id);
      const report = await runDoctor(loadConfig(settings), {
        deep: false,
        signal: new AbortController().signal,
        checks: allChecks.filter(({ id }) => imgproxyUrl !== undefined || !isOfImgproxy(id)),
      });
      assertNoSecret(JSON.stringify(report), settings);
      const after = keepsKeys ? await keys() : [];
      return summarise(
        report,
        after.filter((key) => !before.includes(key)),
      );
    }

    function expectExpected(diagnosis: Diagnosis): void {
      const warned = diagnosis.warned.filter((id) => !expectedWarnings.includes(id));
      const texts = [...diagnosis.failed, ...warned].map((id) => `${id}: ${diagnosis.textOf(id)}`).join('\n\n');
      expect({ failed: diagnosis.failed, warned, skipped: diagnosis.skipped }, texts).toEqual({
        failed: [],
        warned: [],
        skipped: [],
      });
      expect({ reported: diagnosis.report.leftObjects, found: diagnosis.leftKeys }).toEqual({
        reported: [],
        found: [],
      });
    }

    it('passes on a bucket that setup-bucket has prepared, and leaves nothing in it', async () => {
      const { bucket, client, remove } = await createTestBucket({ endpoint, region, accessKey, secretKey });
      try {
        expectExpected(await examine({ client, bucket }, undefined, true));
      } finally {
        await remove();
      }
    });

    it.skipIf(otherAccessKey === '')("names a bucket of the other account as somebody else's", async () => {
      const other = { accessKey: otherAccessKey, secretKey: otherSecretKey };
      const { bucket, remove } = await createTestBucket({ endpoint, region, ...other });
      try {
        const settings = settingsOf(bucket, undefined);
        const report = await runDoctor(loadConfig(settings), {
          deep: false,
          signal: new AbortController().signal,
          checks: selectChecks(['credentials']),
        });
        const text = summarise(report, []).textOf('credentials');
        assertNoSecret(text, settings);
        expect(text).toMatch(/^fail\n.*does not let it use bucket.*belongs to another account.*a name of your own/s);
        // Names are shared by all accounts.
        const { exitCode, stderr } = await runKuanary(['setup-bucket', '--create'], settings);
        expect(stderr).toContain(`The bucket "${bucket}" cannot be used`);
        expect(exitCode).toBe(1);
      } finally {
        await remove();
      }
    });

    it.skipIf(givenImgproxyUrl === undefined)('passes with the imgproxy of KUANARY_TEST_IMGPROXY_URL', async () => {
      const { client, bucket, url, remove } = givenImgproxy(givenImgproxyUrl ?? '');
      try {
        // Other suites use this bucket at the same time, so its keys say nothing about this one.
        expectExpected(await examine({ client, bucket }, url, false));
      } finally {
        await setUpBucket({ client, bucket }, { origins: [testOrigin], undo: true });
        await remove();
      }
    });
  },
);
