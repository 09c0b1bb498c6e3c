import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { parseKeyPairs } from '@kuanary/shared/imgproxy-url';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startImgproxyStandIn } from '../src/embedded/imgproxy/imgproxy-server.ts';
import { givenImgproxy, givenImgproxyUrl } from './imgproxy/given-imgproxy.ts';
import { type RunningDeployment, startDeployment } from './support/old-deployment.ts';
import { startTestStore } from './support/start-test-store.ts';
import { createTestBucket } from './support/test-bucket.ts';

/** As an owner of the older service has it, blanks and all. */
const documentedPresets = `{
  "thumbnail": { "resize": "fit", "width": 300, "height": 300, "format": "webp", "quality": 80 },
  "hero": { "resize": "fill", "width": 1920, "height": 1080, "format": "webp", "quality": 85 },
  "og-image": { "resize": "fill", "width": 1200, "height": 630, "format": "jpeg", "quality": 85 },
  "avatar": { "resize": "fill", "width": 200, "height": 200, "format": "webp", "quality": 80, "crop": "face" }
}
`;
/** The names that the older service gave: a time with a random part, or a UUID. */
const oldNames = [`1698765432101-${randomBytes(3).toString('hex')}.jpg`, `${randomUUID()}.jpg`];
const apiKey = 'cms:migration-test-key-migration-test-key';

/** The names that the older service documents, and no other. */
type OldSettings = Record<string, string>;

let folder = '';
let oldSettings: OldSettings;
let client: S3Client;
let bucket = '';
const cleanUps: (() => Promise<unknown>)[] = [];
let deployment: RunningDeployment | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kuanary-migration-'));
  cleanUps.push(() => rm(folder, { recursive: true, force: true }));
  oldSettings = givenImgproxyUrl === undefined ? await useStandIns() : useRealServers(givenImgproxyUrl);
  const jpeg = await sharp({ create: { width: 2400, height: 1800, channels: 3, background: '#7a4' } })
    .jpeg()
    .toBuffer();
  for (const Key of oldNames) {
    await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: jpeg, ContentType: 'image/jpeg' }));
    cleanUps.unshift(() => client.send(new DeleteObjectCommand({ Bucket: bucket, Key })));
  }
});
afterEach(async () => {
  expect(await deployment?.stop()).toBe(0);
  deployment = undefined;
});
afterAll(async () => {
  for (const cleanUp of cleanUps) await cleanUp();
});

async function useStandIns(): Promise<OldSettings> {
  const store = await startTestStore(join(folder, 'store'), 'migration-test-secret-migration-test');
  const testBucket = await createTestBucket(store);
  ({ client, bucket } = testBucket);
  const key = randomBytes(32).toString('hex');
  const salt = randomBytes(32).toString('hex');
  const imgproxy = await startImgproxyStandIn({
    host: '127.0.0.1',
    port: 0,
    keyPairs: parseKeyPairs(key, salt),
    signatureSize: 32,
    s3: { ...store, bucket, forcePathStyle: true },
  });
  cleanUps.unshift(imgproxy.close, testBucket.remove, store.close);
  return toSettings({ ...store, bucket }, { url: imgproxy.url, key, salt });
}

/** The bucket and the imgproxy that the environment names. All that stays there is the record of one upload. */
function useRealServers(url: string): OldSettings {
  const real = givenImgproxy(url);
  ({ client, bucket } = real);
  cleanUps.unshift(real.remove);
  const { key, salt } = real.keyPair;
  return toSettings(real.s3, { url, key: hexOf(key), salt: hexOf(salt) });
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function toSettings(
  s3: { endpoint: string; region: string; bucket: string; accessKey: string; secretKey: string },
  imgproxy: { url: string; key: string; salt: string },
): OldSettings {
  return {
    S3_ENDPOINT: s3.endpoint,
    S3_REGION: s3.region,
    S3_BUCKET: s3.bucket,
    S3_ACCESS_KEY: s3.accessKey,
    S3_SECRET_KEY: s3.secretKey,
    IMGPROXY_URL: imgproxy.url,
    IMGPROXY_KEY: imgproxy.key,
    IMGPROXY_SALT: imgproxy.salt,
    PORT: '0',
    NODE_ENV: 'production',
  };
}

async function start(added: Record<string, string> = {}): Promise<string> {
  deployment = await startDeployment(folder, { ...oldSettings, ...added }, documentedPresets);
  return deployment.url;
}

async function form(): Promise<FormData> {
  const picture = await sharp({ create: { width: 2000, height: 1200, channels: 3, background: '#25c' } })
    .png()
    .toBuffer();
  const data = new FormData();
  data.append('file', new Blob([new Uint8Array(picture)], { type: 'image/png' }), 'My picture.png');
  return data;
}

async function describeAnswer(response: Response): Promise<string> {
  expect(response.status, `${response.url}: ${response.statusText}`).toBe(200);
  const { format, width, height } = await sharp(Buffer.from(await response.arrayBuffer())).metadata();
  return `${format} ${width}x${height}`;
}

/** Three starts of the real program, from source: slower than a test within one process. */
const timeout = 60_000;

describe('a deployment of the older service, started with its own .env and presets.json', { timeout }, () => {
  it('answers its presets exactly, serves its objects under their old names, and says which line allows uploads', async () => {
    const url = await start();
    expect(await (await fetch(`${url}/presets`)).json()).toEqual(JSON.parse(documentedPresets));

    for (const name of oldNames) {
      expect(await describeAnswer(await fetch(`${url}/i/thumbnail/${name}`))).toBe('webp 300x225');
      expect(await describeAnswer(await fetch(`${url}/i/og-image/${name}`))).toBe('jpeg 1200x630');
    }
    const signing = await fetch(`${url}/sign-upload`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"contentType":"image/png","size":100}',
    });
    for (const refused of [signing, await fetch(`${url}/upload`, { method: 'POST', body: await form() })]) {
      expect(refused.status).toBe(401);
      const answer = await refused.json();
      expect(answer).toMatchObject({ success: false, code: 'uploads_not_configured' });
      expect(answer.error).toContain('API_KEYS=cms:');
    }
  });

  it('lists and describes its objects once API_KEYS is there', async () => {
    const url = await start({ API_KEYS: apiKey });
    const withKey = { headers: { Authorization: `Bearer ${apiKey}` } };
    for (const name of oldNames) {
      const before = name.slice(0, -1);
      const list = await (await fetch(`${url}/images?limit=1&after=${before}`, withKey)).json();
      expect(list.images).toMatchObject([{ filename: name }]);
      const facts = await (await fetch(`${url}/images/${name}`, withKey)).json();
      expect(facts.image).toMatchObject({ width: 2400, height: 1800, format: 'jpeg' });
    }
  });

  it('answers the old client at /upload once LEGACY_UPLOAD=anonymous is there', async () => {
    const url = await start({ LEGACY_UPLOAD: 'anonymous' });
    const response = await fetch(`${url}/upload?preset=avatar`, { method: 'POST', body: await form() });
    expect(response.status).toBe(200);
    const answer = await response.json();
    cleanUps.unshift(() => client.send(new DeleteObjectCommand({ Bucket: bucket, Key: answer.filename })));
    // What the old client reads.
    expect(answer).toMatchObject({ success: true, url: expect.any(String), filename: expect.any(String) });
    expect(await describeAnswer(await fetch(answer.url))).toBe('webp 200x200');
    expect(await describeAnswer(await fetch(`${url}/i/hero/${answer.filename}`))).toBe('webp 1920x1080');
  });
});
