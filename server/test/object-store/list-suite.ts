import {
  DeleteObjectCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it } from 'vitest';
import { sendSigned } from './sign-request.ts';
import type { SuiteBucket } from './suite-bucket.ts';

// In byte order, which is not JavaScript's: U+FF5E comes before U+1F389, its UTF-16 code units after.
const keys = ['list/a', 'list/b/c', 'list/b/d', 'list/b0', 'list/c/', 'list/e f', 'list/ü', 'list/～', 'list/🎉'];

/** The three listings. */
export function describeListings(use: () => SuiteBucket): void {
  beforeAll(async () => {
    const { bucket, client } = use();
    for (const key of [...keys].reverse()) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: key }));
    }
  });

  const list = async (options: Partial<ConstructorParameters<typeof ListObjectsV2Command>[0]> = {}) => {
    const { bucket, client } = use();
    const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'list/', ...options }));
    const listed = (page.Contents ?? []).map(({ Key = '' }) => Key);
    return { page, listed, prefixes: (page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix) };
  };

  describe('ListObjectsV2', () => {
    it('lists keys in byte order, with size, time and ETag', async () => {
      const { page, listed } = await list();
      expect(listed).toEqual(keys);
      expect(page).toMatchObject({ KeyCount: keys.length, IsTruncated: false, MaxKeys: 1000, Prefix: 'list/' });
      expect(page.Contents?.[0]).toMatchObject({
        Size: 6,
        StorageClass: 'STANDARD',
        ETag: expect.stringMatching(/^"[0-9a-f]{32}"$/),
      });
      expect(Math.abs((page.Contents?.[0]?.LastModified?.getTime() ?? 0) - Date.now())).toBeLessThan(10 * 60_000);
    });

    it('rolls keys up to common prefixes', async () => {
      const { listed, prefixes, page } = await list({ Delimiter: '/' });
      expect(prefixes).toEqual(['list/b/', 'list/c/']);
      expect(listed).toEqual(['list/a', 'list/b0', 'list/e f', 'list/ü', 'list/～', 'list/🎉']);
      expect(page.KeyCount).toBe(8);
    });

    it.each([1, 2, 3, 8, 9])('pages by %i without losing or repeating anything', async (MaxKeys) => {
      for (const options of [{}, { Delimiter: '/' }]) {
        const seen: string[] = [];
        let token: string | undefined;
        do {
          const { page, listed, prefixes } = await list({ ...options, MaxKeys, ContinuationToken: token });
          expect(listed.length + prefixes.length).toBeLessThanOrEqual(MaxKeys);
          seen.push(...listed, ...prefixes);
          token = page.NextContinuationToken;
          expect(token !== undefined).toBe(page.IsTruncated);
        } while (token !== undefined);
        const whole = await list(options);
        expect(seen.sort()).toEqual([...whole.listed, ...whole.prefixes].sort());
      }
    });

    it('begins behind start-after', async () => {
      expect((await list({ StartAfter: 'list/b/d' })).listed).toEqual(keys.slice(3));
      expect((await list({ StartAfter: 'list/b' })).listed).toEqual(keys.slice(1));
      expect((await list({ StartAfter: 'zzz' })).listed).toEqual([]);
      expect((await list({ StartAfter: 'list/b/c', Delimiter: '/' })).prefixes).toEqual(['list/c/']);
    });

    it('answers max-keys 0 with nothing', async () => {
      const { page, listed } = await list({ MaxKeys: 0 });
      expect([listed, page.IsTruncated]).toEqual([[], false]);
    });

    it('encodes keys where it is asked to', async () => {
      const { page, listed } = await list({ EncodingType: 'url' });
      expect(page.EncodingType).toBe('url');
      expect(listed.map(decodeURIComponent)).toEqual(keys);
      expect(listed).toContain('list%2Fe%20f');
    });

    it('carries characters that XML has to escape', async () => {
      const { bucket, client } = use();
      const key = 'odd/<&>"\'\r\n\t\u0001';
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'x' }));
      expect((await list({ Prefix: 'odd/' })).listed).toEqual([key]);
      // Not left to DeleteObjects: its document cannot carry such a key to RadosGW.
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    });

    it('refuses max-keys that is no number', async () => {
      const { address, bucket } = use();
      const query = { 'list-type': '2', 'max-keys': 'many' };
      const { status, code } = await sendSigned(address, { method: 'GET', path: `/${bucket}`, query });
      expect([status, code]).toEqual([400, 'InvalidArgument']);
    });

    it('gives the owner where it is asked to', async () => {
      expect((await list({ FetchOwner: true })).page.Contents?.[0]?.Owner?.ID).toBeTruthy();
      expect((await list()).page.Contents?.[0]?.Owner).toBeUndefined();
    });
  });

  describe('ListObjects', () => {
    it('pages by marker', async () => {
      const { bucket: Bucket, client } = use();
      const first = await client.send(new ListObjectsCommand({ Bucket, Prefix: 'list/', Delimiter: '/', MaxKeys: 2 }));
      expect(first.Contents?.map(({ Key }) => Key)).toEqual(['list/a']);
      expect(first).toMatchObject({ IsTruncated: true, NextMarker: 'list/b/' });
      const next = await client.send(
        new ListObjectsCommand({ Bucket, Prefix: 'list/', Delimiter: '/', Marker: first.NextMarker }),
      );
      expect(next.Contents?.map(({ Key }) => Key)).toEqual(['list/b0', 'list/e f', 'list/ü', 'list/～', 'list/🎉']);
      expect(next.CommonPrefixes).toEqual([{ Prefix: 'list/c/' }]);
    });
  });

  describe('ListObjectVersions', () => {
    it('gives each object as its latest version, "null"', async () => {
      const { bucket: Bucket, client } = use();
      const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix: 'list/' }));
      expect(Versions.map(({ Key }) => Key)).toEqual(keys);
      expect(new Set(Versions.map(({ VersionId, IsLatest }) => `${VersionId} ${IsLatest}`))).toEqual(
        new Set(['null true']),
      );
    });
  });
}
