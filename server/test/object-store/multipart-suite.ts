import { createHash, randomUUID } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { presign, type RawAnswer, send, sendSigned } from './sign-request.ts';
import type { SuiteBucket } from './suite-bucket.ts';

const big = Buffer.alloc(5 * 1024 * 1024, 'a');
const md5 = (data: string | Uint8Array): string => createHash('md5').update(data).digest('hex');
const etags = { big: md5(big), tail: md5('tail') };
type Part = [number: number, etag: string];

/** Multipart uploads. */
export function describeMultipartUploads(use: () => SuiteBucket): void {
  const outcome = ({ status, code }: RawAnswer): string => `${status} ${code}`.trim();
  const request = (
    method: string,
    key: string,
    query: Record<string, string>,
    body: string | Uint8Array = '',
    headers = {},
  ): Promise<RawAnswer> => {
    const { address, bucket } = use();
    return sendSigned(address, { method, path: `/${bucket}/${key}`, query, body, headers });
  };
  const begin = async (key: string, headers: Record<string, string> = {}): Promise<string> => {
    const { body } = await request('POST', key, { uploads: '' }, '', headers);
    return /<UploadId>([^<]+)</.exec(body.toString())?.[1] ?? '';
  };
  const putPart = (
    key: string,
    uploadId: string,
    partNumber: number | string,
    body: string | Uint8Array,
  ): Promise<RawAnswer> =>
    request('PUT', key, { partNumber: String(partNumber), uploadId: encodeURIComponent(uploadId) }, body);
  const complete = (key: string, uploadId: string, parts: Part[]): Promise<RawAnswer> => {
    const document = parts.map(
      ([number, etag]) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`,
    );
    const body = `<CompleteMultipartUpload>${document.join('')}</CompleteMultipartUpload>`;
    return request('POST', key, { uploadId: encodeURIComponent(uploadId) }, body);
  };
  /** An upload of two parts. */
  const prepare = async (): Promise<{ key: string; uploadId: string }> => {
    const key = `multipart/${randomUUID()}`;
    const uploadId = await begin(key, { 'content-type': 'image/tiff', 'x-amz-meta-u': '1' });
    await putPart(key, uploadId, 2, 'tail');
    await putPart(key, uploadId, 1, big);
    return { key, uploadId };
  };

  describe('CompleteMultipartUpload', () => {
    it('makes one object of the parts, with what the beginning said of it', async () => {
      const { key, uploadId } = await prepare();
      expect(outcome(await request('GET', key, {}))).toBe('404 NoSuchKey');
      const answer = await complete(key, uploadId, [
        [1, etags.big],
        [2, etags.tail],
      ]);
      expect(answer.body.toString()).toMatch(
        new RegExp(`<Location>http://[^<]*/${key}</Location><Bucket>[^<]*</Bucket><Key>${key}</Key>`),
      );
      const { headers, body } = await request('GET', key, {});
      const etag = createHash('md5').update(etags.big, 'hex').update(etags.tail, 'hex').digest('hex');
      expect(headers).toMatchObject({ etag: `"${etag}-2"`, 'content-type': 'image/tiff', 'x-amz-meta-u': '1' });
      expect(body.equals(Buffer.concat([big, Buffer.from('tail')]))).toBe(true);
    });

    it('answers 200 a second time', async () => {
      const { key, uploadId } = await prepare();
      const parts: Part[] = [
        [1, etags.big],
        [2, etags.tail],
      ];
      expect(outcome(await complete(key, uploadId, parts))).toBe('200');
      expect(outcome(await complete(key, uploadId, parts))).toBe('200');
      expect(outcome(await request('DELETE', key, { uploadId: encodeURIComponent(uploadId) }))).toBe(
        '404 NoSuchUpload',
      );
    });

    it('takes the last upload of a part, and parts in any order', async () => {
      const { key, uploadId } = await prepare();
      await putPart(key, uploadId, 2, 'other tail');
      expect(
        outcome(
          await complete(key, uploadId, [
            [2, `&quot;${md5('other tail')}&quot;`],
            [1, etags.big],
          ]),
        ),
      ).toBe('200');
      expect((await request('GET', key, {})).body.subarray(big.length).toString()).toBe('other tail');
    });

    it.each<[string, Part[], string]>([
      ['a part left out', [[1, etags.big]], '400 InvalidPart'],
      [
        'a wrong ETag',
        [
          [1, etags.tail],
          [2, etags.tail],
        ],
        '400 InvalidPart',
      ],
      [
        'a part that was never uploaded',
        [
          [1, etags.big],
          [2, etags.tail],
          [3, etags.tail],
        ],
        '400 InvalidPart',
      ],
      ['no parts', [], '400 MalformedXML'],
    ])('refuses %s', async (_what, parts, expected) => {
      const { key, uploadId } = await prepare();
      expect(outcome(await complete(key, uploadId, parts))).toBe(expected);
      expect(outcome(await request('GET', key, {}))).toBe('404 NoSuchKey');
    });

    it('refuses a part under 5 MiB that is not the last', async () => {
      const key = `multipart/${randomUUID()}`;
      const uploadId = await begin(key);
      await putPart(key, uploadId, 1, 'small');
      await putPart(key, uploadId, 2, 'tail');
      expect(
        outcome(
          await complete(key, uploadId, [
            [1, md5('small')],
            [2, etags.tail],
          ]),
        ),
      ).toBe('400 EntityTooSmall');
    });
  });

  describe('UploadPart', () => {
    it('works through a presigned address', async () => {
      const { address, bucket } = use();
      const key = `multipart/${randomUUID()}`;
      const uploadId = await begin(key);
      const query = { partNumber: '1', uploadId: encodeURIComponent(uploadId) };
      const answer = await send(address, {
        ...presign(address, { method: 'PUT', path: `/${bucket}/${key}`, query }),
        body: 'part',
      });
      expect([answer.status, answer.headers['etag']]).toEqual([200, `"${md5('part')}"`]);
    });

    it('refuses an unknown upload, one of another key, and a number that is none', async () => {
      const { key, uploadId } = await prepare();
      expect(outcome(await putPart(key, 'unknown', 1, 'x'))).toBe('404 NoSuchUpload');
      expect(outcome(await putPart(`${key}-other`, uploadId, 1, 'x'))).toBe('404 NoSuchUpload');
      expect(outcome(await putPart(key, uploadId, 'first', 'x'))).toBe('400 InvalidArgument');
    });

    it('copies a part from a range of another object', async () => {
      const { bucket: Bucket, client } = use();
      await request('PUT', 'multipart/source', {}, '0123456789');
      const Key = `multipart/${randomUUID()}`;
      const UploadId = await begin(Key);
      const part = { Bucket, Key, UploadId, PartNumber: 1, CopySource: `${Bucket}/multipart/source` };
      await expect(client.send(new UploadPartCopyCommand({ ...part, CopySourceRange: 'bytes=3-10' }))).rejects.toThrow(
        expect.objectContaining({ name: 'InvalidRange' }),
      );
      const { CopyPartResult } = await client.send(
        new UploadPartCopyCommand({ ...part, CopySourceRange: 'bytes=3-5' }),
      );
      const Parts = [{ PartNumber: 1, ETag: CopyPartResult?.ETag }];
      await client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
      expect((await request('GET', Key, {})).body.toString()).toBe('345');
    });
  });

  describe('ListParts and ListMultipartUploads', () => {
    it('list what there is, by pages', async () => {
      const { bucket: Bucket, client } = use();
      const { key: Key, uploadId: UploadId } = await prepare();
      const { Parts } = await client.send(new ListPartsCommand({ Bucket, Key, UploadId }));
      expect(Parts).toMatchObject([
        { PartNumber: 1, Size: big.length, ETag: `"${etags.big}"` },
        { PartNumber: 2, Size: 4, ETag: `"${etags.tail}"` },
      ]);
      const page = await client.send(new ListPartsCommand({ Bucket, Key, UploadId, MaxParts: 1 }));
      expect(page).toMatchObject({ IsTruncated: true, NextPartNumberMarker: '1' });
      const next = await client.send(new ListPartsCommand({ Bucket, Key, UploadId, PartNumberMarker: '1' }));
      expect(next.Parts?.map(({ PartNumber }) => PartNumber)).toEqual([2]);

      const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: Key }));
      expect(Uploads).toMatchObject([{ Key, UploadId }]);
    });

    it('refuse an unknown upload with NoSuchKey, as RadosGW', async () => {
      expect(outcome(await request('GET', 'multipart/any', { uploadId: 'unknown' }))).toBe('404 NoSuchKey');
    });
  });

  describe('AbortMultipartUpload', () => {
    it('answers 204 once, then NoSuchUpload', async () => {
      const { bucket: Bucket, client } = use();
      const { key: Key, uploadId: UploadId } = await prepare();
      const abort = new AbortMultipartUploadCommand({ Bucket, Key, UploadId });
      await client.send(abort);
      await expect(client.send(abort)).rejects.toThrow(expect.objectContaining({ name: 'NoSuchUpload' }));
      await expect(
        client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'x' })),
      ).rejects.toThrow(expect.objectContaining({ name: 'NoSuchUpload' }));
    });
  });
}
