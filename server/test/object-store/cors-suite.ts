import { randomUUID } from 'node:crypto';
import { DeleteBucketCorsCommand, GetBucketCorsCommand, PutBucketCorsCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addConditions, postForm } from './post-form.ts';
import { type RawAnswer, send, sendSigned } from './sign-request.ts';
import type { SuiteBucket } from './suite-bucket.ts';

const origin = 'https://a.example';
const rules = [
  {
    AllowedOrigins: [origin, 'https://*.cms.example'],
    AllowedMethods: ['POST', 'GET', 'PUT'],
    AllowedHeaders: ['content-type', 'x-amz-*'],
    ExposeHeaders: ['ETag', 'x-amz-request-id'],
    MaxAgeSeconds: 600,
  },
  { ID: 'anybody', AllowedOrigins: ['*'], AllowedMethods: ['HEAD'] },
];
const corsHeaderNames = ['origin', 'methods', 'headers'].map((name) => `access-control-allow-${name}`);

/** CORS, as browsers meet it. */
export function describeCors(use: () => SuiteBucket): void {
  const outcome = ({ status, code }: RawAnswer): string => `${status} ${code}`.trim();
  const preflight = (headers: Record<string, string>, path = `/${use().bucket}/key`): Promise<RawAnswer> =>
    send(use().address, { method: 'OPTIONS', path, headers });
  const ask = (from: string, method: string, headerNames?: string): Promise<RawAnswer> =>
    preflight({
      origin: from,
      'access-control-request-method': method,
      ...(headerNames === undefined ? {} : { 'access-control-request-headers': headerNames }),
    });
  const putRules = async (xml: string): Promise<string> => {
    const { address, bucket } = use();
    const body = `<CORSConfiguration>${xml}</CORSConfiguration>`;
    return outcome(await sendSigned(address, { method: 'PUT', path: `/${bucket}`, query: { cors: '' }, body }));
  };

  describe('a bucket without a CORS configuration', () => {
    it('refuses every preflight, without CORS headers', async () => {
      const answer = await ask(origin, 'POST');
      expect(outcome(answer)).toBe('403 AccessDenied');
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
    });

    it('has none to give', async () => {
      const { address, bucket } = use();
      const answer = await sendSigned(address, { method: 'GET', path: `/${bucket}`, query: { cors: '' } });
      expect(outcome(answer)).toBe('404 NoSuchCORSConfiguration');
    });
  });

  describe('PutBucketCors', () => {
    const rule = (content: string): string => `<CORSRule>${content}</CORSRule>`;
    const allowed = '<AllowedOrigin>https://a.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod>';

    it.each([
      ['no rule', '', '400 MalformedXML'],
      ['a rule without an origin', rule('<AllowedMethod>GET</AllowedMethod>'), '400 MalformedXML'],
      ['PATCH', rule('<AllowedOrigin>*</AllowedOrigin><AllowedMethod>PATCH</AllowedMethod>'), '400 MalformedXML'],
      ['OPTIONS', rule('<AllowedOrigin>*</AllowedOrigin><AllowedMethod>OPTIONS</AllowedMethod>'), '400 MalformedXML'],
      [
        'two * in an origin',
        rule('<AllowedOrigin>*.a.*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>'),
        '400 MalformedXML',
      ],
      ['two * in a header', rule(`${allowed}<AllowedHeader>*-a-*</AllowedHeader>`), '400 MalformedXML'],
      ['a MaxAgeSeconds that is no number', rule(`${allowed}<MaxAgeSeconds>long</MaxAgeSeconds>`), '400 MalformedXML'],
      ['an ID of 256 characters', rule(`${allowed}<ID>${'x'.repeat(256)}</ID>`), '400 MalformedXML'],
      ['101 rules', rule(allowed).repeat(101), '400 InvalidRequest'],
      ['XML that is cut off', '<CORSRule>', '400 MalformedXML'],
    ])('refuses %s', async (_what, xml, expected) => {
      expect(await putRules(xml)).toBe(expected);
    });
  });

  describe('a bucket with a CORS configuration', () => {
    beforeAll(async () => {
      const { bucket, client } = use();
      await client.send(new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: { CORSRules: rules } }));
    });
    afterAll(async () => {
      const { bucket, client } = use();
      await client.send(new DeleteBucketCorsCommand({ Bucket: bucket }));
      expect(outcome(await ask(origin, 'POST'))).toBe('403 AccessDenied');
    });

    it('gives it back', async () => {
      const { bucket, client } = use();
      const { CORSRules = [] } = await client.send(new GetBucketCorsCommand({ Bucket: bucket }));
      expect(CORSRules).toHaveLength(2);
      for (const [index, { AllowedOrigins, AllowedMethods, ...rest }] of rules.entries()) {
        expect(CORSRules[index]).toMatchObject(rest);
        // RadosGW keeps them as sets.
        expect([...(CORSRules[index]?.AllowedOrigins ?? [])].sort()).toEqual([...AllowedOrigins].sort());
        expect([...(CORSRules[index]?.AllowedMethods ?? [])].sort()).toEqual([...AllowedMethods].sort());
      }
    });

    it('answers a preflight with what was asked for', async () => {
      const answer = await ask(origin, 'PUT', 'Content-Type, x-amz-meta-a');
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'PUT',
        'access-control-allow-headers': 'Content-Type,x-amz-meta-a',
        'access-control-expose-headers': 'ETag,x-amz-request-id',
        'access-control-max-age': '600',
        vary: 'Origin',
      });
      expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
    });

    it('echoes an origin that a wildcard allows', async () => {
      expect((await ask('https://x.cms.example', 'POST')).headers['access-control-allow-origin']).toBe(
        'https://x.cms.example',
      );
      expect((await ask('https://q.example', 'HEAD')).headers['access-control-allow-origin']).toBe('https://q.example');
    });

    it.each([
      ['another origin', 'https://b.example', 'POST', undefined],
      ['an origin with a trailing slash', `${origin}/`, 'POST', undefined],
      ['an origin in capitals', 'HTTPS://A.example', 'POST', undefined],
      ['a wildcard that would match nothing in its place', 'https://.cms.example.org', 'POST', undefined],
      ['another method', origin, 'DELETE', undefined],
      ['a method in small letters', origin, 'post', undefined],
      ['another header', origin, 'PUT', 'x-other'],
      ['one header that is allowed and one that is not', origin, 'PUT', 'content-type, x-other'],
    ])('refuses a preflight of %s', async (_what, from, method, headerNames) => {
      const answer = await ask(from, method, headerNames);
      expect(outcome(answer)).toBe('403 AccessDenied');
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    });

    it('refuses an OPTIONS that is no preflight', async () => {
      expect(outcome(await preflight({}))).toBe('400 InvalidArgument');
      expect(outcome(await preflight({ origin }))).toBe('400 InvalidArgument');
      const missing = `/missing-${randomUUID()}`;
      expect(outcome(await preflight({ origin, 'access-control-request-method': 'PUT' }, missing))).toBe(
        '404 NoSuchBucket',
      );
    });

    it.each([`/`, ''])('answers a preflight on the bucket itself, with %j behind it', async (end) => {
      const headers = { origin, 'access-control-request-method': 'POST' };
      expect((await preflight(headers, `/${use().bucket}${end}`)).status).toBe(200);
    });

    it('gives CORS headers with answers to that origin, and errors too', async () => {
      const { address, bucket } = use();
      const found = await sendSigned(address, { method: 'GET', path: `/${bucket}/nothing`, headers: { origin } });
      expect(outcome(found)).toBe('404 NoSuchKey');
      expect(found.headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'GET',
        vary: 'Origin',
      });
      const other = await sendSigned(address, {
        method: 'GET',
        path: `/${bucket}/nothing`,
        headers: { origin: 'https://b.example' },
      });
      for (const name of corsHeaderNames) expect(other.headers).not.toHaveProperty(name);
    });

    it.each([
      ['a success', {}, '204'],
      [
        'a file too large',
        { form: (form) => addConditions(form, ['content-length-range', 0, 4]) },
        '400 EntityTooLarge',
      ],
      ['a wrong signature', { secretKey: 'other' }, '403 AccessDenied'],
      ['a malformed form', { contentType: () => 'text/plain' }, '400 InvalidArgument'],
    ] satisfies [string, Parameters<typeof postForm>[2], string][])(
      'gives them with the answer to a form: %s',
      async (_what, changes, expected) => {
        const { address, bucket } = use();
        const answer = await postForm(address, bucket, { ...changes, headers: { origin } });
        expect(outcome(answer)).toBe(expected);
        expect(answer.headers).toMatchObject({
          'access-control-allow-origin': origin,
          'access-control-expose-headers': 'ETag,x-amz-request-id',
        });
      },
    );
  });
}
