import type { Browser } from 'playwright';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePhonePhoto, makePng } from './support/make-pictures.ts';
import { keepScreenshot, openBrowser } from './support/open-browser.ts';
import { openDemoPage, pngFile } from './support/open-demo-page.ts';
import { type Stack, startStack } from './support/start-stack.ts';

let stack: Stack;
let browser: Browser;

beforeAll(async () => {
  [stack, browser] = await Promise.all([startStack(), openBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

async function sendForm(fields: [name: string, value: string | Blob, filename?: string][]): Promise<Response> {
  const form = new FormData();
  for (const [name, value, filename] of fields) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, value, filename);
  }
  return await fetch(`${stack.apiUrl}/upload`, { method: 'POST', body: form });
}

interface LegacyAnswer {
  success: boolean;
  url: string;
  filename: string;
}

describe('a client that posts a form, as of old', () => {
  it('gets success, url and filename, and the url is a picture', async () => {
    const photo = new Blob([Uint8Array.from(await makePhonePhoto())], { type: 'image/jpeg' });
    const response = await sendForm([['file', photo, 'holiday.jpg']]);
    expect(response.status).toBe(200);
    const answer: LegacyAnswer = await response.json();

    expect(answer.success).toBe(true);
    expect(answer.filename).toMatch(/^image-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.jpg$/);
    const [base, signature, ...path] = answer.url.slice(stack.imgproxyUrl.length).split('/');
    expect(answer.url.startsWith(stack.imgproxyUrl)).toBe(true);
    expect([base, signature]).toEqual(['', expect.stringMatching(/^[\w-]{43}$/)]);
    expect(path[0]).toBe('rs:fit:300:300');
    expect(path.slice(path.indexOf('plain')).join('/')).toBe(`plain/s3://kuanary/${answer.filename}`);

    const picture = await fetch(answer.url);
    const { format, width, height } = await sharp(Buffer.from(await picture.arrayBuffer())).metadata();
    expect({ format, width, height }).toEqual({ format: 'webp', width: 225, height: 300 });
  });

  it('chooses the preset of the url in the form or in the address', async () => {
    const png = new Blob([Uint8Array.from(await makePng(1600, 900))], { type: 'image/png' });
    const byField: LegacyAnswer = await (
      await sendForm([
        ['preset', 'avatar'],
        ['file', png, 'me.png'],
      ])
    ).json();
    const { width, height } = await sharp(Buffer.from(await (await fetch(byField.url)).arrayBuffer())).metadata();
    expect([width, height]).toEqual([200, 200]);

    const form = new FormData();
    form.append('image', png, 'me.png');
    const byQuery = await fetch(`${stack.apiUrl}/upload?preset=og-image`, { method: 'POST', body: form });
    const { url }: LegacyAnswer = await byQuery.json();
    expect(url).toContain('/rs:fill:1200:630');
  });

  it('hears what was wrong', async () => {
    const text = new Blob(['milk, eggs'], { type: 'image/jpeg' });
    const noPicture = await sendForm([['file', text, 'list.jpg']]);
    expect(noPicture.status).toBe(422);
    expect(await noPicture.json()).toMatchObject({ success: false, code: 'unsupported_content' });

    const noFile = await sendForm([['preset', 'avatar']]);
    expect(noFile.status).toBe(400);
    expect(await noFile.json()).toMatchObject({ success: false, code: 'no_file' });
  });
});

describe('the form on the page', () => {
  it('shows the answer and the picture of its url', async () => {
    const context = await browser.newContext();
    const demo = await openDemoPage(context, stack);
    const { page } = demo;
    await page.getByLabel('Preset of url').selectOption('avatar');
    await page.getByLabel('Picture', { exact: true }).setInputFiles(pngFile('form.png', await makePng(640, 480)));
    await page.getByRole('button', { name: 'Send the form' }).click();

    await page.locator('#legacy-image:not([hidden])').waitFor();
    const answer: LegacyAnswer = JSON.parse((await page.locator('#legacy-json').textContent()) ?? '');
    expect(answer.success).toBe(true);
    expect(await page.locator('#legacy-image').getAttribute('src')).toBe(answer.url);
    expect(answer.url).toContain('/rs:fill:200:200');
    await keepScreenshot(page, 'legacy-form');
    expect(demo.complaints).toEqual([]);
    await context.close();
  });

  it('works without JavaScript', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${stack.apiUrl}/`);
    expect(await page.locator('.notice').isVisible()).toBe(true);
    await page.getByLabel('Picture', { exact: true }).setInputFiles(pngFile('plain.png', await makePng(320, 240)));
    const answered = page.waitForResponse(`${stack.apiUrl}/upload`);
    await page.getByRole('button', { name: 'Send the form' }).click();
    expect((await answered).status()).toBe(200);
    await context.close();
  });
});
