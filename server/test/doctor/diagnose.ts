import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CORSRule, LifecycleRule, S3Client } from '@aws-sdk/client-s3';
import { parseKeyPairs } from '@kuanary/shared/imgproxy-url';
import { loadConfig } from '../../src/config.ts';
import { type CheckReport, type DoctorOptions, type DoctorReport, runDoctor } from '../../src/doctor/run-doctor.ts';
import { type ImgproxyStandInOptions, startImgproxyStandIn } from '../../src/embedded/imgproxy/imgproxy-server.ts';
import { type ObjectStoreOptions, startObjectStore } from '../../src/embedded/object-store/object-store-server.ts';
import { testSecrets } from '../support/start-app.ts';
import { createTestClient } from '../support/test-bucket.ts';
import { assertNoSecret } from './assert-no-secret.ts';
import { listKeys, makeBucket } from './good-bucket.ts';

/** Something between the doctor and a server: `recording-proxy.ts`, or a server of the test's own. */
export interface Front {
  url: string;
  close(): Promise<void>;
}

/** What is different from a good set-up. */
export interface SetUpChanges {
  /** Settings; `undefined` takes one away. */
  environment?: Record<string, string | undefined>;
  store?: Partial<ObjectStoreOptions>;
  imgproxy?: Partial<ImgproxyStandInOptions>;
  /** Stands at `S3_ENDPOINT`; given the address of the store. */
  frontOfStore?: (storeUrl: string) => Promise<Front>;
  /** Stands at `S3_PUBLIC_ENDPOINT`. Without it, and with `frontOfStore`, browsers use the store itself. */
  frontOfPublicStore?: (storeUrl: string) => Promise<Front>;
  /** Stands at `IMGPROXY_URL`. */
  frontOfImgproxy?: (imgproxyUrl: string) => Promise<Front>;
  /** Empty: none. Default: what `kuanary setup-bucket` writes. */
  corsRules?: CORSRule[];
  lifecycleRules?: LifecycleRule[];
  /** The document in `PRESETS_FILE`; a string is written as it is. */
  presets?: unknown;
  /** The last touch to the bucket. */
  prepare?: (client: S3Client, bucket: string) => Promise<void>;
}

export interface SetUp {
  environment: Record<string, string>;
  bucket: string;
  /** Path-style client past every front. */
  client: S3Client;
  storeUrl: string;
  imgproxyUrl: string;
  folder: string;
  keys(): Promise<string[]>;
  stop(): Promise<void>;
}

export const testOrigin = 'http://localhost:3000';
/** Small, so that examinations are quick; the stand-in has the same limits. */
export const testMaxPixels = 1_000_000;
export const testMaxBytes = 300_000;

const identity = { region: 'local', accessKey: 'TESTKEYTESTKEYTESTKEY', secretKey: testSecrets.s3SecretKey };

export const goodPresets = {
  thumbnail: { resize: 'fill', width: 120, height: 120, format: 'webp', quality: 80 },
  large: { resize: 'fit', width: 800, height: 800, quality: 85 },
};

