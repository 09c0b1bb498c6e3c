import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CORSRule,
  GetBucketCorsCommand,
  type LifecycleRule,
  ListObjectsV2Command,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isSameLifecycleRule } from '../../src/bucket-setup/compare-lifecycle.ts';
import { createBucket } from '../../src/bucket-setup/create-bucket.ts';
import { readCorsRules, readLifecycleRules } from '../../src/bucket-setup/read-bucket-rules.ts';
import { setUpBucket } from '../../src/bucket-setup/set-up-bucket.ts';
import { startTestStore, type TestStore } from '../support/start-test-store.ts';
import { createTestBucket, type TestBucket } from '../support/test-bucket.ts';

const origins = ['https://cms.example.com', 'https://shop.example.com'];
const foreignCors: CORSRule[] = [
  { ID: 'site', AllowedOrigins: ['https://www.example.com'], AllowedMethods: ['GET'], MaxAgeSeconds: 60 },
  { ID: 'backup', AllowedOrigins: ['https://backup.example.com'], AllowedMethods: ['PUT'], AllowedHeaders: ['x-own'] },
];
const foreignLifecycle: LifecycleRule[] = [
  { ID: 'archive', Status: 'Enabled', Filter: { Prefix: 'exports/' }, Expiration: { Days: 30 } },
  {
    ID: 'drafts',
    Status: 'Disabled',
    Filter: { And: { Prefix: 'drafts/', Tags: [{ Key: 'state', Value: 'old' }] } },
    Expiration: { Days: 7 },
  },
];

let folder: string;
let store: TestStore;
let target: TestBucket;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kuanary-bucket-setup-'));
  store = await startTestStore(folder, 'test-only-s3-secret-key-0123456789abcdef');
});
afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  target = await createTestBucket(store);
});
afterEach(() => target.remove());

async function readBoth(): Promise<{ cors: CORSRule[]; lifecycle: LifecycleRule[] }> {
  const cors = await readCorsRules(target.client, target.bucket);
  const lifecycle = await readLifecycleRules(target.client, target.bucket);
  if (cors.state !== 'read' || lifecycle.state !== 'read') throw new Error('the store refuses to show its rules');
  return { cors: cors.rules, lifecycle: lifecycle.rules };
}

async function putForeignRules(): Promise<void> {
  const { client, bucket } = target;
  await client.send(new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: { CORSRules: foreignCors } }));
  await client.send(
    new PutBucketLifecycleConfigurationCommand({ Bucket: bucket, LifecycleConfiguration: { Rules: foreignLifecycle } }),
  );
}

