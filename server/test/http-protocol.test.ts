import { connect } from 'node:net';
import { ErrorAnswer, errorCatalogue } from '@kuanary/shared/contract';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, errorOf, type RunningApp, startApp, testSecrets } from './support/start-app.ts';

let app: RunningApp;
beforeAll(async () => {
  app = await startApp({ ALLOWED_ORIGINS: 'https://cms.test', LEGACY_UPLOAD: 'anonymous' });
});
afterAll(() => app.stop());

const authorised = { Authorization: `Bearer ${testSecrets.apiKey}` };

/** Sends bytes as they are and gives back all that comes. */
async function raw(text: string | Buffer): Promise<string> {
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
  socket.setEncoding('latin1');
  socket.end(text);
  let answer = '';
  try {
    for await (const chunk of socket) answer += String(chunk);
  } catch {
    // A reset is an answer too.
  }
  return answer;
}

async function isAlive(): Promise<boolean> {
  return (await fetch(`${app.url}/healthz`)).ok;
}

describe('every error', () => {
  it('is one JSON body with a code of the catalogue, its status, and the id of the request', async () => {
    const response = await fetch(`${app.url}/nothing-here`);
    const error = ErrorAnswer.parse(await response.clone().json());
    expect(response.status).toBe(errorCatalogue[error.code].status);
    expect(response.headers.get('x-request-id')).toBe(error.requestId);
    expect(response.headers.get('cache-control')).toBe('no-store');
    await expect.poll(() => app.logLines.some((line) => line.includes(error.requestId))).toBe(true);
  });

  it('has no stack, no path and no version in it', async () => {
    const response = await fetch(`${app.url}/%E0%A4%A`);
    expect(response.headers.get('x-powered-by')).toBeNull();
    const text = await response.text();
    expect(response.status).toBe(404);
    expect(text).not.toMatch(/node_modules|\.ts|Express/);
  });
});

describe('methods and addresses', () => {
  it.each([
    ['GET', '/sign-upload', 'POST'],
    ['PUT', '/complete', 'POST'],
    ['GET', '/upload', 'POST'],
    ['POST', '/presets', 'GET'],
    ['DELETE', '/limits', 'GET'],
    ['POST', '/images', 'GET'],
    ['PATCH', '/images/a.jpg', 'GET, DELETE'],
    ['POST', '/i/hero/a.jpg', 'GET'],
    ['POST', '/healthz', 'GET'],
  ])('%s %s answers 405 and says what is allowed', async (method, path, allow) => {
    const response = await fetch(`${app.url}${path}`, { method, headers: authorised });
    expect(response.headers.get('allow')).toBe(allow);
    expect(await errorOf(response)).toMatchObject({ status: 405, code: 'method_not_allowed' });
  });

  it.each(['/', '/unknown', '//', '/..;/', '/metrics', '/tokens', '/images/a/b/c', '/.env', '/data/presets.json'])(
    'GET %s answers 404 in JSON',
    async (path) => {
      expect(await errorOf(await fetch(`${app.url}${path}`))).toMatchObject({ status: 404, code: 'not_found' });
    },
  );
});

describe('JSON bodies', () => {
  const send = (body: string | Buffer, headers: Record<string, string> = {}, path = '/sign-upload') =>
    fetch(`${app.url}${path}`, {
      method: 'POST',
      headers: { ...authorised, 'Content-Type': 'application/json', ...headers },
      body: body as Buffer<ArrayBuffer>,
    });

  it.each([
    '{',
    '',
    'null',
    '5',
    '"x"',
    '[]',
    '{"a":}',
    '\0',
    '{"contentType":"image/jpeg","size":1e999}',
    '['.repeat(8000),
  ])('refuses the body %j', async (body) => {
    const error = await errorOf(await send(body));
    expect(error.status).toBe(400);
    expect(['invalid_json', 'invalid_request']).toContain(error.code);
  });

  it('reads at most 16 kB', async () => {
    expect(await errorOf(await send(JSON.stringify({ filename: 'x'.repeat(17_000) })))).toMatchObject({
      status: 413,
      code: 'body_too_large',
    });
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonx',
    'image/png',
  ])('refuses the content type %s: a foreign page could send it without a preflight', async (contentType) => {
    const body = JSON.stringify({ contentType: 'image/jpeg', size: 10 });
    for (const path of ['/sign-upload', '/complete']) {
      expect(await errorOf(await send(body, { 'Content-Type': contentType }, path))).toMatchObject({
        status: 415,
        code: 'unsupported_media_type',
      });
    }
  });

  it('gives a caller ten seconds for them', { timeout: 30_000 }, async () => {
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
    socket.write(
      'POST /sign-upload HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    );
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('upload_too_slow');
  });

  it('refuses compressed bodies and foreign charsets', async () => {
    expect(await errorOf(await send('{}', { 'Content-Encoding': 'gzip' }))).toMatchObject({ status: 415 });
    expect(await errorOf(await send('{}', { 'Content-Type': 'application/json; charset=utf-7' }))).toMatchObject({
      status: 415,
    });
  });

  it('survives whatever is sent', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.json(), fc.string({ unit: 'binary' })),
        fc.constantFrom('/sign-upload', '/complete'),
        async (body, path) => {
          const { status } = await send(body, {}, path);
          return status >= 400 && status < 500;
        },
      ),
      { numRuns: 60 },
    );
    expect(await isAlive()).toBe(true);
  });
});

