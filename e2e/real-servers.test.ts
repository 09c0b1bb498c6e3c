import { readFile } from 'node:fs/promises';
import { buildSourceUrl, createImgproxySigner, parseKeyPairs } from '@kuanary/shared/imgproxy-url';
import { createApiClient } from '@kuanary/widget/api-client';
import type { Browser, BrowserContext } from 'playwright';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findImgproxy } from '../server/src/embedded/imgproxy/real-imgproxy.ts';
import { attemptKey, commitKey, incomingKey } from '../server/src/uploads/object-keys.ts';
import { attemptMinAgeMs, incomingMinAgeMs } from '../server/src/uploads/sweep-uploads.ts';
import { type AgeingProxy, startAgeingProxy } from './support/ageing-proxy.ts';
import { makePhonePhoto, makePng } from './support/make-pictures.ts';
import { keepScreenshot, openBrowser } from './support/open-browser.ts';
import { jpegFile, openDemoPage, pngFile } from './support/open-demo-page.ts';
import { openRealStorage, type RealStorage, realImgproxyUrl, realStorageEndpoint } from './support/real-storage.ts';
import { findFreePorts, makeTemporaryFolder, runKuanary } from './support/run-kuanary.ts';
import { type Stack, startStack } from './support/start-stack.ts';

const presetSides = { thumbnail: '225 × 300', hero: '1920 × 1080', 'og-image': '1200 × 630', avatar: '200 × 200' };
const maxSweepWaitMs = 15_000;
const filenameIn = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

const imgproxyOnPath = await findImgproxy(process.env['PATH']);

describe.skipIf(imgproxyOnPath === null)('kuanary dev with an imgproxy on the PATH', () => {
  it('uses it, with signatures required and root objects only', async () => {
    const stack = await startStack();
    try {
      expect(stack.imgproxyKind).toBe(imgproxyOnPath);
      const png = await makePng(400, 300);
      const client = createApiClient({ endpoint: stack.apiUrl });
      const file = new Blob([Uint8Array.from(png)], { type: 'image/png' });
      const { filename, url } = await client.uploadImage(file);
      expect((await fetch(url)).headers.get('server')).toBe('imgproxy');

      const pending = await client.signUpload({ contentType: 'image/png', size: png.length });
      const form = new FormData();
      for (const [name, value] of Object.entries(pending.fields)) form.append(name, value);
      form.append('file', file);
      expect((await fetch(pending.url, { method: 'POST', body: form })).status).toBe(201);
      const secrets: Record<string, string> = JSON.parse(await readFile(`${stack.folder}/data/secrets.json`, 'utf8'));
      const pairs = parseKeyPairs(secrets['IMGPROXY_KEY'] ?? '', secrets['IMGPROXY_SALT'] ?? '');
      const signer = createImgproxySigner({ baseUrl: stack.imgproxyUrl, pairs, signatureSize: 32 });
      const statusOf = async (key: string): Promise<number> =>
        (await fetch(signer.imageUrl('/w:20/plain/', buildSourceUrl('kuanary', key)))).status;
      expect(await statusOf(filename)).toBe(200);
      expect(await statusOf(incomingKey(pending.uploadId))).toBe(404);
      expect((await fetch(`${stack.imgproxyUrl}/insecure/w:20/plain/s3://kuanary/${filename}`)).status).toBe(403);
    } finally {
      await stack.stop();
    }
  });
});