/** A deployment on loopback in which nothing is wrong, but for the changes. */
export async function startSetUp(changes: SetUpChanges = {}): Promise<SetUp> {
  const folder = await mkdtemp(join(tmpdir(), 'kuanary-doctor-'));
  const closing: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const started = <T extends Front>(part: T): T => {
    closing.unshift(() => part.close());
    return part;
  };
  const stop = async (): Promise<void> => {
    for (const close of closing) await close();
  };
  try {
    const listening = { host: '127.0.0.1', port: 0 };
    const dataFolder = join(folder, 'store');
    const store = started(await startObjectStore({ ...listening, ...identity, dataFolder, ...changes.store }));
    const bucket = `kuanary-${randomUUID()}`;
    const client = createTestClient({
      endpoint: store.url,
      region: identity.region,
      accessKey: changes.store?.accessKey ?? identity.accessKey,
      secretKey: changes.store?.secretKey ?? identity.secretKey,
    });
    closing.unshift(async () => client.destroy());
    if (changes.store?.now !== undefined) client.config.systemClockOffset = changes.store.now().getTime() - Date.now();
    await makeBucket(client, bucket, testOrigin, changes);
    const imgproxy = started(
      await startImgproxyStandIn({
        ...listening,
        keyPairs: parseKeyPairs(testSecrets.imgproxyKey, testSecrets.imgproxySalt),
        signatureSize: 32,
        s3: { ...identity, endpoint: store.url, bucket, forcePathStyle: true },
        maxSourcePixels: testMaxPixels,
        maxSourceBytes: testMaxBytes,
        ...changes.imgproxy,
      }),
    );
    const front = async (start: ((url: string) => Promise<Front>) | undefined, url: string): Promise<string> =>
      start === undefined ? url : started(await start(url)).url;
    const presetsFile = join(folder, 'presets.json');
    const presets = changes.presets ?? goodPresets;
    await writeFile(presetsFile, typeof presets === 'string' ? presets : JSON.stringify(presets));
    const settings: Record<string, string | undefined> = {
      S3_ENDPOINT: await front(changes.frontOfStore, store.url),
      S3_PUBLIC_ENDPOINT: await front(changes.frontOfPublicStore, store.url),
      S3_REGION: identity.region,
      S3_BUCKET: bucket,
      S3_ACCESS_KEY: identity.accessKey,
      S3_SECRET_KEY: identity.secretKey,
      IMGPROXY_URL: await front(changes.frontOfImgproxy, imgproxy.url),
      IMGPROXY_KEY: testSecrets.imgproxyKey,
      IMGPROXY_SALT: testSecrets.imgproxySalt,
      API_KEYS: testSecrets.apiKey,
      TICKET_SECRET: testSecrets.ticketSecret,
      ALLOWED_ORIGINS: testOrigin,
      MAX_UPLOAD_BYTES: String(testMaxBytes),
      MAX_IMAGE_PIXELS: String(testMaxPixels),
      PRESETS_FILE: presetsFile,
      UPLOAD_TMP_DIR: folder,
      UPLOAD_TMP_MAX_BYTES: '10000000',
      ...changes.environment,
    };
    return {
      environment: Object.fromEntries(
        Object.entries(settings).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
      ),
      bucket,
      client,
      storeUrl: store.url,
      imgproxyUrl: imgproxy.url,
      folder,
      keys: () => listKeys(client, bucket),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

export interface Diagnosis {
  report: DoctorReport;
  /** Ids of checks that failed, in order; `warned` likewise. */
  failed: string[];
  warned: string[];
  skipped: string[];
  /** Keys in the bucket after the examination that were not there before. */
  leftKeys: string[];
  /** What a check says, all its texts in one, to look for words in. @throws Error when it did not run */
  textOf(id: string): string;
}

/** Starts a set-up with these changes, examines it and stops it. */
export async function diagnose(changes: SetUpChanges = {}, options: Partial<DoctorOptions> = {}): Promise<Diagnosis> {
  const setUp = await startSetUp(changes);
  try {
    return await examine(setUp, {}, options);
  } finally {
    await setUp.stop();
  }
}

/** Examines a running set-up, with some settings changed. */
export async function examine(
  setUp: SetUp,
  environment: Record<string, string>,
  options: Partial<DoctorOptions> = {},
): Promise<Diagnosis> {
  const before = await setUp.keys();
  const settings = { ...setUp.environment, ...environment };
  const report = await runDoctor(loadConfig(settings), {
    deep: false,
    signal: new AbortController().signal,
    ...options,
  });
  assertNoSecret(JSON.stringify(report), settings);
  const after = await setUp.keys();
  return summarise(
    report,
    after.filter((key) => !before.includes(key)),
  );
}

export function summarise(report: DoctorReport, leftKeys: string[]): Diagnosis {
  const idsOf = (verdict: CheckReport['verdict']): string[] =>
    report.checks.filter((check) => check.verdict === verdict).map(({ id }) => id);
  return {
    report,
    failed: idsOf('fail'),
    warned: idsOf('warn'),
    skipped: idsOf('skip'),
    leftKeys,
    textOf(id) {
      const check = report.checks.find((candidate) => candidate.id === id);
      if (check === undefined || check.verdict === 'skip') throw new Error(`${id} did not run`);
      return check.findings.map((finding) => Object.values(finding).join('\n')).join('\n\n');
    },
  };
}
