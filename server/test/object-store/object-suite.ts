import { createHash, randomUUID } from 'node:crypto';
import {
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it } from 'vitest';
import { type RawAnswer, sendSigned } from './sign-request.ts';
import type { SuiteBucket } from './suite-bucket.ts';

const digits = '0123456789abcdef';
const etag = createHash('md5').update(digits).digest('hex');
const hourMs = 3600_000;
const httpDate = (offsetMs: number): string => new Date(Date.now() + offsetMs).toUTCString();

/** PUT, GET, HEAD and DELETE of single objects. */
export function describeObjects(use: () => SuiteBucket): void {
  const request = (
    method: string,
    key: string,
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<RawAnswer> => {
    const { address, bucket } = use();
    return sendSigned(address, { method, path: `/${bucket}/${key}`, headers, ...(body === undefined ? {} : { body }) });
  };
  const outcome = ({ status, code }: RawAnswer): string => `${status} ${code}`.trim();

  describe('GetObject and HeadObject', () => {
    beforeAll(async () => {
      const headers = {
        'content-type': 'image/jpeg',
        'cache-control': 'max-age=5',
        'content-disposition': 'inline',
        'x-amz-meta-uuid': 'U1',
      };
      await request('PUT', 'read/digits', headers, digits);
      await request('PUT', 'read/empty', {}, '');
    });

    it.each(['GET', 'HEAD'])('give the headers of the object: %s', async (method) => {
      const { headers, body } = await request(method, 'read/digits');
      expect(headers).toMatchObject({
        'content-length': '16',
        'content-type': 'image/jpeg',
        'cache-control': 'max-age=5',
        'content-disposition': 'inline',
        'accept-ranges': 'bytes',
        etag: `"${etag}"`,
        'x-amz-meta-uuid': 'U1',
      });
      expect(Math.abs(Date.parse(headers['last-modified'] ?? '') - Date.now())).toBeLessThan(10 * 60_000);
      expect(body.toString()).toBe(method === 'GET' ? digits : '');
    });

    it('call an object without a type binary/octet-stream', async () => {
      expect((await request('HEAD', 'read/empty')).headers['content-type']).toBe('binary/octet-stream');
    });

    it.each([
      ['bytes=0-3', 'bytes 0-3/16', '0123'],
      ['bytes=10-', 'bytes 10-15/16', 'abcdef'],
      ['bytes=-4', 'bytes 12-15/16', 'cdef'],
      ['bytes=-100', 'bytes 0-15/16', digits],
      ['bytes=4-999', 'bytes 4-15/16', digits.slice(4)],
      ['bytes=0-99999999999999999999', 'bytes 0-15/16', digits],
      ['BYTES=0-0', 'bytes 0-0/16', '0'],
      ['bytes=0-1,3-4', 'bytes 0-1/16', '01'],
    ])('answer the range %s with 206', async (range, contentRange, bytes) => {
      const whole = await request('GET', 'read/digits', { range });
      expect([whole.status, whole.headers['content-range'], whole.body.toString()]).toEqual([206, contentRange, bytes]);
      const head = await request('HEAD', 'read/digits', { range });
      expect([head.status, head.headers['content-range'], head.headers['content-length']]).toEqual([
        206,
        contentRange,
        String(bytes.length),
      ]);
    });

    it.each(['bytes=16-', 'bytes=100-200', 'bytes=5-2', 'bytes=abc', 'bytes=99999999999999999999-'])(
      'refuse the range %s',
      async (range) => {
        expect(outcome(await request('GET', 'read/digits', { range }))).toBe('416 InvalidRange');
      },
    );

    it('refuse every range of an empty object', async () => {
      expect(outcome(await request('GET', 'read/empty', { range: 'bytes=0-0' }))).toBe('416 InvalidRange');
      expect(outcome(await request('GET', 'read/empty', { range: 'bytes=-4' }))).toBe('416 InvalidRange');
    });

    it.each(['garbage', 'items=0-1'])('give everything where Range is %j', async (range) => {
      const { status, body } = await request('GET', 'read/digits', { range });
      expect([status, body.toString()]).toEqual([200, digits]);
    });

    it.each([
      ['if-none-match', `"${etag}"`, '304'],
      ['if-none-match', etag, '304'],
      ['if-none-match', '"other"', '200'],
      ['if-none-match', '*', '200'],
      ['if-match', `"${etag}"`, '200'],
      ['if-match', etag, '200'],
      ['if-match', '"other"', '412 PreconditionFailed'],
      ['if-modified-since', httpDate(hourMs), '304'],
      ['if-modified-since', httpDate(-hourMs), '200'],
      ['if-modified-since', 'yesterday', '400 InvalidArgument'],
      ['if-unmodified-since', httpDate(-hourMs), '412 PreconditionFailed'],
      ['if-unmodified-since', httpDate(hourMs), '200'],
    ])('judge %s: %s → %s', async (name, value, expected) => {
      const answer = await request('GET', 'read/digits', { [name]: value });
      expect(outcome(answer)).toBe(expected);
      if (expected === '304') expect(answer.body).toHaveLength(0);
    });

    it('let the ETag decide over the time', async () => {
      const times = { 'if-modified-since': httpDate(hourMs), 'if-unmodified-since': httpDate(-hourMs) };
      expect(outcome(await request('GET', 'read/digits', { ...times, 'if-match': etag, 'if-none-match': '"x"' }))).toBe(
        '200',
      );
    });

    it('answer response-* parameters in place of the headers', async () => {
      const { bucket, client } = use();
      const answer = await client.send(
        new GetObjectCommand({
          Bucket: bucket,
          Key: 'read/digits',
          ResponseContentType: 'text/css',
          ResponseContentDisposition: 'attachment; filename="a"',
          ResponseCacheControl: 'no-store',
        }),
      );
      expect(answer).toMatchObject({
        ContentType: 'text/css',
        ContentDisposition: 'attachment; filename="a"',
        CacheControl: 'no-store',
      });
      expect(await answer.Body?.transformToString()).toBe(digits);
    });

    it('answer 404 for a missing key, HEAD without a body', async () => {
      expect(outcome(await request('GET', 'read/missing'))).toBe('404 NoSuchKey');
      const head = await request('HEAD', 'read/missing');
      expect([head.status, head.body.length]).toEqual([404, 0]);
      const { bucket, client } = use();
      await expect(client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'read/missing' }))).rejects.toThrow(
        expect.objectContaining({ name: 'NotFound' }),
      );
    });

    it('know the version "null" only', async () => {
      const { address, bucket } = use();
      const get = (versionId: string): Promise<RawAnswer> =>
        sendSigned(address, { method: 'GET', path: `/${bucket}/read/digits`, query: { versionId } });
      expect(outcome(await get('null'))).toBe('200');
      expect(outcome(await get('other'))).toBe('404 NoSuchKey');
    });
  });

  describe('PutObject', () => {
    it('answers the MD5 as ETag', async () => {
      const { status, headers } = await request('PUT', 'put/etag', {}, digits);
      expect([status, headers['etag']]).toEqual([200, `"${etag}"`]);
    });

    it('takes keys of 1024 bytes, no more', async () => {
      expect(outcome(await request('PUT', 'k'.repeat(1024), {}, ''))).toBe('200');
      expect(outcome(await request('PUT', 'k'.repeat(1025), {}, ''))).toBe('400 InvalidObjectName');
    });

    it.each([
      ['If-None-Match: * on a new key', 'new', { 'if-none-match': '*' }, '200'],
      ['If-None-Match: * on an existing key', 'there', { 'if-none-match': '*' }, '412 PreconditionFailed'],
      ['If-None-Match with an ETag, which means nothing', 'there', { 'if-none-match': `"${etag}"` }, '200'],
      ['If-Match with the ETag, unquoted', 'there', { 'if-match': etag }, '200'],
      [
        'If-Match with the ETag, quoted: Reef refuses it',
        'there',
        { 'if-match': `"${etag}"` },
        '412 PreconditionFailed',
      ],
      ['If-Match with another ETag', 'there', { 'if-match': 'other' }, '412 PreconditionFailed'],
      ['If-Match: * on an existing key', 'there', { 'if-match': '*' }, '200'],
      ['If-Match: * on a missing key', 'new', { 'if-match': '*' }, '412 PreconditionFailed'],
      ['If-Match on a missing key', 'new', { 'if-match': etag }, '412 PreconditionFailed'],
    ])('decides %s', async (_what, state, headers, expected) => {
      const key = `put/${randomUUID()}`;
      if (state === 'there') await request('PUT', key, {}, digits);
      expect(outcome(await request('PUT', key, headers, digits))).toBe(expected);
    });

    it('lets one of 20 concurrent writers with If-None-Match: * win', async () => {
      const key = `put/race-${randomUUID()}`;
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, writer) => request('PUT', key, { 'if-none-match': '*' }, `writer ${writer}`)),
      );
      const winners = answers.flatMap(({ status }, writer) => (status === 200 ? [`writer ${writer}`] : []));
      expect(winners).toHaveLength(1);
      expect(answers.filter((answer) => outcome(answer) === '412 PreconditionFailed')).toHaveLength(19);
      expect((await request('GET', key)).body.toString()).toBe(winners[0]);
    });

    it.each([
      ['a wrong Content-MD5', { 'content-md5': createHash('md5').update('x').digest('base64') }, '400 BadDigest'],
      ['a Content-MD5 that is none', { 'content-md5': 'AAAA' }, '400 InvalidDigest'],
      ['an unknown storage class', { 'x-amz-storage-class': 'BOGUS' }, '400 InvalidArgument'],
      ['an ACL that is none', { 'x-amz-acl': 'everybody' }, '400 InvalidArgument'],
      [
        '11 tags',
        { 'x-amz-tagging': Array.from({ length: 11 }, (_, n) => `t${n}=1`).join('&') },
        '400 InvalidArgument',
      ],
    ])('refuses %s and stores nothing', async (_what, headers, expected) => {
      const key = `put/${randomUUID()}`;
      expect(outcome(await request('PUT', key, headers, digits))).toBe(expected);
      expect(outcome(await request('GET', key))).toBe('404 NoSuchKey');
    });

    it('ignores x-amz-checksum-*, even a wrong one', async () => {
      const { status } = await request('PUT', 'put/checksum', { 'x-amz-checksum-sha256': 'AAAA' }, digits);
      expect(status).toBe(200);
    });

    it('keeps the old object whole for who is reading it while it is replaced', async () => {
      const { bucket, client } = use();
      const content = (letter: string): Buffer => Buffer.alloc(8 * 1024 * 1024, letter);
      const put = (letter: string) =>
        client.send(new PutObjectCommand({ Bucket: bucket, Key: 'put/replaced', Body: content(letter) }));
      await put('a');
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'put/replaced' }));
      await put('b');
      expect(content('a').equals(Buffer.from((await Body?.transformToByteArray()) ?? []))).toBe(true);
    });
  });

  describe('DeleteObject and DeleteObjects', () => {
    it('answer 204, also for what is not there', async () => {
      await request('PUT', 'delete/one', {}, 'x');
      expect(outcome(await request('DELETE', 'delete/one'))).toBe('204');
      expect(outcome(await request('DELETE', 'delete/one'))).toBe('204');
      expect(outcome(await request('GET', 'delete/one'))).toBe('404 NoSuchKey');
    });

    it('ignore If-Match', async () => {
      await request('PUT', 'delete/if-match', {}, 'x');
      expect(outcome(await request('DELETE', 'delete/if-match', { 'if-match': '"other"' }))).toBe('204');
      expect(outcome(await request('GET', 'delete/if-match'))).toBe('404 NoSuchKey');
    });

    it('delete several at once and name them, or stay quiet', async () => {
      const { bucket, client } = use();
      const keys = ['delete/a b', 'delete/<&>"\'', 'delete/ü', 'delete/missing'];
      for (const key of keys.slice(0, 3))
        await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'x' }));
      const Objects = keys.map((Key) => ({ Key }));
      const { Deleted = [], Errors } = await client.send(
        new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }),
      );
      expect(Deleted.map(({ Key }) => Key).sort()).toEqual([...keys].sort());
      expect(Errors).toBeUndefined();
      const quiet = await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }));
      expect(quiet.Deleted).toBeUndefined();
      for (const key of ['a%20b', '%C3%BC'])
        expect(outcome(await request('GET', `delete/${key}`))).toBe('404 NoSuchKey');
    });

    it('leave the object alone when they name a version that cannot be', async () => {
      const { bucket, client } = use();
      await request('PUT', 'delete/version', {}, 'x');
      await client.send(
        new DeleteObjectsCommand({
          Bucket: bucket,
          Delete: { Objects: [{ Key: 'delete/version', VersionId: 'other' }] },
        }),
      );
      expect(outcome(await request('GET', 'delete/version'))).toBe('200');
    });
  });

  describe('object tagging', () => {
    it('is put, read, counted and deleted', async () => {
      const { bucket: Bucket, client } = use();
      const Key = 'tags/object';
      const tagsNow = async () => (await client.send(new GetObjectTaggingCommand({ Bucket, Key }))).TagSet;
      await client.send(new PutObjectCommand({ Bucket, Key, Body: 'x', Tagging: 'a=1&b=x%20y' }));
      expect(await tagsNow()).toEqual([
        { Key: 'a', Value: '1' },
        { Key: 'b', Value: 'x y' },
      ]);
      await client.send(
        new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet: [{ Key: 'c', Value: '<&>' }] } }),
      );
      expect(await tagsNow()).toEqual([{ Key: 'c', Value: '<&>' }]);
      expect((await request('HEAD', Key)).headers['x-amz-tagging-count']).toBe('1');
      await client.send(new DeleteObjectTaggingCommand({ Bucket, Key }));
      expect(await tagsNow()).toEqual([]);
    });

    it('is refused where it is malformed or the object is missing', async () => {
      const put = async (key: string, body: string): Promise<string> => {
        const { address, bucket } = use();
        return outcome(
          await sendSigned(address, { method: 'PUT', path: `/${bucket}/${key}`, query: { tagging: '' }, body }),
        );
      };
      await request('PUT', 'tags/other', {}, 'x');
      expect(await put('tags/other', 'nothing')).toBe('400 MalformedXML');
      expect(
        await put('tags/other', `<Tagging><TagSet><Tag><Key>${'k'.repeat(129)}</Key><Value/></Tag></TagSet></Tagging>`),
      ).toBe('400 InvalidTag');
      expect(await put('tags/missing', '<Tagging><TagSet></TagSet></Tagging>')).toBe('404 NoSuchKey');
    });
  });
}