describe('CORS', () => {
  const calls = ['/sign-upload', '/complete', '/upload', '/images', '/images/a.jpg'];
  const preflight = (path: string, origin: string, method = 'POST') =>
    fetch(`${app.url}${path}`, {
      method: 'OPTIONS',
      headers: { Origin: origin, 'Access-Control-Request-Method': method },
    });

  it.each(calls)('lets listed pages call %s, errors included', async (path) => {
    const allowed = await preflight(path, 'https://cms.test');
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://cms.test');
    expect(allowed.headers.get('vary')).toContain('Origin');
    const failed = await fetch(`${app.url}${path}`, { method: 'POST', headers: { Origin: 'https://cms.test' } });
    expect(failed.status).toBeGreaterThanOrEqual(400);
    expect(failed.headers.get('access-control-allow-origin')).toBe('https://cms.test');
  });

  it.each([
    'https://evil.test',
    'https://cms.test.evil.test',
    'https://evil-cms.test',
    'http://cms.test',
    'https://cms.test:8443',
    'https://cms.test.',
    'https://CMS.TEST',
    'null',
    'https://user@cms.test',
    'https://cms.test/',
  ])('gives pages of %s no say', async (origin) => {
    for (const path of calls) {
      const response = await preflight(path, origin);
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
      expect(response.headers.get('access-control-allow-methods')).toBeNull();
      expect(response.headers.get('vary')).toContain('Origin');
    }
  });

  it('never allows credentials and never sets a cookie', async () => {
    for (const path of [...calls, '/presets', '/limits', '/i/hero/a.jpg']) {
      const response = await fetch(`${app.url}${path}`, {
        headers: { Origin: 'https://cms.test', Cookie: 'a=b' },
        redirect: 'manual',
      });
      expect(response.headers.get('access-control-allow-credentials')).toBeNull();
      expect(response.headers.get('set-cookie')).toBeNull();
    }
  });

  it.each(['/presets', '/limits', '/i/hero/a.jpg'])('lets any page read %s', async (path) => {
    const response = await fetch(`${app.url}${path}`, {
      headers: { Origin: 'https://anybody.test' },
      redirect: 'manual',
    });
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
  });
});

describe('hostile requests', () => {
  it('is not steered by Host and forwarding headers', async () => {
    const response = await call(
      app,
      'POST',
      '/sign-upload',
      { contentType: 'image/jpeg', size: 10 },
      { 'X-Forwarded-Host': 'evil.test', 'X-Forwarded-Proto': 'gopher' },
    );
    expect(await response.text()).not.toContain('evil.test');
    const answer = await raw('GET /limits HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n');
    expect(answer).not.toContain('evil.test');
  });

  it.each([
    'POST /sign-upload HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /sign-upload HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
    `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`,
    'GARBAGE\r\n\r\n',
    '\0\0\0\0',
  ])('refuses what is not HTTP (%#)', async (text) => {
    expect(await raw(text)).toMatch(/^(HTTP\/1\.1 4\d\d |$)/);
    expect(await isAlive()).toBe(true);
  });

  it('survives a __proto__ header and a TRACE', async () => {
    await raw('GET /presets HTTP/1.1\r\nHost: x\r\n__proto__: y\r\nConnection: close\r\n\r\n');
    await raw('TRACE /presets HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await isAlive()).toBe(true);
  });
});

describe('the log', () => {
  it('has one line per request and none of the secrets', async () => {
    await call(app, 'POST', '/sign-upload?api_key=query-secret', { contentType: 'image/jpeg', size: 10 });
    app.proxy.decide = () => ({ refuse: 403, code: 'SignatureDoesNotMatch' });
    await call(app, 'GET', '/images');
    app.proxy.reset();
    await expect.poll(() => app.logLines.filter((line) => line.includes('"/images"')).length).toBeGreaterThan(0);
    const log = app.logLines.join('');
    const [, keySecret = ''] = testSecrets.apiKey.split(':');
    for (const secret of [
      keySecret,
      testSecrets.s3SecretKey,
      testSecrets.ticketSecret,
      testSecrets.imgproxyKey,
      testSecrets.imgproxySalt,
      'query-secret',
      'Signature=',
    ]) {
      expect(log).not.toContain(secret);
    }
  });
});
