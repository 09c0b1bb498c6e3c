import { SignUploadAnswer } from '@kuanary/shared/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, errorOf, post, type RunningApp, sign, startApp, testSecrets } from './support/start-app.ts';

let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const request = { contentType: 'image/jpeg', size: 1000 };

describe('POST /sign-upload', () => {
  it('answers 201 with exactly what the contract says', async () => {
    const response = await call(app, 'POST', '/sign-upload', { ...request, filename: 'Hund.jpg' });
    expect(response.status).toBe(201);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const answer = SignUploadAnswer.parse(await response.json());
    expect(answer.fields).toMatchObject({ key: `tmp/incoming/${answer.uploadId}`, 'Content-Type': 'image/jpeg' });
    const lifetimeMs = Date.parse(answer.expiresAt) - Date.now();
    expect(lifetimeMs).toBeGreaterThan(590_000);
    expect(lifetimeMs).toBeLessThanOrEqual(600_000);
  });

  it('asks the storage nothing', async () => {
    app.proxy.reset();
    await sign(app, new Uint8Array(10));
    expect(app.proxy.calls).toEqual([]);
  });

  it('gives every upload ids of its own', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => sign(app, new Uint8Array(10))));
    expect(new Set(answers.map(({ uploadId }) => uploadId)).size).toBe(20);
  });

  it('signs a policy that the store takes for exactly these bytes, and no others', async () => {
    const signed = await sign(app, new Uint8Array(10));
    expect((await post(signed, new Uint8Array(10))).status).toBe(201);
    expect((await post(signed, new Uint8Array(11))).status).toBe(400);
    expect((await post(signed, new Uint8Array(9))).status).toBe(400);
    expect((await post(signed, new Uint8Array(10), { ...signed.fields, key: 'image-x.jpg' })).status).toBe(403);
    expect((await post(signed, new Uint8Array(10), { ...signed.fields, 'Content-Type': 'text/html' })).status).toBe(
      403,
    );
    expect((await post(signed, new Uint8Array(10), { ...signed.fields, acl: 'public-read' })).status).toBe(403);
  });

  it.each([
    ['image/jpg', 'image/jpeg'],
    ['image/heif', 'image/heic'],
    ['IMAGE/PNG', 'image/png'],
  ])('takes %s for %s', async (declared, contentType) => {
    expect((await sign(app, new Uint8Array(10), declared)).fields['Content-Type']).toBe(contentType);
  });

  it.each([
    'image/svg+xml',
    'text/html',
    'image/tiff',
    'image/*',
    '*/*',
    'image/png,text/html',
    'image/png;x=text/html',
    'image/png\r\nX: 1',
    ' image/png',
    'image/png ',
    'image',
    'image/',
    '/png',
    '__proto__',
    'constructor',
    'image/ｐng',
    'image/png\0',
  ])('refuses the type %j with 415', async (contentType) => {
    const error = await errorOf(await call(app, 'POST', '/sign-upload', { ...request, contentType }));
    expect(error).toMatchObject({ status: 415, code: 'unsupported_file_type' });
    expect(error.error).toContain('image/jpeg, image/png');
  });

  it('takes the largest size and refuses one byte more with 413, saying both numbers', async () => {
    expect((await call(app, 'POST', '/sign-upload', { ...request, size: 20_971_520 })).status).toBe(201);
    const error = await errorOf(await call(app, 'POST', '/sign-upload', { ...request, size: 20_971_521 }));
    expect(error).toMatchObject({ status: 413, code: 'file_too_large' });
    expect(error.error).toMatch(/20971521.*20971520/);
  });

  it('refuses an empty file', async () => {
    const error = await errorOf(await call(app, 'POST', '/sign-upload', { ...request, size: 0 }));
    expect(error).toMatchObject({ status: 422, code: 'empty_file' });
  });

  it.each([
    ['contentType', 7],
    ['contentType', null],
    ['contentType', ''],
    ['contentType', 'x'.repeat(101)],
    ['contentType', undefined],
    ['size', '1000'],
    ['size', 1.5],
    ['size', -1],
    ['size', 1e300],
    ['size', null],
    ['size', undefined],
    ['filename', ''],
    ['filename', 'x'.repeat(256)],
    ['filename', 5],
    ['filename', ['a']],
    ['key', 'image-x.jpg'],
    ['bucket', 'other'],
    ['acl', 'public-read'],
    ['verified', true],
    ['url', 'http://169.254.169.254/'],
  ])('refuses %s = %j, naming the field', async (field, value) => {
    const error = await errorOf(await call(app, 'POST', '/sign-upload', { ...request, [field]: value }));
    expect(error).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(error.error).toContain(field);
  });

  it.each([
    '../../etc/passwd',
    'a\r\nX-Evil: 1',
    'nul\0.jpg',
    '\u202egpj.exe',
    '\u0024{filename}',
    '<img onerror=x>',
    '日本.jpg',
  ])('keeps the client’s file name %j out of every key and header', async (filename) => {
    const signed = await sign(app, new Uint8Array(10), 'image/jpeg', filename);
    expect(signed.fields['key']).toMatch(/^tmp\/incoming\/[0-9a-f-]{36}$/);
    expect(JSON.stringify(signed.fields)).not.toContain(filename);
  });

  it('refuses __proto__ as a field', async () => {
    const response = await fetch(`${app.url}/sign-upload`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${testSecrets.apiKey}`, 'Content-Type': 'application/json' },
      body: '{"contentType":"image/jpeg","size":10,"__proto__":{"verified":true}}',
    });
    expect(await errorOf(response)).toMatchObject({ status: 400, code: 'invalid_request' });
  });

  it('asks for a credential, in the header only', async () => {
    const bare = (headers: Record<string, string>, path = '/sign-upload') =>
      fetch(`${app.url}${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        body: JSON.stringify(request),
      });
    const missing = await bare({});
    expect(missing.headers.get('www-authenticate')).toBe('Bearer');
    expect(await errorOf(missing)).toMatchObject({ status: 401, code: 'auth_required' });
    expect(await errorOf(await bare({ Authorization: 'Bearer cms:wrong' }))).toMatchObject({
      status: 401,
      code: 'invalid_credentials',
    });
    expect(await errorOf(await bare({ Cookie: `token=${testSecrets.apiKey}` }))).toMatchObject({ status: 401 });
    expect(await errorOf(await bare({}, '/sign-upload?token=x'))).toMatchObject({
      status: 400,
      code: 'credential_in_query',
    });
    expect(
      await errorOf(await bare({ Authorization: `Bearer ${testSecrets.apiKey}`, Origin: 'https://a.test' })),
    ).toMatchObject({
      status: 403,
      code: 'api_key_in_browser',
    });
  });
});

