import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LimitsAnswer } from '@kuanary/shared/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf, type RunningApp, startApp } from './support/start-app.ts';

let app: RunningApp;
beforeAll(async () => {
  app = await startApp({ PUBLIC_URL: 'https://api.test/' });
});
afterAll(() => app.stop());

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${app.url}${path}`, { redirect: 'manual', headers });

async function writePresets(text: string): Promise<void> {
  const file = join(app.spoolFolder, 'presets.json');
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

describe('GET /presets', () => {
  it('answers the document with an ETag, to any page', async () => {
    const response = await get('/presets');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(Object.keys((await response.json()) as object)).toEqual(['thumbnail', 'hero', 'og-image', 'avatar']);
    const etag = response.headers.get('etag') ?? '';
    // Node's fetch adds "Cache-Control: no-cache" to conditional requests, which asks for a full answer.
    const revalidate = (tag: string) => get('/presets', { 'If-None-Match': tag, 'Cache-Control': 'max-age=0' });
    expect((await revalidate(etag)).status).toBe(304);
    expect((await revalidate('"other"')).status).toBe(200);
  });

  it('follows an edit without a restart, and keeps the last valid document when an edit is wrong', async () => {
    const document = { small: { resize: 'fit', width: 10, height: 10, format: 'webp', someOldKey: 1 } };
    await writePresets(JSON.stringify(document));
    await app.restart({});
    expect(await (await get('/presets')).json()).toEqual(document);
    await writePresets('{"small":{"resize":"stretch"}}');
    await expect
      .poll(async () => ((await (await get('/readyz')).json()) as { checks: { presets: string } }).checks.presets, {
        timeout: 9000,
      })
      .toBe('stale');
    expect(await (await get('/presets')).json()).toEqual(document);
    await writePresets('{"big":{"resize":"fit","width":900,"format":"webp"}}');
    await expect
      .poll(async () => Object.keys((await (await get('/presets')).json()) as object), { timeout: 9000 })
      .toEqual(['big']);
  });
});

describe('GET /limits', () => {
  it('says beforehand what may be uploaded', async () => {
    const response = await get('/limits');
    expect(response.headers.get('cache-control')).toBe('public, max-age=300');
    expect(LimitsAnswer.parse(await response.json())).toMatchObject({
      maxBytes: 20_971_520,
      maxPixels: 50_000_000,
      anonymous: null,
    });
  });
});

describe('GET /i/:preset/:filename', () => {
  it('leads to the signed URL without asking the storage', async () => {
    app.proxy.reset();
    const [preset] = Object.keys((await (await get('/presets')).json()) as object);
    const response = await get(`/i/${preset}/image-x.jpg`);
    expect(response.status).toBe(302);
    expect(response.headers.get('cache-control')).toBe('public, max-age=3600');
    expect(response.headers.get('location')).toMatch(
      /^http:\/\/127\.0\.0\.1:1\/[\w-]{43}\/.*s3:\/\/[a-z0-9-]+\/image-x\.jpg$/,
    );
    expect(app.proxy.calls).toEqual([]);
  });

  it.each([
    '/i/nope/image-x.jpg',
    '/i/__proto__/image-x.jpg',
    '/i/constructor/a.jpg',
    '/i/big/tmp%2Fincoming%2Fx.jpg',
    '/i/big/..%2Fa.jpg',
    '/i/big/a.exe',
    '/i/big',
  ])('answers 404 for %s', async (path) => {
    expect((await errorOf(await get(path))).status).toBe(404);
  });
});

describe('GET /healthz', () => {
  it('answers for the process alone, also while the storage is down', async () => {
    app.proxy.decide = () => ({ refuse: 503 });
    expect((await get('/healthz')).status).toBe(200);
    app.proxy.reset();
  });
});

describe('GET /readyz', () => {
  it('turns red with a remedy while the storage is down, and green again', async () => {
    app.proxy.decide = () => ({ refuse: 403, code: 'AccessDenied' });
    await expect.poll(async () => (await get('/readyz')).status, { timeout: 9000 }).toBe(503);
    const report = (await (await get('/readyz')).json()) as { remedies: string[] };
    expect(report.remedies.join()).toContain('S3_ENDPOINT');
    expect(JSON.stringify(report)).not.toMatch(/kuanary-test|TESTKEY|127\.0\.0\.1/);
    app.proxy.reset();
    await expect.poll(async () => (await get('/readyz')).status, { timeout: 9000 }).toBe(200);
  });
});
