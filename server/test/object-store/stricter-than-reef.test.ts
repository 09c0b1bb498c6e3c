import { randomUUID } from 'node:crypto';
import { PutBucketCorsCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awsFormLimits } from '../../src/embedded/object-store/multipart-form.ts';
import { startObjectStore } from '../../src/embedded/object-store/object-store-server.ts';
import { type EmbeddedStore, startEmbeddedStore } from './embedded-store.ts';
import { addConditions, type PostChanges, postForm } from './post-form.ts';
import { presign, type RawAnswer, send, sendSigned, signHeaders } from './sign-request.ts';
import { createSuiteBucket, type SuiteBucket } from './suite-bucket.ts';

const outcome = ({ status, code }: RawAnswer): string => `${status} ${code}`.trim();

describe('where the embedded store is stricter than RadosGW (Reef)', () => {
  let store: EmbeddedStore;
  let suite: SuiteBucket;
  const key = 'strict/object';
  const at = (name: string): string => `/${suite.bucket}/${name}`;
  const read = (name: string): Promise<RawAnswer> => sendSigned(store, { method: 'GET', path: at(name) });

  beforeAll(async () => {
    store = await startEmbeddedStore();
    suite = await createSuiteBucket(store);
    await sendSigned(store, { method: 'PUT', path: at(key), body: 'here' });
  });
  afterAll(async () => {
    await suite.remove();
    await store.close();
  });

  describe('signatures', () => {
    it.each(['x-amz-copy-source', 'x-amz-acl', 'x-amz-meta-a', 'x-amz-tagging', 'content-type'])(
      'must cover %s on a presigned request',
      async (name) => {
        const request = { method: 'PUT', path: at('strict/presigned'), headers: { [name]: `${suite.bucket}/${key}` } };
        const answer = await send(store, { ...presign(store, request, { unsigned: [name] }), body: 'x' });
        expect(outcome(answer)).toBe('403 AccessDenied');
        expect(answer.body.toString()).toContain(name);
        expect(outcome(await read('strict/presigned'))).toBe('404 NoSuchKey');
      },
    );

    it('must cover x-amz-* headers of a request that is signed in the headers, and the host', async () => {
      const request = { method: 'PUT', path: at('strict/signed'), headers: { 'x-amz-meta-a': '1' }, body: 'x' };
      expect(outcome(await sendSigned(store, request, { unsigned: ['x-amz-meta-a'] }))).toBe('403 AccessDenied');
      expect(outcome(await sendSigned(store, request, { unsigned: ['host'] }))).toBe('403 AccessDenied');
    });

    it('leave other headers of a presigned request free', async () => {
      const headers = {
        'if-none-match': '*',
        'cache-control': 'no-store',
        origin: 'https://a.example',
        'x-custom': '1',
      };
      const request = { method: 'PUT', path: at('strict/free'), headers };
      const signed = presign(store, request, { unsigned: Object.keys(headers) });
      expect(outcome(await send(store, { ...signed, body: 'x' }))).toBe('200');
      expect(outcome(await send(store, { ...signed, body: 'x' }))).toBe('412 PreconditionFailed');
    });

    it('may be in the headers or in the address, not in both', async () => {
      const { query = {} } = presign(store, { method: 'GET', path: at(key) });
      const both = signHeaders(store, { method: 'GET', path: at(key), query });
      expect(outcome(await send(store, both))).toBe('400 InvalidArgument');
    });

    it('must cover the trailer of a body in signed chunks', async () => {
      const payloadHash = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER';
      const request = { method: 'PUT', path: at('strict/trailer'), headers: { 'x-amz-decoded-content-length': '0' } };
      const body = `0;chunk-signature=${'0'.repeat(64)}\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n`;
      const signed = signHeaders(store, request, { payloadHash });
      expect(outcome(await send(store, { ...signed, body }))).toBe('403 SignatureDoesNotMatch');
    });
  });

  describe('POST Object', () => {
    const post = (changes?: PostChanges) => postForm(store, suite.bucket, changes);
    const padding = 'x'.repeat(1000);

    it('gives ETag and Location with 204 and 201', async () => {
      const asked = {
        form: (form) => {
          form.fields['success_action_status'] = '201';
          addConditions(form, { success_action_status: '201' });
        },
      } satisfies PostChanges;
      for (const answer of [await post(), await post(asked)]) {
        expect(answer.headers).toMatchObject({
          etag: '"5d41402abc4b2a76b9719d911017c592"',
          location: `${store.endpoint}/${suite.bucket}/${encodeURIComponent(answer.key)}`,
        });
      }
    });

    it.each<[string, PostChanges, string]>([
      [
        'a form without a file',
        { parts: (parts) => parts.filter(({ name }) => name !== 'file') },
        '400 InvalidArgument',
      ],
      [
        'a form without its closing boundary',
        { body: (body) => body.subarray(0, body.lastIndexOf('\r\n--')) },
        '400 InvalidArgument',
      ],
      [
        'a form that is cut off in the file',
        { body: (body) => body.subarray(0, body.lastIndexOf('llo')) },
        '400 InvalidArgument',
      ],
      [
        'a key of more than 1024 bytes',
        {
          form: (form) => {
            form.fields['key'] = `up/${'k'.repeat(1022)}`;
          },
        },
        '400 InvalidObjectName',
      ],
      [
        'a key with NUL',
        {
          form: (form) => {
            form.fields['key'] = 'up/a\0b';
          },
        },
        '400 InvalidObjectName',
      ],
      [
        'metadata that would be two header lines',
        {
          form: (form) => {
            form.fields['x-amz-meta-a'] = 'a\r\nx-evil: 1';
            addConditions(form, ['starts-with', '$x-amz-meta-a', '']);
          },
        },
        '400 InvalidArgument',
      ],
      [
        'metadata whose name is no header',
        {
          form: (form) => {
            form.fields['x-amz-meta-a b'] = 'a';
            addConditions(form, ['starts-with', '$x-amz-meta-a b', '']);
          },
        },
        '400 InvalidArgument',
      ],
      [
        'fields that are no UTF-8',
        { body: (body) => Buffer.from(body.toString('latin1').replace('up/', 'up/\xff'), 'latin1') },
        '400 InvalidArgument',
      ],
      [
        'more than 20 KiB before the file',
        {
          parts: (parts) => [
            ...Array.from({ length: 21 }, (_, n) => ({ name: `x-ignore-${n}`, value: padding })),
            ...parts,
          ],
        },
        '400 MaxPostPreDataLengthExceeded',
      ],
      [
        'a large file that is not in the field "file"',
        { parts: (parts) => [{ name: 'photo', value: Buffer.alloc(awsFormLimits.maxBytesBeforeFile) }, ...parts] },
        '400 MaxPostPreDataLengthExceeded',
      ],
      [
        'a header line of more than 8 KiB',
        { parts: (parts) => [{ name: 'x-ignore-a', value: 'a', filename: 'f'.repeat(9000) }, ...parts] },
        '400 InvalidArgument',
      ],
      [
        'a boundary of more than 70 characters',
        { contentType: () => `multipart/form-data; boundary=${'b'.repeat(71)}` },
        '400 InvalidArgument',
      ],
      [
        'a condition that is an object of two fields',
        { form: (form) => addConditions(form, { a: 'b', c: 'd' }) },
        '400 InvalidArgument',
      ],
    ])('refuses %s and stores nothing', async (_what, changes, expected) => {
      const answer = await post(changes);
      expect(outcome(answer), answer.body.toString()).toBe(expected);
      expect((await read(encodeURIComponent(answer.key).replaceAll('%2F', '/'))).status).toBeGreaterThanOrEqual(400);
    });
  });

  describe('answers', () => {
    it('are 501 NotImplemented for sub-resources that the store does not know', async () => {
      for (const [method, path, name] of [
        ['GET', at(key), 'acl'],
        ['PUT', at(key), 'retention'],
        ['GET', at(key), 'torrent'],
        ['GET', `/${suite.bucket}`, 'acl'],
        ['PUT', `/${suite.bucket}`, 'versioning'],
        ['DELETE', `/${suite.bucket}`, 'website'],
      ] as const) {
        const answer = await sendSigned(store, { method, path, query: { [name]: '' } });
        expect(outcome(answer), name).toBe('501 NotImplemented');
      }
      expect(outcome(await read(key))).toBe('200');
    });

    it('are 501 NotImplemented for encryption, which would be a promise', async () => {
      const headers = { 'x-amz-server-side-encryption': 'AES256' };
      expect(outcome(await sendSigned(store, { method: 'PUT', path: at('strict/sse'), headers, body: 'x' }))).toBe(
        '501 NotImplemented',
      );
    });

    it('never have header lines of the client’s making', async () => {
      const query = { 'response-content-type': encodeURIComponent('a\r\nx-evil: 1') };
      const answer = await sendSigned(store, { method: 'GET', path: at(key), query });
      expect(outcome(answer)).toBe('400 InvalidArgument');
      expect(answer.headers).not.toHaveProperty('x-evil');
    });

    it('carry CORS headers when a presigned request is refused', async () => {
      const origin = 'https://a.example';
      const CORSRules = [{ AllowedOrigins: ['*'], AllowedMethods: ['PUT'] }];
      await suite.client.send(new PutBucketCorsCommand({ Bucket: suite.bucket, CORSConfiguration: { CORSRules } }));
      const request = presign(store, { method: 'PUT', path: at('strict/cors') }, { secretKey: 'other' });
      const answer = await send(store, { ...request, headers: { ...request.headers, origin }, body: 'x' });
      expect([outcome(answer), answer.headers['access-control-allow-origin']]).toEqual([
        '403 SignatureDoesNotMatch',
        origin,
      ]);
    });

    it('leave out aws-chunked, which is of the transfer, from a stored Content-Encoding', async () => {
      const headers = { 'content-encoding': 'aws-chunked,gzip' };
      await sendSigned(store, { method: 'PUT', path: at('strict/encoding'), headers, body: 'x' });
      expect((await read('strict/encoding')).headers['content-encoding']).toBe('gzip');
    });
  });

  describe('startObjectStore', () => {
    it('rejects with EADDRINUSE on a taken port, and leaves the folder alone', async () => {
      const port = Number(new URL(store.endpoint).port);
      const options = {
        dataFolder: store.dataFolder,
        host: '127.0.0.1',
        port,
        region: 'r',
        accessKey: 'a',
        secretKey: 's',
      };
      await expect(startObjectStore(options)).rejects.toMatchObject({ code: 'EADDRINUSE' });
      expect(outcome(await read(key))).toBe('200');
    });

    it('refuses clients of another secret key', async () => {
      const answer = await sendSigned({ ...store, secretKey: randomUUID() }, { method: 'GET', path: at(key) });
      expect(outcome(answer)).toBe('403 SignatureDoesNotMatch');
    });
  });
});