describe('setUpBucket', () => {
  it('gives an empty bucket our rules, and finds nothing to do the second time', async () => {
    const first = await setUpBucket(target, { origins });
    expect([first.cors.state, first.lifecycle.state]).toEqual(['changed', 'changed']);
    const { cors, lifecycle } = await readBoth();
    expect(cors.map(({ ID: id }) => id)).toEqual(['kuanary']);
    expect(cors[0]?.AllowedOrigins?.toSorted()).toEqual(origins);
    expect(lifecycle.map(({ ID: id }) => id).toSorted()).toEqual([
      'kuanary-commits',
      'kuanary-incoming',
      'kuanary-multipart',
      'kuanary-probe',
    ]);
    const second = await setUpBucket(target, { origins });
    expect([second.cors.state, second.lifecycle.state]).toEqual(['unchanged', 'unchanged']);
  });

  it('opens the bucket to browsers: a preflight from an allowed page passes, another does not', async () => {
    await setUpBucket(target, { origins });
    const preflight = (origin: string) =>
      fetch(`${store.endpoint}/${target.bucket}`, {
        method: 'OPTIONS',
        headers: { Origin: origin, 'Access-Control-Request-Method': 'POST' },
      });
    expect((await preflight('https://cms.example.com')).headers.get('access-control-allow-origin')).toBe(
      'https://cms.example.com',
    );
    expect((await preflight('https://elsewhere.example.com')).status).toBe(403);
  });

  it('keeps the rules of others and their order, and gives the original back when undone', async () => {
    await putForeignRules();
    const original = await readBoth();
    await setUpBucket(target, { origins });
    const setUp = await readBoth();
    expect(setUp.cors.map(({ ID: id }) => id)).toEqual(['kuanary', 'site', 'backup']);
    expect(setUp.cors.slice(1)).toEqual(original.cors);
    for (const rule of original.lifecycle) expect(setUp.lifecycle).toContainEqual(rule);
    await setUpBucket(target, { origins, undo: true });
    expect(await readBoth()).toEqual(original);
  });

  it('removes the whole configuration when nothing but our rules was in it', async () => {
    await setUpBucket(target, { origins });
    await setUpBucket(target, { origins: [], undo: true });
    await expect(target.client.send(new GetBucketCorsCommand({ Bucket: target.bucket }))).rejects.toMatchObject({
      name: 'NoSuchCORSConfiguration',
    });
    expect(await readBoth()).toEqual({ cors: [], lifecycle: [] });
  });

  it('changes nothing on a dry run, and tells what it would change', async () => {
    await putForeignRules();
    const original = await readBoth();
    const { cors, lifecycle } = await setUpBucket(target, { origins, dryRun: true });
    expect([cors.state, lifecycle.state]).toEqual(['different', 'different']);
    expect(lifecycle.changes.map(({ ruleId }) => ruleId)).toEqual([
      'kuanary-incoming',
      'kuanary-probe',
      'kuanary-commits',
      'kuanary-multipart',
    ]);
    expect(await readBoth()).toEqual(original);
  });

  it('mends a rule of ours that somebody has changed', async () => {
    await setUpBucket(target, { origins });
    const { lifecycle } = await readBoth();
    const shortened = lifecycle.map((rule) =>
      rule.ID === 'kuanary-commits' ? { ...rule, Expiration: { Days: 1 } } : rule,
    );
    await target.client.send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket: target.bucket,
        LifecycleConfiguration: { Rules: shortened },
      }),
    );
    const mended = await setUpBucket(target, { origins: ['https://cms.example.com'] });
    expect(mended.lifecycle.changes).toEqual([
      {
        ruleId: 'kuanary-commits',
        before: ['prefix   tmp/commits/', 'deletes  after 1 day'],
        after: ['prefix   tmp/commits/', 'deletes  after 90 days'],
      },
    ]);
    expect(mended.lifecycle.warnings.join('\n')).toContain('kuanary-commits');
    const { cors } = await readBoth();
    expect(cors.map(({ AllowedOrigins: allowed }) => allowed)).toEqual([['https://cms.example.com']]);
  });

  it('leaves CORS alone when no page may upload, and warns of foreign rules that delete images', async () => {
    await target.client.send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket: target.bucket,
        LifecycleConfiguration: {
          Rules: [{ ID: 'all', Status: 'Enabled', Filter: { Prefix: '' }, Expiration: { Days: 30 } }],
        },
      }),
    );
    const { cors, lifecycle } = await setUpBucket(target, { origins: [] });
    expect(cors.state).toBe('left_alone');
    expect(lifecycle.state).toBe('changed');
    expect(lifecycle.warnings.join('\n')).toContain('takes every image in the bucket');
    const after = await readBoth();
    expect(after.cors).toEqual([]);
    const kept: LifecycleRule = { ID: 'all', Status: 'Enabled', Filter: { Prefix: '' }, Expiration: { Days: 30 } };
    expect(after.lifecycle.some((rule) => rule.ID === 'all' && isSameLifecycleRule(rule, kept))).toBe(true);
  });

  it('touches no object', async () => {
    const { client, bucket } = target;
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'tmp/incoming/one', Body: 'x' }));
    await setUpBucket(target, { origins });
    await setUpBucket(target, { origins, undo: true });
    const { Contents: objects = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    expect(objects.map(({ Key: key }) => key)).toEqual(['tmp/incoming/one']);
  });
});

describe('createBucket', () => {
  it('leaves a bucket that is there as it is', async () => {
    await setUpBucket(target, { origins });
    await createBucket(target.client, target.bucket);
    expect((await readBoth()).cors).toHaveLength(1);
  });
});
