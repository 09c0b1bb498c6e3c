import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AbortMultipartUploadCommand,
  GetBucketCorsCommand,
  GetBucketLifecycleConfigurationCommand,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedStore, startEmbeddedStore } from './embedded-store.ts';
import { type RawAnswer, sendSigned } from './sign-request.ts';
import { createClient, createSuiteBucket, type SuiteBucket } from './suite-bucket.ts';

describe('the embedded store after a restart', () => {
  let store: EmbeddedStore;
  let suite: SuiteBucket;
  let folder: string;
  const request = (
    method: string,
    key: string,
    rest: { body?: string; headers?: Record<string, string>; query?: Record<string, string> } = {},
  ): Promise<RawAnswer> => sendSigned(store, { method, path: `/${suite.bucket}/${key}`, ...rest });
  /** Names of all files of the bucket. */
  const filesOf = async (): Promise<string[]> => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  };

  beforeEach(async () => {
    store = await startEmbeddedStore();
    suite = await createSuiteBucket(store);
    folder = join(store.dataFolder, 'buckets', suite.bucket);
  });
  afterEach(async () => {
    suite.client.destroy();
    await store.close();
  });

  it('has every object as it was', async () => {
    const headers = {
      'content-type': 'image/png',
      'x-amz-meta-a': 'a b',
      'cache-control': 'no-store',
      'x-amz-tagging': 't=1',
      'x-amz-acl': 'public-read',
    };
    await request('PUT', 'kept', { body: 'bytes', headers });
    await request('PUT', 'empty', { body: '' });
    await request('PUT', 'replaced', { body: 'old' });
    await request('PUT', 'replaced', { body: 'new' });
    await request('PUT', 'deleted', { body: 'x' });
    await request('DELETE', 'deleted');
    const before = await request('GET', 'kept');
    expect(before.status).toBe(200);

    await store.restart();

    const after = await request('GET', 'kept');
    const ofObject = ({
      'x-amz-request-id': _id,
      date: _date,
      ...rest
    }: Record<string, string>): Record<string, string> => rest;
    expect(ofObject(after.headers)).toEqual(ofObject(before.headers));
    expect(after.body.toString()).toBe('bytes');
    expect((await request('GET', 'replaced')).body.toString()).toBe('new');
    expect((await request('GET', 'empty')).status).toBe(200);
    expect((await request('GET', 'deleted')).status).toBe(404);
    expect(await filesOf()).toHaveLength(1 + 3 * 2);
  });

  it('has the configuration of its buckets', async () => {
    const Bucket = suite.bucket;
    const CORSRules = [
      {
        ID: 'a',
        AllowedOrigins: ['*'],
        AllowedMethods: ['GET'],
        AllowedHeaders: ['*'],
        ExposeHeaders: ['ETag'],
        MaxAgeSeconds: 5,
      },
    ];
    await suite.client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));
    const Rules = [{ ID: 'a', Status: 'Enabled' as const, Filter: { Prefix: 'tmp/' }, Expiration: { Days: 2 } }];
    await suite.client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));

    await store.restart();

    const client = createClient(store);
    expect((await client.send(new GetBucketCorsCommand({ Bucket }))).CORSRules).toEqual(CORSRules);
    expect((await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))).Rules).toEqual(Rules);
    client.destroy();
  });

  it('goes on with unfinished multipart uploads', async () => {
    const begun = await request('POST', 'parts', { query: { uploads: '' }, headers: { 'content-type': 'image/gif' } });
    const uploadId = /<UploadId>([^<]+)</.exec(begun.body.toString())?.[1] ?? '';
    const { headers } = await request('PUT', 'parts', { query: { partNumber: '1', uploadId }, body: 'first' });

    await store.restart();

    const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${headers['etag']}</ETag></Part></CompleteMultipartUpload>`;
    expect((await request('POST', 'parts', { query: { uploadId }, body })).status).toBe(200);
    const object = await request('GET', 'parts');
    expect([object.headers['content-type'], object.body.toString()]).toEqual(['image/gif', 'first']);

    await store.restart();
    expect((await request('POST', 'parts', { query: { uploadId }, body })).status).toBe(200);
    const client = createClient(store);
    const abort = new AbortMultipartUploadCommand({ Bucket: suite.bucket, Key: 'parts', UploadId: uploadId });
    await expect(client.send(abort)).rejects.toThrow(expect.objectContaining({ name: 'NoSuchUpload' }));
    client.destroy();
  });

  it('shows nothing of writes that a crash has torn, and tidies up', async () => {
    await request('PUT', 'whole', { body: 'whole' });
    const whole = await filesOf();

    await store.restart(async () => {
      // What a process leaves that dies: before the record, while it writes the record, while it makes a bucket or upload.
      await writeFile(join(folder, 'data', '00000000-0000-4000-8000-000000000000'), 'half of an obj');
      const [record = ''] = await readdir(join(folder, 'records'));
      await writeFile(join(folder, 'records', `${record}.1234.tmp`), '{"key":"who');
      await mkdir(join(folder, 'uploads', 'torn'));
      await mkdir(join(store.dataFolder, 'buckets', 'torn-bucket'));
      await mkdir(join(store.dataFolder, 'deleted', 'torn'), { recursive: true });
    });

    expect((await filesOf()).sort()).toEqual(whole.sort());
    expect((await request('GET', 'whole')).body.toString()).toBe('whole');
    expect((await sendSigned(store, { method: 'HEAD', path: '/torn-bucket' })).status).toBe(404);
    expect((await sendSigned(store, { method: 'PUT', path: '/torn-bucket' })).status).toBe(200);
    expect(await readdir(join(store.dataFolder, 'deleted'))).toEqual([]);
  });

  it('gives up an object whose bytes or record did not reach the disk', async () => {
    for (const key of ['cut', 'blank', 'whole']) await request('PUT', key, { body: `bytes of ${key}` });

    await store.restart(async () => {
      for (const name of await readdir(join(folder, 'records'))) {
        const path = join(folder, 'records', name);
        const { key, file } = JSON.parse(await readFile(path, 'utf8'));
        if (key === 'cut') await truncate(join(folder, 'data', file), 3);
        if (key === 'blank') await writeFile(path, Buffer.alloc(100));
      }
    });

    expect((await request('GET', 'cut')).status).toBe(404);
    expect((await request('GET', 'blank')).status).toBe(404);
    expect((await request('GET', 'whole')).body.toString()).toBe('bytes of whole');
    expect(await filesOf()).toHaveLength(3);
  });

  it('refuses to start in a folder that it does not understand, rather than tidy it up', async () => {
    await request('PUT', 'whole', { body: 'whole' });
    const [record = ''] = await readdir(join(folder, 'records'));
    const path = join(folder, 'records', record);
    const content = await readFile(path, 'utf8');
    const starting = store.restart(() => writeFile(path, '{"made":"by another program"}'));
    await expect(starting).rejects.toThrow(/is not a record of this object store/);
    await store.restart(() => writeFile(path, content));
    expect((await request('GET', 'whole')).body.toString()).toBe('whole');
  });
});
