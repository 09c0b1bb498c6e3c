import type { Browser, BrowserContext } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makePhonePhoto, makePng } from './support/make-pictures.ts';
import { keepScreenshot, openBrowser } from './support/open-browser.ts';
import { jpegFile, openDemoPage, pngFile } from './support/open-demo-page.ts';
import { type Stack, startStack } from './support/start-stack.ts';

let stack: Stack;
let browser: Browser;
let context: BrowserContext;
let png: Buffer;

beforeAll(async () => {
  [stack, browser, png] = await Promise.all([startStack(), openBrowser(), makePng(800, 600)]);
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

const filenameIn = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

async function askWithKey(path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${stack.apiUrl}${path}`, { headers: { Authorization: `Bearer ${stack.apiKey}` } });
  return { status: response.status, body: await response.json() };
}

describe('Delete on the page', () => {
  it('removes the image for good: its addresses lead nowhere and its ticket is spent', async () => {
    const demo = await openDemoPage(context, stack);
    const signed = demo.page.waitForResponse(`${stack.apiUrl}/sign-upload`);
    await demo.choose(pngFile('gone.png', png));
    const url = await demo.shownPicture('gone.png');
    const filename = filenameIn(url);
    const { ticket }: { ticket: string } = await (await signed).json();
    expect((await askWithKey(`/images/${filename}`)).status).toBe(200);

    await demo.card('gone.png').getByRole('button', { name: 'Delete gone.png' }).click();
    await demo
      .card('gone.png')
      .getByText(/^Deleted/)
      .waitFor();
    await keepScreenshot(demo.page, 'deleted');

    expect((await fetch(url)).status).toBe(404);
    expect((await fetch(`${stack.apiUrl}/i/thumbnail/${filename}`)).status).toBe(404);
    expect(await askWithKey(`/images/${filename}`)).toMatchObject({ status: 404, body: { code: 'image_not_found' } });
    const completedAgain = await fetch(`${stack.apiUrl}/complete`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ticket }),
    });
    expect(completedAgain.status).toBe(410);
    expect(await completedAgain.json()).toMatchObject({ success: false, code: 'image_deleted' });
    expect(demo.complaints).toEqual([]);
  });
});

describe('Cancel on the page', () => {
  it('stops an upload half-way, stores nothing, and lets the person try again', async () => {
    const before = await askWithKey('/images?limit=1000');
    const demo = await openDemoPage(context, stack);
    const devTools = await context.newCDPSession(demo.page);
    await devTools.send('Network.enable');
    const throttle = (uploadThroughput: number) =>
      devTools.send('Network.emulateNetworkConditions', {
        offline: false,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput,
      });
    await throttle(200_000);
    await demo.choose(jpegFile('slow.jpg', await makePhonePhoto()));
    const card = demo.card('slow.jpg');
    await card.getByText(/of 2\.7 MB/).waitFor();
    await keepScreenshot(demo.page, 'under-way');
    await card.getByRole('button', { name: 'Cancel slow.jpg' }).click();
    await card.getByText('Cancelled.', { exact: true }).waitFor();
    expect(await askWithKey('/images?limit=1000')).toEqual(before);

    await throttle(-1);
    await card.getByRole('button', { name: 'Try again slow.jpg' }).click();
    await demo.shownPicture('slow.jpg');
  });
});

describe('trouble on the page', () => {
  it.each([
    [
      'the store',
      () => `${stack.storeUrl}/**`,
      /^The object store at 127\.0\.0\.1:\d+ could not be reached\. .+Try again\.$/,
    ],
    ['the API', () => `${stack.apiUrl}/complete`, /^The API could not be reached\. .+Try again\.$/],
  ])('is explained when %s is away, and the upload works once it is back', async (_who, away, sentence) => {
    const demo = await openDemoPage(context, stack);
    await demo.page.route(away(), (route) => route.abort('connectionrefused'));
    await demo.choose(pngFile('later.png', png));
    const card = demo.card('later.png');
    const again = card.getByRole('button', { name: 'Try again later.png' });
    await again.waitFor();
    expect(await card.locator('.state').textContent()).toMatch(sentence);

    await demo.page.unroute(away());
    await again.click();
    await demo.shownPicture('later.png');
  });

  it('is not made by a file name: it is text, whatever it contains', async () => {
    const demo = await openDemoPage(context, stack);
    const name = '<img src=x onerror=alert(1)> & ";rm -rf ~;" \u202Egnp.png';
    await demo.choose(pngFile(name, png));
    await demo.shownPicture(name);
    expect(await demo.card(name).getByRole('heading').textContent()).toBe(name);
    expect(demo.complaints).toEqual([]);
  });
});

describe('the page over time', () => {
  it('still has its pictures after a reload, and can still delete them', async () => {
    const demo = await openDemoPage(context, stack);
    await demo.choose(pngFile('kept.png', png));
    const url = await demo.shownPicture('kept.png');

    await demo.page.reload();
    expect(await demo.shownPicture('kept.png')).toBe(url);
    await demo.card('kept.png').getByRole('button', { name: 'Delete kept.png' }).click();
    await demo
      .card('kept.png')
      .getByText(/^Deleted/)
      .waitFor();

    await demo.page.reload();
    await demo.page.getByText(/each up to/).waitFor();
    expect(await demo.page.locator('.card').count()).toBe(0);
    expect(demo.complaints).toEqual([]);
  });

  it('works in two tabs at once, each with its own pictures', async () => {
    const tabs = await Promise.all([openDemoPage(context, stack), openDemoPage(context, stack)]);
    const urls = await Promise.all(
      tabs.map(async (demo, index) => {
        await demo.choose(pngFile(`tab-${index}.png`, png));
        return await demo.shownPicture(`tab-${index}.png`);
      }),
    );
    expect(new Set(urls.map(filenameIn)).size).toBe(2);
    for (const demo of tabs) {
      expect(await demo.page.locator('.card').count()).toBe(1);
      expect(demo.complaints).toEqual([]);
    }
  });
});

describe.each([
  ['light, wide', { colorScheme: 'light', width: 1280 }],
  ['dark, wide', { colorScheme: 'dark', width: 1280 }],
  ['light, 320 pixels', { colorScheme: 'light', width: 320 }],
  ['dark, 320 pixels', { colorScheme: 'dark', width: 320 }],
] as const)('the page, %s', (name, { colorScheme, width }) => {
  it('fits, and its controls are large enough for fingers', async () => {
    const own = await browser.newContext({ colorScheme, viewport: { width, height: 800 } });
    const demo = await openDemoPage(own, stack);
    await demo.choose(pngFile('a-name-that-is-rather-long-for-a-narrow-telephone-screen.png', png));
    await demo.shownPicture('a-name-that-is-rather-long-for-a-narrow-telephone-screen.png');
    await keepScreenshot(demo.page, `page-${name.replaceAll(/\W+/g, '-')}`);

    const overflow = await demo.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
    const heights = await demo.page
      .locator('button:visible, select:visible, label.preset-name, nav a, summary:visible >> nth=0')
      .evaluateAll((controls) => controls.map((control) => Math.round(control.getBoundingClientRect().height)));
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(44);
    await own.close();
  });
});
