import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makePng } from './support/make-pictures.ts';
import { keepScreenshot, openBrowser } from './support/open-browser.ts';
import { openDemoPage, pngFile } from './support/open-demo-page.ts';
import { type Stack, startStack } from './support/start-stack.ts';

const maxBytes = 5_000_000;

let stack: Stack;
let browser: Browser;
let context: BrowserContext;
let png: Buffer;
let pngPath: string;

beforeAll(async () => {
  const settings = { MAX_UPLOAD_BYTES: String(maxBytes) };
  [stack, browser, png] = await Promise.all([startStack({ settings }), openBrowser(), makePng(800, 600)]);
  pngPath = join(stack.folder, 'dragged.png');
  await writeFile(pngPath, png);
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

/** Drags files of this machine over a place of the page and lets go there, as the operating system would. */
async function drop(page: Page, place: { x: number; y: number }, files: string[]): Promise<void> {
  const devTools = await page.context().newCDPSession(page);
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    const data = { items: [], files, dragOperationsMask: 1 };
    await devTools.send('Input.dispatchDragEvent', { type, ...place, data });
  }
  await devTools.detach();
}

async function centreOf(page: Page, selector: string): Promise<{ x: number; y: number }> {
  const box = await page.locator(selector).boundingBox();
  if (box === null) throw new Error(`${selector} is not on the page`);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

describe('pictures come to the page', () => {
  it('by drag and drop', async () => {
    const demo = await openDemoPage(context, stack);
    await drop(demo.page, await centreOf(demo.page, '#drop'), [pngPath]);
    await demo.shownPicture('dragged.png');
    expect(demo.complaints).toEqual([]);
  });

  it('by a drop beside the zone, which does not make the browser leave the page', async () => {
    const demo = await openDemoPage(context, stack);
    await drop(demo.page, await centreOf(demo.page, 'h1'), [pngPath]);
    await demo.shownPicture('dragged.png');
    expect(demo.page.url()).toBe(`${stack.apiUrl}/`);
  });

  it('by paste', async () => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const demo = await openDemoPage(context, stack);
    await demo.page.evaluate(async (base64) => {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      const item = new ClipboardItem({ 'image/png': new Blob([bytes], { type: 'image/png' }) });
      await navigator.clipboard.write([item]);
    }, png.toString('base64'));
    await demo.page.keyboard.press('Control+V');
    await demo.shownPicture('image.png');
    expect(demo.complaints).toEqual([]);
  });

  it('by keyboard alone, which also changes the preset and deletes', async () => {
    const demo = await openDemoPage(context, stack);
    const { page } = demo;
    const focused = (): Promise<string> =>
      page.evaluate(
        () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '',
      );
    const tabTo = async (wanted: string): Promise<void> => {
      for (let presses = 0; presses < 30; presses += 1) {
        await page.keyboard.press('Tab');
        if ((await focused()) === wanted) return;
      }
      throw new Error(`"${wanted}" cannot be reached with the Tab key`);
    };

    await tabTo('Choose pictures');
    const dialog = page.waitForEvent('filechooser');
    await page.keyboard.press('Enter');
    await (await dialog).setFiles([pngFile('keys.png', png)]);
    const thumbnailUrl = await demo.shownPicture('keys.png');
    expect(await focused()).toBe('Choose pictures');

    await page.keyboard.press('Tab');
    expect(
      await demo
        .card('keys.png')
        .getByRole('radio', { name: 'thumbnail' })
        .evaluate((radio) => radio.matches(':focus-visible')),
    ).toBe(true);
    await page.keyboard.press('ArrowDown');
    await demo
      .card('keys.png')
      .getByText(/Shown is the hero, 800\s×\s600/)
      .waitFor();
    expect(await demo.shownPicture('keys.png')).not.toBe(thumbnailUrl);

    await tabTo('Delete keys.png');
    await page.keyboard.press('Enter');
    await demo
      .card('keys.png')
      .getByText(/^Deleted/)
      .waitFor();
    expect(await focused()).toBe('Dismiss keys.png');
    await page.keyboard.press('Enter');
    await demo.card('keys.png').waitFor({ state: 'detached' });
    expect(await focused()).toBe('Choose pictures');
    expect(demo.complaints).toEqual([]);
  });
});

describe('the page says what it takes', () => {
  it('before anybody chooses', async () => {
    const demo = await openDemoPage(context, stack);
    expect(await demo.page.locator('#limits').textContent()).toBe(
      'JPEG, PNG, GIF, WebP, AVIF or HEIC, each up to 5 MB and 50 megapixels',
    );
    expect(await demo.page.getByLabel('Pictures to upload').getAttribute('accept')).toContain('image/webp');
  });

  it('when a file is of another type or too large, without sending a byte', async () => {
    const demo = await openDemoPage(context, stack);
    await demo.choose(
      { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('milk, eggs') },
      pngFile('huge.png', Buffer.alloc(maxBytes + 1)),
      pngFile('empty.png', Buffer.alloc(0)),
    );
    expect(await demo.page.getByRole('alert').getByRole('listitem').allTextContents()).toEqual([
      'notes.txt is text/plain. Accepted are JPEG, PNG, GIF, WebP, AVIF or HEIC. Choose a picture of one of these.',
      'huge.png is 5.1 MB; the limit is 5 MB. Choose a smaller picture.',
      'empty.png is empty. Choose a picture with content.',
    ]);
    await keepScreenshot(demo.page, 'refused-files');
    expect(await demo.page.locator('.card').count()).toBe(0);
    expect(await demo.seenRequests()).toEqual([]);

    await demo.page.getByRole('button', { name: 'Dismiss' }).click();
    expect(await demo.page.getByRole('alert').getByRole('listitem').count()).toBe(0);
  });

  it('uploads the files of a choice that are fine, beside those that are not', async () => {
    const demo = await openDemoPage(context, stack);
    await demo.choose(pngFile('fine.png', png), pngFile('huge.png', Buffer.alloc(maxBytes + 1)));
    await demo.shownPicture('fine.png');
    expect(await demo.page.getByRole('alert').textContent()).toContain('huge.png is 5.1 MB');
  });
});
