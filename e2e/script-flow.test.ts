import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiError, createApiClient } from '@kuanary/widget/api-client';
import type { Browser } from 'playwright';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePng } from './support/make-pictures.ts';
import { openBrowser, recordComplaints } from './support/open-browser.ts';
import { type Stack, startStack } from './support/start-stack.ts';

let stack: Stack;
let browser: Browser;
let foreignSite: Server;
let foreignUrl: string;
let png: Buffer;

beforeAll(async () => {
  [stack, browser, png] = await Promise.all([startStack(), openBrowser(), makePng(900, 600)]);
  foreignSite = createServer((_request, response) => {
    response
      .setHeader('Content-Type', 'text/html')
      .end('<!doctype html><title>Another site</title><link rel="icon" href="data:,">');
  });
  await new Promise<void>((resolve) => foreignSite.listen(0, '127.0.0.1', resolve));
  foreignUrl = `http://127.0.0.1:${(foreignSite.address() as AddressInfo).port}`;
});

afterAll(async () => {
  await browser?.close();
  await stack?.stop();
  foreignSite?.closeAllConnections();
  foreignSite?.close();
});

async function assertThumbnail(url: string): Promise<void> {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  const { format, width, height } = await sharp(Buffer.from(await response.arrayBuffer())).metadata();
  expect({ format, width, height }).toEqual({ format: 'webp', width: 300, height: 200 });
}

describe('a script', () => {
  it('uploads with three HTTP calls', async () => {
    const post = (path: string, body: unknown): Promise<Response> =>
      fetch(`${stack.apiUrl}${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });

    const signing = await post('/sign-upload', { contentType: 'image/png', size: png.length, filename: 'chart.png' });
    expect(signing.status).toBe(201);
    const signed: { url: string; fields: Record<string, string>; ticket: string } = await signing.json();

    const form = new FormData();
    for (const [name, value] of Object.entries(signed.fields)) form.append(name, value);
    form.append('file', new Blob([Uint8Array.from(png)]));
    const storing = await fetch(signed.url, { method: 'POST', body: form });
    expect(storing.status).toBe(201);

    const completing = await post('/complete', { ticket: signed.ticket });
    expect(completing.status).toBe(200);
    const completed: { url: string; urls: Record<string, string> } = await completing.json();
    expect(completed).toMatchObject({
      success: true,
      filename: expect.stringMatching(/^image-[0-9a-f-]{36}\.png$/),
      image: { width: 900, height: 600, format: 'png', bytes: png.length, animated: false },
      originalFilename: 'chart.png',
    });
    expect(Object.keys(completed.urls).sort()).toEqual(['avatar', 'hero', 'og-image', 'thumbnail']);
    await assertThumbnail(completed.url);
  });

  it('uploads with the typed client, anonymously and with an API key', async () => {
    const image = new Blob([Uint8Array.from(png)], { type: 'image/png' });
    const anonymous = createApiClient({ endpoint: stack.apiUrl });
    const withKey = createApiClient({ endpoint: stack.apiUrl, authorization: `Bearer ${stack.apiKey}` });

    for (const client of [anonymous, withKey]) {
      const completed = await client.uploadImage(image, { filename: 'chart.png', presets: ['thumbnail'] });
      expect(completed.image).toEqual({ width: 900, height: 600, format: 'png', bytes: png.length, animated: false });
      expect(completed.originalFilename).toBe('chart.png');
      expect(Object.keys(completed.urls)).toEqual(['thumbnail']);
      await assertThumbnail(completed.url);
    }
  });

  it('gets the same answer when it completes again', async () => {
    const client = createApiClient({ endpoint: stack.apiUrl });
    const signed = await client.signUpload({ contentType: 'image/png', size: png.length });
    const form = new FormData();
    for (const [name, value] of Object.entries(signed.fields)) form.append(name, value);
    form.append('file', new Blob([Uint8Array.from(png)]));
    await fetch(signed.url, { method: 'POST', body: form });

    const answers = await Promise.all([1, 2, 3].map(() => client.complete({ ticket: signed.ticket })));
    const later = await client.complete({ ticket: signed.ticket });
    expect([...answers, later].map((answer) => answer.filename)).toEqual(Array(4).fill(later.filename));
  });

  it('hears from the client what was wrong, in the words of the API and of the storage', async () => {
    const client = createApiClient({ endpoint: stack.apiUrl });
    const failure = async (call: Promise<unknown>): Promise<ApiError> => {
      const error: unknown = await call.catch((reason: unknown) => reason);
      if (error instanceof ApiError) return error;
      throw new Error('an ApiError was expected', { cause: error });
    };

    const text = new Blob(['milk, eggs'], { type: 'text/plain' });
    expect(await failure(client.uploadImage(text))).toMatchObject({ code: 'unsupported_file_type', status: 415 });

    const wrongKey = createApiClient({ endpoint: stack.apiUrl, authorization: 'Bearer dev:not-the-secret' });
    expect(await failure(wrongKey.uploadImage(new Blob([Uint8Array.from(png)], { type: 'image/png' })))).toMatchObject({
      code: 'invalid_credentials',
      status: 401,
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });

    const { ticket } = await client.signUpload({ contentType: 'image/png', size: png.length });
    expect(await failure(client.complete({ ticket }))).toMatchObject({ code: 'not_uploaded', status: 409 });

    const nowhere = createApiClient({ endpoint: stack.storeUrl });
    const foreign = await failure(nowhere.complete({ ticket }));
    expect(foreign.code).toBe('unreadable_answer');
    expect(foreign.message).toContain(new URL(stack.storeUrl).host);
  });
});

describe('a page of another site', () => {
  it('uploads across origins: to the API, to the store, and shows the picture', async () => {
    const page = await browser.newPage();
    const complaints = recordComplaints(page);
    await page.goto(foreignUrl);
    expect(new Set([foreignUrl, stack.apiUrl, stack.storeUrl, stack.imgproxyUrl]).size).toBe(4);

    const shown = await page.evaluate(
      async ({ apiUrl, base64 }) => {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        const post = async (path: string, body: unknown) =>
          await (
            await fetch(`${apiUrl}${path}`, {
              method: 'POST',
              headers: { 'Content-Type': 'application/json' },
              body: JSON.stringify(body),
            })
          ).json();
        const { url, fields, ticket } = await post('/sign-upload', { contentType: 'image/png', size: bytes.length });
        const form = new FormData();
        for (const [name, value] of Object.entries<string>(fields)) form.append(name, value);
        form.append('file', new Blob([bytes]));
        const stored = await fetch(url, { method: 'POST', body: form });
        const completed = await post('/complete', { ticket });
        const image = new Image();
        image.src = completed.url;
        await image.decode();
        return { stored: stored.status, width: image.naturalWidth, height: image.naturalHeight };
      },
      { apiUrl: stack.apiUrl, base64: png.toString('base64') },
    );
    expect(shown).toEqual({ stored: 201, width: 300, height: 200 });
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('can read why it was refused', async () => {
    const page = await browser.newPage();
    await page.goto(foreignUrl);
    const refusal: unknown = await page.evaluate(async (apiUrl) => {
      const response = await fetch(`${apiUrl}/complete`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ ticket: 'made.up' }),
      });
      return { status: response.status, body: await response.json() };
    }, stack.apiUrl);
    expect(refusal).toMatchObject({ status: 401, body: { success: false, code: 'invalid_ticket' } });
    await page.close();
  });
});