describe('POST /sign-upload with the documented settings of old only', () => {
  it('says which line to add', async () => {
    await app.restart({ API_KEYS: '' });
    const error = await errorOf(await call(app, 'POST', '/sign-upload', request));
    expect(error).toMatchObject({ status: 401, code: 'uploads_not_configured' });
    expect(error.error).toContain('API_KEYS=cms:');
    await app.restart({});
  });
});

describe('POST /sign-upload from listed origins', () => {
  it('needs no credential there, under the smaller limit', async () => {
    await app.restart({ ANONYMOUS_ORIGINS: 'https://blog.test', ANONYMOUS_MAX_BYTES: '500' });
    const from = (origin: string | undefined, size: number) =>
      fetch(`${app.url}/sign-upload`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...(origin === undefined ? {} : { Origin: origin }) },
        body: JSON.stringify({ contentType: 'image/png', size }),
      });
    expect((await from('https://blog.test', 500)).status).toBe(201);
    expect(await errorOf(await from('https://blog.test', 501))).toMatchObject({ status: 413 });
    expect(await errorOf(await from('https://evil.test', 10))).toMatchObject({ status: 403, code: 'forbidden_origin' });
    expect(await errorOf(await from('https://blog.test.evil.test', 10))).toMatchObject({ status: 403 });
    expect(await errorOf(await from(undefined, 10))).toMatchObject({ status: 401, code: 'auth_required' });
    await app.restart({});
  });
});
