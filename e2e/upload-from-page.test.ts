import type { Browser, BrowserContext } from 'playwright';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeHeic, makePhonePhoto, makePng } from './support/make-pictures.ts';
import { keepScreenshot, openBrowser } from './support/open-browser.ts';
import { jpegFile, openDemoPage, pngFile } from './support/open-demo-page.ts';
import { type Stack, startStack } from './support/start-stack.ts';

const maxApiBytesEachWay = 8 * 1024;

let stack: Stack;
let browser: Browser;
let context: BrowserContext;
let photo: Buffer;

beforeAll(async () => {
  [stack, browser, photo] = await Promise.all([startStack(), openBrowser(), makePhonePhoto()]);
});

afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

beforeEach(async () => {
  context = await browser.newContext();
});

afterEach(async () => {
  await context.close();
});

describe('a photograph chosen on the page', () => {
  it('goes to the store and comes back from imgproxy, past the API', async () => {
    const demo = await openDemoPage(context, stack);
    await demo.choose(jpegFile('holiday.jpg', photo));
    const thumbnailUrl = await demo.shownPicture('holiday.jpg');
    await keepScreenshot(demo.page, 'photograph-uploaded');

    expect(new Set([stack.apiUrl, stack.storeUrl, stack.imgproxyUrl]).size).toBe(3);
    const requests = await demo.seenRequests();
    expect(requests.map(({ method, origin, status }) => [method, origin, status])).toEqual([
      ['POST', stack.apiUrl, 201],
      ['POST', stack.storeUrl, 201],
      ['POST', stack.apiUrl, 200],
      ['GET', stack.imgproxyUrl, 200],
    ]);
    expect(new URL(thumbnailUrl).origin).toBe(stack.imgproxyUrl);

    const toApi = requests.filter(({ origin }) => origin === stack.apiUrl);
    expect(toApi.map(({ path }) => path)).toEqual(['/sign-upload', '/complete']);
    const sum = (bytes: number[]): number => bytes.reduce((total, some) => total + some, 0);
    expect(sum(toApi.map(({ sentBytes }) => sentBytes))).toBeLessThanOrEqual(maxApiBytesEachWay);
    expect(sum(toApi.map(({ receivedBytes }) => receivedBytes))).toBeLessThanOrEqual(maxApiBytesEachWay);
    const toStore = requests.find(({ origin }) => origin === stack.storeUrl);
    expect(toStore?.sentBytes).toBeGreaterThan(photo.length);
    expect(demo.complaints).toEqual([]);
  });

  it('is shown upright, as WebP within 300 × 300, without its place and camera', async () => {
    const stored = await sharp(photo).metadata();
    expect([stored.width, stored.height, stored.orientation]).toEqual([4000, 3000, 6]);
    expect(stored.exif?.includes('Test camera')).toBe(true);

    const demo = await openDemoPage(context, stack);
    await demo.choose(jpegFile('holiday.jpg', photo));
    const thumbnailUrl = await demo.shownPicture('holiday.jpg');
    const shownSize = await demo
      .card('holiday.jpg')
      .locator('img.picture')
      .evaluate((image) => (image instanceof HTMLImageElement ? [image.naturalWidth, image.naturalHeight] : []));
    expect(shownSize).toEqual([225, 300]);

    const response = await fetch(thumbnailUrl);
    expect(response.headers.get('Content-Type')).toBe('image/webp');
    const thumbnail = Buffer.from(await response.arrayBuffer());
    const facts = await sharp(thumbnail).metadata();
    expect([facts.format, facts.width, facts.height]).toEqual(['webp', 225, 300]);
    expect([facts.exif, facts.xmp, facts.iptc, facts.orientation]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);

    const { data, info } = await sharp(thumbnail).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const colorAt = (x: number, y: number): string => {
      const at = (y * info.width + x) * info.channels;
      const [red = 0, green = 0, blue = 0] = data.subarray(at, at + 3);
      if (red > 150 && green < 80 && blue < 80) return 'red';
      return green > 130 && red < 80 && blue < 80 ? 'green' : 'other';
    };
    expect([colorAt(10, 10), colorAt(info.width - 10, 10), colorAt(10, info.height - 10)]).toEqual([
      'red',
      'green',
      'other',
    ]);
  });

  it('has its facts on the page, an address for each preset, and the calls that were made', async () => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const demo = await openDemoPage(context, stack);
    await demo.choose(jpegFile('holiday.jpg', photo));
    const thumbnailUrl = await demo.shownPicture('holiday.jpg');
    const card = demo.card('holiday.jpg');

    expect(await card.locator('dd').allTextContents()).toEqual(['3000\u00a0×\u00a04000', 'JPEG', '2.7 MB']);
    expect(await card.getByRole('radio').count()).toBe(4);
    const addresses = await card.locator('a').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    expect(addresses).toHaveLength(5);
    const answers = await Promise.all(addresses.map((address) => fetch(address ?? '')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);

    await card.getByRole('button', { name: 'Copy the signed URL of thumbnail' }).click();
    expect(await demo.page.evaluate(() => navigator.clipboard.readText())).toBe(thumbnailUrl);
    await card.getByRole('button', { name: 'Copy the stable link' }).click();
    expect(await demo.page.evaluate(() => navigator.clipboard.readText())).toMatch(
      new RegExp(`^${stack.apiUrl}/i/thumbnail/image-[0-9a-f-]{36}\\.jpg$`),
    );

    const wire = demo.page.getByRole('complementary', { name: 'On the wire' });
    expect(await wire.locator('.call-status').allTextContents()).toEqual(['201', '201', '200', 'shown']);
    expect(demo.complaints).toEqual([]);
  });

  it('is not alone: several files go at once, and one that is broken does not hold up the others', async () => {
    const demo = await openDemoPage(context, stack);
    const png = await makePng(640, 480);
    await demo.choose(
      pngFile('one.png', png),
      pngFile('two.png', await makePng(300, 900)),
      jpegFile('not-really.jpg', Buffer.from('This is no picture at all, whatever its name says.')),
      jpegFile('three.jpg', photo),
      pngFile('cut-off.png', png.subarray(0, 20)),
    );
    for (const name of ['one.png', 'two.png', 'three.jpg']) await demo.shownPicture(name);
    for (const name of ['not-really.jpg', 'cut-off.png']) {
      const card = demo.card(name);
      await card.getByRole('button', { name: `Try again ${name}` }).waitFor();
      expect(await card.locator('.state').textContent()).toMatch(/^The file .+\. .+\.Reference [0-9a-f-]{36}$/);
    }
    await keepScreenshot(demo.page, 'several-files');
  });

  it('is kept with its facts when imgproxy cannot show its format, and the page says so', async () => {
    const demo = await openDemoPage(context, stack);
    await demo.choose({ name: 'IMG_0412.HEIC', mimeType: 'image/heic', buffer: await makeHeic(1280, 960) });
    const card = demo.card('IMG_0412.HEIC');
    await card.getByText(/cannot show HEIC/).waitFor();
    expect(await card.locator('dd').allTextContents()).toEqual([
      '1280\u00a0×\u00a0960',
      'HEIC',
      expect.stringMatching(/bytes|kB/),
    ]);
    await keepScreenshot(demo.page, 'heic');
  });
});
