import { PutBucketCorsCommand } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { startObjectStore } from '../../src/embedded/object-store/object-store-server.ts';
import { parseStoreProfiles, type StoreProfile, storeProfiles } from '../../src/embedded/object-store/store-profile.ts';
import { type EmbeddedStore, startEmbeddedStore } from './embedded-store.ts';
import { addConditions, postForm } from './post-form.ts';
import { presign, type RawAnswer, type RawRequest, type SignOptions, send, sendSigned } from './sign-request.ts';
import { createSuiteBucket, type SuiteBucket } from './suite-bucket.ts';

const origin = 'https://a.example';
const outcome = ({ status, code }: RawAnswer): string => `${status} ${code}`.trim();

describe('profiles of the embedded store', () => {
  let store: EmbeddedStore;
  let suite: SuiteBucket;
  const at = (key: string): string => `/${suite.bucket}/${key}`;
  const put = (key: string, body: string, headers: Record<string, string> = {}): Promise<RawAnswer> =>
    sendSigned(store, { method: 'PUT', path: at(key), body, headers });
  const get = (key: string): Promise<RawAnswer> => sendSigned(store, { method: 'GET', path: at(key) });
  const askBucket = (method: string, subresource: string, body?: string): Promise<RawAnswer> =>
    sendSigned(store, {
      method,
      path: `/${suite.bucket}`,
      query: { [subresource]: '' },
      ...(body === undefined ? {} : { body }),
    });
  const presigned = (request: RawRequest, options?: SignOptions): Promise<RawAnswer> =>
    send(store, { ...presign(store, request, options), ...(request.body === undefined ? {} : { body: request.body }) });
  async function start(...profiles: StoreProfile[]): Promise<void> {
    store = await startEmbeddedStore({ profiles });
    suite = await createSuiteBucket(store);
  }
  afterEach(async () => {
    await suite.remove();
    await store.close();
  });

  describe('reef', () => {
    const unsigned = (name: string, value: string): Promise<RawAnswer> =>
      presigned({ method: 'PUT', path: at('unsigned'), headers: { [name]: value }, body: 'x' }, { unsigned: [name] });

    it('honours headers that were not signed', async () => {
      await start('reef');
      expect(outcome(await unsigned('x-amz-meta-a', '1'))).toBe('200');
      expect((await get('unsigned')).headers['x-amz-meta-a']).toBe('1');
      expect(outcome(await unsigned('content-type', 'text/html'))).toBe('200');
      expect((await get('unsigned')).headers['content-type']).toBe('text/html');
      expect(outcome(await unsigned('x-amz-acl', 'public-read'))).toBe('200');
      expect(outcome(await send(store, { method: 'GET', path: at('unsigned') }))).toBe('200');
    });

    it('copies what an unsigned x-amz-copy-source on a presigned PUT names', async () => {
      await start('reef');
      await put('secret', 'of somebody else');
      expect(outcome(await unsigned('x-amz-copy-source', at('secret')))).toBe('200');
      expect((await get('unsigned')).body.toString()).toBe('of somebody else');
    });

    it('does not want the host signed', async () => {
      await start('reef');
      await put('key', 'x');
      const read = { method: 'GET', path: at('key'), headers: { 'x-custom': '1' } };
      expect(outcome(await presigned(read, { unsigned: ['host'] }))).toBe('200');
      expect(outcome(await sendSigned(store, read, { unsigned: ['host'] }))).toBe('200');
    });

    it('answers forms without ETag and Location', async () => {
      await start('reef');
      const statusField = (status: string) =>
        postForm(store, suite.bucket, {
          form: (form) => {
            form.fields['success_action_status'] = status;
            addConditions(form, { success_action_status: status });
          },
        });
      for (const status of ['200', '201', '204']) {
        const answer = await statusField(status);
        expect(answer.status).toBe(Number(status));
        expect(answer.headers).not.toHaveProperty('etag');
        expect(answer.headers).not.toHaveProperty('location');
      }
      expect((await statusField('201')).body.toString()).toContain('<ETag>5d41402abc4b2a76b9719d911017c592</ETag>');
    });

    it('leaves messages empty', async () => {
      await start('reef');
      const answer = await get('missing');
      expect(outcome(answer)).toBe('404 NoSuchKey');
      expect(answer.body.toString()).toContain('<Message></Message>');
    });

    it('gives no CORS headers where the signature does not hold', async () => {
      await start('reef');
      const CORSRules = [{ AllowedOrigins: ['*'], AllowedMethods: ['GET'] }];
      await suite.client.send(new PutBucketCorsCommand({ Bucket: suite.bucket, CORSConfiguration: { CORSRules } }));
      const read = { method: 'GET', path: at('missing'), headers: { origin } };
      const refused = await sendSigned({ ...store, secretKey: 'other' }, read);
      expect([outcome(refused), refused.headers['access-control-allow-origin']]).toEqual([
        '403 SignatureDoesNotMatch',
        undefined,
      ]);
      expect((await sendSigned(store, read)).headers['access-control-allow-origin']).toBe(origin);
    });

    it('takes what AWS has limits for: large forms, long keys in forms, any part number', async () => {
      await start('reef');
      const form = await postForm(store, suite.bucket, {
        form: (posted) => {
          posted.fields['key'] = `up/${'k'.repeat(1022)}`;
          for (let n = 0; n < 210; n += 1) posted.fields[`x-ignore-${n}`] = 'x'.repeat(200);
        },
      });
      expect(outcome(form)).toBe('204');
      const begun = await sendSigned(store, { method: 'POST', path: at('parts'), query: { uploads: '' } });
      const uploadId = /<UploadId>([^<]+)</.exec(begun.body.toString())?.[1] ?? '';
      const query = { partNumber: '10001', uploadId };
      expect(outcome(await sendSigned(store, { method: 'PUT', path: at('parts'), query, body: 'x' }))).toBe('200');
    });

    it('ignores the Content-MD5 of DeleteObjects', async () => {
      await start('reef');
      const body = '<Delete><Object><Key>a</Key></Object></Delete>';
      const headers = { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' };
      const request = { method: 'POST', path: `/${suite.bucket}`, query: { delete: '' }, headers, body };
      expect(outcome(await sendSigned(store, request))).toBe('200');
    });
  });

  it('copy-501: CopyObject is not implemented, and nothing is stored', async () => {
    await start('copy-501');
    await put('a', 'x');
    expect(outcome(await put('b', '', { 'x-amz-copy-source': at('a') }))).toBe('501 NotImplemented');
    expect(outcome(await get('b'))).toBe('404 NoSuchKey');
  });

  it('policy-ignored: a form is stored whatever its policy says', async () => {
    await start('policy-ignored');
    for (const changes of [
      { form: (form: Parameters<typeof addConditions>[0]) => addConditions(form, ['content-length-range', 0, 4]) },
      { fields: (fields: Record<string, string>) => Object.assign(fields, { foo: 'not in the policy' }) },
      { secretKey: 'other' },
      {
        form: (form: Parameters<typeof addConditions>[0]) =>
          Object.assign(form.policy, { expiration: '2020-01-01T00:00:00Z' }),
      },
    ]) {
      const answer = await postForm(store, suite.bucket, changes);
      expect(outcome(answer)).toBe('204');
      expect((await get(answer.key)).body.toString()).toBe('hello');
    }
  });

  it('conditional-put-ignored: If-None-Match does not keep an object', async () => {
    await start('conditional-put-ignored');
    await put('key', 'first');
    expect(outcome(await put('key', 'second', { 'if-none-match': '*' }))).toBe('200');
    expect((await get('key')).body.toString()).toBe('second');
  });

  it('conditional-put-racy: of two at once both succeed, of two in turn one', async () => {
    await start('conditional-put-racy');
    const write = (): Promise<RawAnswer> => put('key', 'x', { 'if-none-match': '*' });
    expect((await Promise.all([write(), write()])).map(outcome)).toEqual(['200', '200']);
    expect(outcome(await write())).toBe('412 PreconditionFailed');
  });

  it('public-read: anybody may read and list, and nothing else', async () => {
    await start('public-read');
    await put('key', 'x');
    const anonymously = async (method: string, path: string): Promise<string> =>
      outcome(await send(store, { method, path }));
    expect(await anonymously('GET', at('key'))).toBe('200');
    expect(await anonymously('HEAD', at('key'))).toBe('200');
    expect(await anonymously('GET', at('missing'))).toBe('404 NoSuchKey');
    const listed = await send(store, { method: 'GET', path: `/${suite.bucket}`, query: { 'list-type': '2' } });
    expect(listed.body.toString()).toContain('<Key>key</Key>');
    for (const method of ['PUT', 'DELETE']) expect(await anonymously(method, at('key'))).toBe('403 AccessDenied');
    expect(await anonymously('GET', `/${suite.bucket}?cors`)).toBe('403 AccessDenied');
  });

  it('no-post: forms are not implemented', async () => {
    await start('no-post');
    const answer = await postForm(store, suite.bucket);
    expect(outcome(answer)).toBe('501 NotImplemented');
    expect(outcome(await get(answer.key))).toBe('404 NoSuchKey');
  });

  it('cors-unsupported: no CORS calls and no CORS headers, whatever was put before', async () => {
    await start('cors-unsupported');
    const rules =
      '<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>';
    expect(outcome(await askBucket('PUT', 'cors', rules))).toBe('501 NotImplemented');
    expect(outcome(await askBucket('GET', 'cors'))).toBe('501 NotImplemented');
    const headers = { origin, 'access-control-request-method': 'GET' };
    const preflight = await send(store, { method: 'OPTIONS', path: at('key'), headers });
    expect([outcome(preflight), preflight.headers['access-control-allow-origin']]).toEqual([
      '403 AccessDenied',
      undefined,
    ]);
  });

  it('lifecycle-unsupported: no lifecycle calls', async () => {
    await start('lifecycle-unsupported');
    expect(outcome(await askBucket('GET', 'lifecycle'))).toBe('501 NotImplemented');
    expect(outcome(await askBucket('PUT', 'lifecycle', '<LifecycleConfiguration/>'))).toBe('501 NotImplemented');
  });

  it('versioning-on: GetBucketVersioning says so', async () => {
    await start('versioning-on');
    expect((await askBucket('GET', 'versioning')).body.toString()).toContain('<Status>Enabled</Status>');
  });

  it('go together', async () => {
    await start('reef', 'copy-501', 'cors-unsupported', 'lifecycle-unsupported');
    const copy = await put('b', '', { 'x-amz-copy-source': at('a') });
    expect([outcome(copy), copy.body.toString()]).toEqual([
      '501 NotImplemented',
      expect.stringContaining('<Message></Message>'),
    ]);
    expect(outcome(await askBucket('GET', 'cors'))).toBe('501 NotImplemented');
    expect(outcome(await askBucket('GET', 'lifecycle'))).toBe('501 NotImplemented');
  });
});

describe('parseStoreProfiles', () => {
  it('reads names with commas between them', () => {
    expect(parseStoreProfiles(' reef, copy-501,')).toEqual(['reef', 'copy-501']);
    expect(parseStoreProfiles('')).toEqual([]);
  });

  it('refuses any other name, and lists those that there are', async () => {
    for (const text of ['Reef', 'reef copy-501', 'toString', '__proto__']) {
      expect(() => parseStoreProfiles(text)).toThrow(TypeError);
    }
    expect(() => parseStoreProfiles('reef,nothing')).toThrow(
      `"nothing" is no profile of the object store: there are ${Object.keys(storeProfiles).join(', ')}.`,
    );
    const options = {
      dataFolder: 'never made',
      host: '127.0.0.1',
      port: 0,
      region: 'r',
      accessKey: 'a',
      secretKey: 's',
    };
    const profiles = ['nothing'] as never; // as from JavaScript
    await expect(startObjectStore({ ...options, profiles })).rejects.toThrow(TypeError);
  });
});
