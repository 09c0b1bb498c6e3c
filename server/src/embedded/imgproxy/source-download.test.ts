import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeStorage, fakeBucket, startFakeStorage } from '../../../test/imgproxy/fake-storage.ts';
import { createSourceStore, resolveSource, type SourceStore } from './source-download.ts';

describe('resolveSource', () => {
  const resolve = (url: string, isText = true) => resolveSource({ url, isText, extension: undefined }, 'b');

  it('allows objects at the root of the bucket that have an extension', () => {
    expect(resolve('s3://b/image-1.jpg')).toEqual({ key: 'image-1.jpg', versionId: undefined });
    expect(resolve('s3://b/a.jpg?v1')).toEqual({ key: 'a.jpg', versionId: 'v1' });
  });

  it.each(['s3://b/tmp/a.jpg', 's3://b/plain', 's3://bb/a.jpg', 's3://b//a.jpg', 'S3://b/a.jpg', 'http://b/a.jpg', ''])(
    'refuses %s as no allowed source',
    (url) => {
      expect(() => resolve(url)).toThrow('Invalid source URL');
    },
  );

  it.each([
    's3://b/../tmp/a.jpg',
    's3://b/a.b/../../tmp/c.jpg',
    's3://b/./a.jpg',
    's3://b/a\n.jpg',
    's3://b/a.jpg\x7f',
  ])('never asks the storage for %j', (url) => {
    expect(() => resolve(url)).toThrow('Source is unreachable');
  });

  it('answers 400 for a key that is no UTF-8', () => {
    expect(() => resolve('s3://b/\ufffd.jpg', false)).toThrow(expect.objectContaining({ status: 400 }));
  });
});

describe('createSourceStore', () => {
  let storage: FakeStorage;
  let store: SourceStore;
  const none = { ifNoneMatch: undefined, ifModifiedSince: undefined };
  const settings = (endpoint: string) => ({
    endpoint,
    region: 'local',
    bucket: fakeBucket,
    accessKey: 'TESTKEY',
    secretKey: 'secret',
    forcePathStyle: true,
  });
  const download = (key: string) => store.download({ key, versionId: undefined }, none, new AbortController().signal);

  beforeAll(async () => {
    storage = await startFakeStorage();
    storage.objects.set('a.jpg', Buffer.from('bytes'));
    storage.objects.set('large.jpg', Buffer.alloc(101));
    store = createSourceStore(settings(storage.endpoint), 100, 1500);
  });

  afterAll(async () => {
    store.close();
    await storage.close();
  });

  it('reads the bytes and their ETag', async () => {
    expect(await download('a.jpg')).toMatchObject({ bytes: Buffer.from('bytes'), etag: '"0123456789abcdef"' });
  });

  it('asks for the version that an address names', async () => {
    await store.download({ key: 'a.jpg', versionId: 'v1' }, none, new AbortController().signal);
    expect(storage.targets.at(-1)).toContain('versionId=v1');
  });

  it.each<[number | 'hang' | 'cut', number, string]>([
    [304, 304, 'not-modified'],
    [400, 400, 'Source is unreachable'],
    [403, 403, 'Source is unreachable'],
    [404, 404, 'Source is unreachable'],
    [500, 502, 'Source is unreachable'],
    [503, 502, 'Source is unreachable'],
    ['hang', 504, 'Source is unreachable'],
    ['cut', 422, 'Source response is incomplete'],
  ])('turns %s of the storage into %i', async (fault, status, message) => {
    const key = `fault-${fault}.jpg`;
    storage.faults.set(key, fault);
    if (fault === 304) {
      expect(await download(key)).toBe(message);
      return;
    }
    await expect(download(key)).rejects.toMatchObject({ status, message });
  });

  it('refuses what is larger than allowed', async () => {
    await expect(download('large.jpg')).rejects.toMatchObject({ status: 422, message: 'Invalid source image' });
  });

  it('answers 404 when nobody listens', async () => {
    const unused = await startFakeStorage();
    await unused.close();
    const unreachable = createSourceStore(settings(unused.endpoint), 100);
    const attempt = unreachable.download({ key: 'a.jpg', versionId: undefined }, none, new AbortController().signal);
    await expect(attempt).rejects.toMatchObject({ status: 404, message: 'Source is unreachable' });
    unreachable.close();
  });
});
