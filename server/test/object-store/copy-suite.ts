import { createHash, randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { presign, type RawAnswer, send, sendSigned } from './sign-request.ts';
import type { SuiteBucket } from './suite-bucket.ts';

const etag = createHash('md5').update('original').digest('hex');
const odd = 'copy/a b+c%25ü?#';
const oddEncoded = 'copy/a%20b%2Bc%2525%C3%BC%3F%23';

/** CopyObject. */
export function describeCopies(use: () => SuiteBucket): void {
  const request = (
    method: string,
    key: string,
    headers: Record<string, string> = {},
    body = '',
  ): Promise<RawAnswer> => {
    const { address, bucket } = use();
    return sendSigned(address, { method, path: `/${bucket}/${key}`, headers, body });
  };
  const copy = (source: string, target: string, headers: Record<string, string> = {}): Promise<RawAnswer> =>
    request('PUT', target, { 'x-amz-copy-source': source, ...headers });
  const fromBucket = (key: string): string => `${use().bucket}/${key}`;
  const outcome = ({ status, code }: RawAnswer): string => `${status} ${code}`.trim();

  describe('CopyObject', () => {
    beforeAll(async () => {
      const headers = {
        'content-type': 'image/jpeg',
        'x-amz-meta-a': '1',
        'cache-control': 'max-age=5',
        'x-amz-tagging': 't=1',
      };
      await request('PUT', 'copy/source', headers, 'original');
      await request('PUT', oddEncoded, {}, odd);
    });

    it('copies bytes, headers, metadata and tags', async () => {
      const answer = await copy(fromBucket('copy/source'), 'copy/plain');
      expect(outcome(answer)).toBe('200');
      expect(answer.body.toString()).toMatch(
        new RegExp(`<CopyObjectResult.*<LastModified>\\d{4}-.*<ETag>&quot;${etag}&quot;</ETag>`),
      );
      const { headers, body } = await request('GET', 'copy/plain');
      expect(headers).toMatchObject({
        'content-type': 'image/jpeg',
        'x-amz-meta-a': '1',
        'cache-control': 'max-age=5',
        etag: `"${etag}"`,
        'x-amz-tagging-count': '1',
      });
      expect(body.toString()).toBe('original');
    });

    it('keeps the copy when the source is overwritten or deleted', async () => {
      await request('PUT', 'copy/passing', {}, 'before');
      await copy(fromBucket('copy/passing'), 'copy/kept');
      await request('PUT', 'copy/passing', {}, 'after');
      await request('DELETE', 'copy/passing');
      expect((await request('GET', 'copy/kept')).body.toString()).toBe('before');
    });

    it('takes other metadata with REPLACE, and none of the old', async () => {
      const headers = { 'x-amz-metadata-directive': 'REPLACE', 'content-type': 'image/webp', 'x-amz-meta-b': '2' };
      await copy(fromBucket('copy/source'), 'copy/replaced', headers);
      const replaced = (await request('HEAD', 'copy/replaced')).headers;
      expect(replaced).toMatchObject({ 'content-type': 'image/webp', 'x-amz-meta-b': '2' });
      expect(replaced).not.toHaveProperty('x-amz-meta-a');
      expect(replaced).not.toHaveProperty('cache-control');
      await copy(fromBucket('copy/source'), 'copy/replaced', { 'x-amz-metadata-directive': 'REPLACE' });
      expect((await request('HEAD', 'copy/replaced')).headers['content-type']).toBe('binary/octet-stream');
    });

    it('ignores new metadata without REPLACE', async () => {
      await copy(fromBucket('copy/source'), 'copy/ignored', { 'content-type': 'image/webp', 'x-amz-meta-b': '2' });
      const { headers } = await request('HEAD', 'copy/ignored');
      expect(headers['content-type']).toBe('image/jpeg');
      expect(headers).not.toHaveProperty('x-amz-meta-b');
    });

    it('copies an object onto itself only with REPLACE', async () => {
      await request('PUT', 'copy/self', {}, 'original');
      expect(outcome(await copy(fromBucket('copy/self'), 'copy/self'))).toBe('400 InvalidRequest');
      const headers = { 'x-amz-metadata-directive': 'REPLACE', 'content-type': 'image/png' };
      expect(outcome(await copy(fromBucket('copy/self'), 'copy/self', headers))).toBe('200');
      const { headers: copied, body } = await request('GET', 'copy/self');
      expect([copied['content-type'], body.toString()]).toEqual(['image/png', 'original']);
    });

    it('takes a percent-encoded source, with or without a slash before it', async () => {
      for (const source of [
        fromBucket(oddEncoded),
        `/${fromBucket(oddEncoded)}`,
        encodeURIComponent(fromBucket(odd)),
      ]) {
        expect(outcome(await copy(source, 'copy/odd')), source).toBe('200');
        expect((await request('GET', 'copy/odd')).body.toString()).toBe(odd);
      }
    });

    it.each([
      ['if-match', etag, '200'],
      ['if-match', `"${etag}"`, '200'],
      ['if-match', '"other"', '412 PreconditionFailed'],
      ['if-unmodified-since', 'Mon, 01 Jan 2001 00:00:00 GMT', '412 PreconditionFailed'],
    ])('judges x-amz-copy-source-%s: %s → %s', async (name, value, expected) => {
      const target = `copy/${randomUUID()}`;
      expect(outcome(await copy(fromBucket('copy/source'), target, { [`x-amz-copy-source-${name}`]: value }))).toBe(
        expected,
      );
      expect(outcome(await request('GET', target))).toBe(expected === '200' ? '200' : '404 NoSuchKey');
    });

    it('ignores conditions on the target', async () => {
      await request('PUT', 'copy/target', {}, 'x');
      expect(outcome(await copy(fromBucket('copy/source'), 'copy/target', { 'if-none-match': '*' }))).toBe('200');
      expect((await request('GET', 'copy/target')).body.toString()).toBe('original');
    });

    it.each([
      ['a missing source', () => fromBucket('copy/missing'), '404 NoSuchKey'],
      ['a missing source bucket', () => `missing-${randomUUID()}/key`, '404 NoSuchBucket'],
      ['a source without a key', () => use().bucket, '400 InvalidArgument'],
      ['an empty source', () => '', '400 InvalidArgument'],
      ['a source of another version', () => `${fromBucket('copy/source')}?versionId=other`, '404 NoSuchKey'],
    ])('refuses %s', async (_what, source, expected) => {
      expect(outcome(await copy(source(), 'copy/refused'))).toBe(expected);
    });

    it('refuses a directive that is none', async () => {
      expect(
        outcome(await copy(fromBucket('copy/source'), 'copy/refused', { 'x-amz-metadata-directive': 'MOVE' })),
      ).toBe('400 InvalidArgument');
    });

    it('works through a presigned address that signs its source', async () => {
      const { address, bucket } = use();
      const signed = presign(address, {
        method: 'PUT',
        path: `/${bucket}/copy/presigned`,
        headers: { 'x-amz-copy-source': fromBucket('copy/source') },
      });
      expect(outcome(await send(address, { ...signed, body: '' }))).toBe('200');
    });
  });
}
