import { createHash, createHmac, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import {
  amzDateOf,
  type RawAnswer,
  type SignOptions,
  send,
  sendSigned,
  sha256Hex,
  signHeaders,
  signingKeyOf,
} from './sign-request.ts';
import { createClient, type SuiteBucket } from './suite-bucket.ts';

const unsignedTrailer = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
const signedChunks = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';

/** Bodies: hashed, in chunks, signed or not. */
export function describeBodies(use: () => SuiteBucket): void {
  const outcome = ({ status, code }: RawAnswer): string => `${status} ${code}`.trim();
  const put = async (
    key: string,
    body: string,
    options: SignOptions,
    headers: Record<string, string> = {},
  ): Promise<string> => {
    const { address, bucket } = use();
    return outcome(await sendSigned(address, { method: 'PUT', path: `/${bucket}/${key}`, body, headers }, options));
  };
  const read = async (key: string): Promise<string> => {
    const { address, bucket } = use();
    const answer = await sendSigned(address, { method: 'GET', path: `/${bucket}/${key}` });
    return answer.status === 200 ? answer.body.toString() : outcome(answer);
  };

  describe('x-amz-content-sha256', () => {
    it.each([
      ['the hash of the body', sha256Hex('hello'), '200'],
      ['UNSIGNED-PAYLOAD', 'UNSIGNED-PAYLOAD', '200'],
      ['the hash of another body', sha256Hex('other'), '400 XAmzContentSHA256Mismatch'],
      ['a word that is none', 'SOMETHING', '400 XAmzContentSHA256Mismatch'],
      ['a streaming word that is none', 'STREAMING-SOMETHING', '400 InvalidArgument'],
    ])('may be %s → %3$s', async (_what, payloadHash, expected) => {
      const key = `body/${randomUUID()}`;
      expect(await put(key, 'hello', { payloadHash }, { 'x-amz-decoded-content-length': '5' })).toBe(expected);
      expect(await read(key)).toBe(expected === '200' ? 'hello' : '404 NoSuchKey');
    });
  });

  describe('a body in unsigned chunks with a trailer', () => {
    it.each([
      ['whole', '5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n', '11', '200'],
      ['empty', '0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n', '0', '200'],
      ['without a proper head', 'zz\r\nhello\r\n0\r\n\r\n', '5', '400 InvalidArgument'],
    ])('is decoded: %s → %4$s', async (_what, body, length, expected) => {
      const key = `body/${randomUUID()}`;
      const headers = { 'x-amz-decoded-content-length': length, 'x-amz-trailer': 'x-amz-checksum-crc32' };
      expect(await put(key, body, { payloadHash: unsignedTrailer }, headers)).toBe(expected);
      expect(await read(key)).toBe(expected === '200' ? 'hello world'.slice(0, Number(length)) : '404 NoSuchKey');
    });

    it('is refused where it is cut off, and stores nothing', async () => {
      const key = `body/${randomUUID()}`;
      const outcomeOfCut = await put(
        key,
        '5\r\nhel',
        { payloadHash: unsignedTrailer },
        { 'x-amz-decoded-content-length': '5' },
      );
      expect(outcomeOfCut).toMatch(/^400 /);
      expect(await read(key)).toBe('404 NoSuchKey');
    });
  });

  describe('a body in signed chunks', () => {
    /** Signs each chunk over the signature of the one before it. */
    const sendChunks = async (
      key: string,
      chunks: string[],
      spoil: (body: string) => string = (body) => body,
    ): Promise<string> => {
      const { address, bucket } = use();
      const now = new Date();
      const length = chunks.join('').length;
      const request = signHeaders(
        address,
        { method: 'PUT', path: `/${bucket}/${key}`, headers: { 'x-amz-decoded-content-length': String(length) } },
        { now, payloadHash: signedChunks },
      );
      const date = amzDateOf(now);
      const signingKey = signingKeyOf(address.secretKey, date.slice(0, 8), address.region);
      let previous = /Signature=([0-9a-f]{64})/.exec(request.headers?.['authorization'] ?? '')?.[1] ?? '';
      let body = '';
      for (const chunk of [...chunks, '']) {
        const scope = `${date.slice(0, 8)}/${address.region}/s3/aws4_request`;
        const toSign = [`AWS4-HMAC-SHA256-PAYLOAD`, date, scope, previous, sha256Hex(''), sha256Hex(chunk)].join('\n');
        previous = createHmac('sha256', signingKey).update(toSign).digest('hex');
        body += `${chunk.length.toString(16)};chunk-signature=${previous}\r\n${chunk}\r\n`;
      }
      return outcome(await send(address, { ...request, body: spoil(body) }));
    };
    const chunks = ['a'.repeat(65_536), 'b'.repeat(1000)];

    it('is decoded when every signature holds', async () => {
      const key = `body/${randomUUID()}`;
      expect(await sendChunks(key, chunks)).toBe('200');
      expect(await read(key)).toBe(chunks.join(''));
    });

    it('is refused when a byte was changed, and stores nothing', async () => {
      const key = `body/${randomUUID()}`;
      expect(await sendChunks(key, chunks, (body) => body.replace('bbbb', 'bbxb'))).toMatch(/^40[03] /);
      expect(await read(key)).toBe('404 NoSuchKey');
    });
  });

  describe('bodies from the SDK', () => {
    it.each(['WHEN_REQUIRED', 'WHEN_SUPPORTED'] as const)('arrive whole with checksums %s', async (checksums) => {
      const { address, bucket: Bucket } = use();
      const client = createClient(address, checksums);
      try {
        const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 251));
        const bodies = { text: 'text', bytes, stream: Readable.from([bytes.subarray(0, 1000), bytes.subarray(1000)]) };
        for (const [name, Body] of Object.entries(bodies)) {
          const Key = `body/sdk-${checksums}-${name}`;
          const length = name === 'text' ? 4 : bytes.length;
          const { ETag } = await client.send(new PutObjectCommand({ Bucket, Key, Body, ContentLength: length }));
          const sent = name === 'text' ? Buffer.from('text') : bytes;
          expect(ETag).toBe(`"${createHash('md5').update(sent).digest('hex')}"`);
          const { Body: stored } = await client.send(new GetObjectCommand({ Bucket, Key }));
          expect(Buffer.from((await stored?.transformToByteArray()) ?? []).equals(sent)).toBe(true);
        }
      } finally {
        client.destroy();
      }
    });
  });
}
