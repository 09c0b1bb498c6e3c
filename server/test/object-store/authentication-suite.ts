import { randomUUID } from 'node:crypto';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type PresignOptions,
  presign,
  type RawAnswer,
  type RawRequest,
  type SignOptions,
  send,
  sendSigned,
  signHeaders,
} from './sign-request.ts';
import type { SuiteBucket } from './suite-bucket.ts';

const minuteMs = 60_000;
const ago = (minutes: number): Date => new Date(Date.now() - minutes * minuteMs);

/** Who may do what: signatures in headers and in addresses, and nobody without one. */
export function describeAuthentication(use: () => SuiteBucket): void {
  const outcome = ({ status, code }: RawAnswer): string => `${status} ${code}`.trim();
  const at = (key: string): string => `/${use().bucket}/${key}`;
  const key = 'auth/object';

  beforeAll(async () => {
    await sendSigned(use().address, { method: 'PUT', path: at(key), body: 'secret' });
  });

  describe('a signature in the headers', () => {
    it.each<[string, SignOptions, string]>([
      ['holds', {}, '200'],
      ['holds for any region', { region: 'anywhere' }, '200'],
      ['holds with a clock 14 minutes slow', { now: ago(14) }, '200'],
      ['fails with a clock 20 minutes slow', { now: ago(20) }, '403 RequestTimeTooSkewed'],
      ['fails with a clock 20 minutes fast', { now: ago(-20) }, '403 RequestTimeTooSkewed'],
      ['fails with another secret key', { secretKey: 'other' }, '403 SignatureDoesNotMatch'],
      ['fails with an unknown access key', { accessKey: 'UNKNOWN' }, '403 InvalidAccessKeyId'],
    ])('%s', async (_what, options, expected) => {
      expect(outcome(await sendSigned(use().address, { method: 'GET', path: at(key) }, options))).toBe(expected);
    });

    it.each(['auth/ü', "auth/!*'()", 'auth/a+b', 'auth/a%b', 'auth//x', 'auth/~._-', 'auth/a&b=c?d#e', 'auth/日本'])(
      'holds for the key %s, from the SDK',
      async (odd) => {
        const { bucket, client } = use();
        await client.send(new PutObjectCommand({ Bucket: bucket, Key: odd, Body: odd, Metadata: { spaced: 'a   b' } }));
        const answer = await client.send(new GetObjectCommand({ Bucket: bucket, Key: odd }));
        expect(await answer.Body?.transformToString()).toBe(odd);
        const url = await getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: odd }));
        expect(await (await fetch(url)).text()).toBe(odd);
      },
    );

    it.each<[string, (request: RawRequest) => RawRequest]>([
      ['another method', (request) => ({ ...request, method: 'DELETE' })],
      ['another key', (request) => ({ ...request, path: `${request.path}-other` })],
      ['another query', (request) => ({ ...request, query: { 'response-content-type': 'text%2Fhtml' } })],
      [
        'another value of a signed header',
        (request) => ({ ...request, headers: { ...request.headers, 'x-amz-meta-a': '2' } }),
      ],
    ])('does not hold for %s', async (_what, change) => {
      const { address } = use();
      const signed = signHeaders(address, { method: 'GET', path: at(key), headers: { 'x-amz-meta-a': '1' } });
      expect(outcome(await send(address, change(signed)))).toBe('403 SignatureDoesNotMatch');
    });

    it.each(['garbage', 'AWS4-HMAC-SHA256 garbage', 'Basic dXNlcjpwYXNz'])('must be one: %s', async (authorization) => {
      const headers = { authorization, 'x-amz-date': '20260101T000000Z' };
      expect(outcome(await send(use().address, { method: 'GET', path: at(key), headers }))).toBe('400 InvalidArgument');
    });
  });

  describe('a presigned address', () => {
    const sendPresigned = (request: Partial<RawRequest>, options?: PresignOptions): Promise<RawAnswer> => {
      const { address } = use();
      const signed = presign(address, { method: 'GET', path: at(key), ...request }, options);
      return send(address, signed);
    };

    it.each<[string, PresignOptions, string]>([
      ['works', {}, '200'],
      ['works for 7 days', { expiresInSeconds: 7 * 24 * 3600 }, '200'],
      ['works before its date', { now: ago(-60) }, '200'],
      ['works in any region', { region: 'anywhere' }, '200'],
      ['has an end', { now: ago(20), expiresInSeconds: 60 }, '403 AccessDenied'],
      ['may not be valid for longer', { expiresInSeconds: 7 * 24 * 3600 + 1 }, '403 AccessDenied'],
      ['may not be valid for no time', { expiresInSeconds: 0 }, '403 AccessDenied'],
      ['must say for how long', { expiresInSeconds: 'long' }, '403 AccessDenied'],
      ['fails with another secret key', { secretKey: 'other' }, '403 SignatureDoesNotMatch'],
      ['fails with an unknown access key', { accessKey: 'UNKNOWN' }, '403 InvalidAccessKeyId'],
    ])('%s', async (_what, options, expected) => {
      expect(outcome(await sendPresigned({}, options))).toBe(expected);
    });

    it('puts bytes of the type and length that it signs, no others', async () => {
      const { address } = use();
      const target = `auth/${randomUUID()}`;
      const signed = presign(address, {
        method: 'PUT',
        path: at(target),
        headers: { 'content-type': 'image/png', 'content-length': '5' },
      });
      expect(
        outcome(
          await send(address, {
            ...signed,
            headers: { ...signed.headers, 'content-type': 'text/html' },
            body: 'hello',
          }),
        ),
      ).toBe('403 SignatureDoesNotMatch');
      expect(
        outcome(
          await send(address, { ...signed, headers: { ...signed.headers, 'content-length': '6' }, body: 'hello!' }),
        ),
      ).toBe('403 SignatureDoesNotMatch');
      expect(outcome(await send(address, { ...signed, body: 'hello' }))).toBe('200');
    });

    it('of a PUT does not read, and of a GET does not write', async () => {
      const { address } = use();
      const put = presign(address, { method: 'PUT', path: at(key) });
      expect(outcome(await send(address, { ...put, method: 'GET' }))).toBe('403 SignatureDoesNotMatch');
      const get = presign(address, { method: 'GET', path: at(key) });
      expect(outcome(await send(address, { ...get, method: 'PUT', body: 'x' }))).toBe('403 SignatureDoesNotMatch');
    });

    it('keeps metadata that the SDK has moved into the query', async () => {
      const { bucket, client } = use();
      const target = `auth/${randomUUID()}`;
      const command = new PutObjectCommand({ Bucket: bucket, Key: target, Metadata: { a: 'b' } });
      const url = await getSignedUrl(client, command);
      expect(url).toContain('x-amz-meta-a=b');
      expect((await fetch(url, { method: 'PUT', body: Buffer.from('x') })).status).toBe(200);
      expect((await client.send(new HeadObjectCommand({ Bucket: bucket, Key: target }))).Metadata).toEqual({ a: 'b' });
    });
  });

  describe('a request without a signature', () => {
    it.each(['GET', 'PUT', 'DELETE'])('is refused: %s', async (method) => {
      expect(outcome(await send(use().address, { method, path: at(key), body: 'x' }))).toBe('403 AccessDenied');
      expect(outcome(await send(use().address, { method: 'GET', path: `/${use().bucket}` }))).toBe('403 AccessDenied');
    });

    it('is told of a missing bucket', async () => {
      expect(outcome(await send(use().address, { method: 'GET', path: `/missing-${randomUUID()}/x` }))).toBe(
        '404 NoSuchBucket',
      );
    });

    it('may read what was stored as public-read, and no more', async () => {
      const { address } = use();
      await sendSigned(address, {
        method: 'PUT',
        path: at('auth/public'),
        headers: { 'x-amz-acl': 'public-read' },
        body: 'open',
      });
      expect((await send(address, { method: 'GET', path: at('auth/public') })).body.toString()).toBe('open');
      expect(outcome(await send(address, { method: 'HEAD', path: at('auth/public') }))).toBe('200');
      expect(outcome(await send(address, { method: 'DELETE', path: at('auth/public') }))).toBe('403 AccessDenied');
    });
  });
}