describe.skipIf(realStorageEndpoint === undefined)('on a real S3 server', () => {
  let real: RealStorage;
  let folder: { path: string; remove: () => Promise<void> };
  let ports: number[];
  let setUpByUs = false;
  let stack: Stack;
  let browser: Browser;
  let context: BrowserContext;

  /** `kuanary setup-bucket` for the page's own origin; its exit code. */
  async function setUpBucket(...flags: string[]): Promise<number | null> {
    const settings = { ...real.settings, ALLOWED_ORIGINS: `http://127.0.0.1:${ports[0]}` };
    const command = runKuanary(['setup-bucket', ...flags], { folder: folder.path, settings });
    const code = await command.exit;
    const { stdout, stderr } = command.output();
    if (code !== 0 && !flags.includes('--dry-run'))
      throw new Error(`setup-bucket ended with ${code}:\n${stdout}${stderr}`);
    return code;
  }

  beforeAll(async () => {
    [real, folder, ports] = await Promise.all([
      openRealStorage(realStorageEndpoint ?? ''),
      makeTemporaryFolder(),
      findFreePorts(3),
    ]);
    setUpByUs = (await setUpBucket('--dry-run')) !== 0;
    if (setUpByUs) await setUpBucket();
    [stack, browser] = await Promise.all([startStack({ ports, settings: real.settings }), openBrowser()]);
  });

  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
    // A bucket that was set up before we came stays so.
    if (setUpByUs) await setUpBucket('--undo');
    await real?.remove();
    await folder?.remove();
  });

  beforeEach(async () => {
    context = await browser.newContext();
    real.watch(context);
  });

  afterEach(async () => {
    await context.close();
  });

  const exists = async (key: string): Promise<boolean> => (await real.storage.readRange(key, 0, 1)) !== null;

  describe('a photograph chosen on the page', () => {
    it('goes to the bucket past the API, and every preset of it is shown', async () => {
      const demo = await openDemoPage(context, stack);
      await demo.choose(jpegFile('holiday.jpg', await makePhonePhoto()));
      const filename = filenameIn(await demo.shownPicture('holiday.jpg'));

      const requests = await demo.seenRequests();
      expect(requests.map(({ method, origin, status }) => [method, origin, status])).toEqual([
        ['POST', stack.apiUrl, 201],
        ['POST', real.endpoint, 201],
        ['POST', stack.apiUrl, 200],
        ['GET', stack.imgproxyUrl, 200],
      ]);
      expect(await exists(filename)).toBe(true);

      const card = demo.card('holiday.jpg');
      for (const [preset, sides] of Object.entries(presetSides)) {
        await card.getByRole('radio', { name: preset, exact: true }).check();
        await card.getByText(`Shown is the ${preset}, ${sides.replaceAll(' ', '\u00a0')}.`).waitFor();
        const answer = await fetch((await card.locator('img.picture').getAttribute('src')) ?? '');
        expect([answer.status, answer.headers.get('server')]).toEqual([200, 'imgproxy']);
      }
      await keepScreenshot(demo.page, 'real-servers');
      expect(demo.complaints).toEqual([]);
    });

    it('lies in a bucket that only the keys of its owner open', async () => {
      const demo = await openDemoPage(context, stack);
      await demo.choose(pngFile('private.png', await makePng(320, 240)));
      const url = await demo.shownPicture('private.png');
      expect((await fetch(`${real.endpoint}/${real.bucket}/${filenameIn(url)}`)).status).toBe(403);
      const [, signature = ''] = new URL(url).pathname.split('/');
      const forged = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
      expect((await fetch(url.replace(signature, forged))).status).toBe(403);
    });

    it('is gone after Delete: the object, its pictures, its ticket', async () => {
      const demo = await openDemoPage(context, stack);
      await demo.choose(pngFile('gone.png', await makePng(640, 480)));
      const url = await demo.shownPicture('gone.png');
      expect(await exists(filenameIn(url))).toBe(true);
      const card = demo.card('gone.png');
      await card.getByRole('button', { name: 'Delete gone.png' }).click();
      await card.getByText(/^Deleted/).waitFor();
      expect(await exists(filenameIn(url))).toBe(false);
      expect((await fetch(url)).status).toBe(404);
      expect(demo.complaints).toEqual([]);
    });

    it('is refused when it is none, and no image comes of it', async () => {
      const demo = await openDemoPage(context, stack);
      const signed = demo.page.waitForResponse(`${stack.apiUrl}/sign-upload`);
      await demo.choose(jpegFile('not-really.jpg', Buffer.from('This is no picture at all, whatever its name says.')));
      const { uploadId }: { uploadId: string } = await (await signed).json();
      const card = demo.card('not-really.jpg');
      await card.getByRole('button', { name: 'Try again not-really.jpg' }).waitFor();
      expect(await card.locator('.state').textContent()).toMatch(/^The file .+\. .+\.Reference [0-9a-f-]{36}$/);
      expect(await exists(commitKey(uploadId))).toBe(false);
    });
  });

  describe('the form on the page', () => {
    it('stores its picture by one call, and shows the preset that was asked for', async () => {
      const demo = await openDemoPage(context, stack);
      const { page } = demo;
      await page.getByLabel('Preset of url').selectOption('avatar');
      await page.getByLabel('Picture', { exact: true }).setInputFiles(pngFile('form.png', await makePng(640, 480)));
      await page.getByRole('button', { name: 'Send the form' }).click();
      await page.locator('#legacy-image:not([hidden])').waitFor();
      const url = (await page.locator('#legacy-image').getAttribute('src')) ?? '';
      const picture = await fetch(url);
      const { format, width, height } = await sharp(Buffer.from(await picture.arrayBuffer())).metadata();
      expect({ format, width, height }).toEqual({ format: 'webp', width: 200, height: 200 });
      expect(await exists(filenameIn(url))).toBe(true);
    });
  });

  describe('the sweeper of a running server', () => {
    let proxy: AgeingProxy;
    let sweeping: Stack;

    beforeAll(async () => {
      proxy = await startAgeingProxy(real.endpoint);
      const settings = {
        ...real.settings,
        S3_ENDPOINT: proxy.url,
        S3_PUBLIC_ENDPOINT: real.endpoint,
        SWEEP_INTERVAL_SECONDS: '1',
      };
      sweeping = await startStack({ settings });
    });

    afterAll(async () => {
      await sweeping?.stop();
      await proxy?.close();
    });

    it('removes what nobody completed, and no image that was', async () => {
      const client = createApiClient({ endpoint: sweeping.apiUrl });
      const png = await makePng(400, 300);
      const file = new Blob([Uint8Array.from(png)], { type: 'image/png' });

      const abandoned = await client.signUpload({ contentType: 'image/png', size: png.length });
      const form = new FormData();
      for (const [name, value] of Object.entries(abandoned.fields)) form.append(name, value);
      form.append('file', file);
      expect((await fetch(abandoned.url, { method: 'POST', body: form })).status).toBe(201);
      real.rememberUpload(abandoned.uploadId);

      const kept = await client.uploadImage(file);
      real.rememberImage(kept.filename);
      const keptUpload = (await real.storage.readRange(kept.filename, 0, 1))?.metadata['kuanary-upload'] ?? '';

      // What a server leaves that dies after the commit, and one that dies after the copy.
      const keptAttempt = attemptKey(keptUpload, kept.filename.slice('image-'.length, -'.png'.length));
      const [deadUpload, deadNonce] = [crypto.randomUUID(), crypto.randomUUID()];
      const deadAttempt = attemptKey(deadUpload, deadNonce);
      const deadImage = `image-${deadNonce}.png`;
      real.rememberUpload(deadUpload);
      real.rememberImage(deadImage);
      const described = { contentType: 'image/png', metadata: { 'kuanary-upload': deadUpload } };
      await real.storage.put(keptAttempt, new Uint8Array(), { contentType: 'text/plain', metadata: {} });
      await real.storage.put(deadAttempt, new Uint8Array(), { contentType: 'text/plain', metadata: {} });
      await real.storage.put(deadImage, png, described);

      const leftovers = [incomingKey(abandoned.uploadId), keptAttempt, deadAttempt, deadImage];
      expect(await Promise.all(leftovers.map(exists))).toEqual([true, true, true, true]);

      proxy.age(abandoned.uploadId, incomingMinAgeMs + 60_000);
      proxy.age(keptUpload, attemptMinAgeMs + 60_000);
      proxy.age(deadUpload, attemptMinAgeMs + 60_000);
      await expect
        .poll(() => Promise.all(leftovers.map(exists)), { timeout: maxSweepWaitMs })
        .toEqual([false, false, false, false]);

      expect(await exists(kept.filename)).toBe(true);
      expect((await fetch(kept.url)).status).toBe(200);
      await expect(client.complete({ ticket: abandoned.ticket })).rejects.toMatchObject({ code: 'not_uploaded' });
    });
  });

  it.skipIf(realImgproxyUrl === undefined)('has its pictures made by the imgproxy that is given', () => {
    expect(stack.imgproxyUrl).toBe(realImgproxyUrl);
  });
});
