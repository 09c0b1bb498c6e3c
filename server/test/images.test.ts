import { ImageAnswer, ListImagesAnswer } from '@kuanary/shared/contract';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { call, complete, errorOf, keysIn, type RunningApp, startApp, uploadImage } from './support/start-app.ts';

let app: RunningApp;
let jpeg: Uint8Array;

beforeAll(async () => {
  app = await startApp();
  jpeg = await sharp({ create: { width: 60, height: 40, channels: 3, background: '#c33' } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
});
afterAll(() => app.stop());
afterEach(() => app.proxy.reset());

const list = async (query = '') => ListImagesAnswer.parse(await (await call(app, 'GET', `/images${query}`)).json());

/** An object as an older version stored it: at the root, without metadata and without a record. */
async function storeOldImage(filename: string): Promise<void> {
  await app.storage.put(filename, jpeg, { contentType: 'image/jpeg', metadata: {} });
}

/** A copy whose upload is not decided: the object is there, and so is its attempt record. */
async function storeUndecidedCopy(): Promise<string> {
  const [uploadId, nonce] = ['0a0a0a0a-0000-4000-8000-000000000001', '0b0b0b0b-0000-4000-8000-000000000002'];
  await app.storage.put(`tmp/attempts/${uploadId}/${nonce}`, new Uint8Array(), {
    contentType: 'text/plain',
    metadata: {},
  });
  await app.storage.put(`image-${nonce}.jpg`, jpeg, {
    contentType: 'image/jpeg',
    metadata: { 'kuanary-upload': uploadId },
  });
  return `image-${nonce}.jpg`;
}

describe('GET /images', () => {
  it('lists committed images page by page, older ones among them, and nothing else', async () => {
    const names = [
      (await uploadImage(app, jpeg)).filename,
      (await uploadImage(app, jpeg)).filename,
      'old-holiday.JPG.jpg',
    ];
    await storeOldImage('old-holiday.JPG.jpg');
    await app.storage.put('readme.txt', jpeg, { contentType: 'text/plain', metadata: {} });
    await app.storage.put('folder/inside.jpg', jpeg, { contentType: 'image/jpeg', metadata: {} });
    const undecided = await storeUndecidedCopy();

    const all = await list();
    expect(all.images.map(({ filename }) => filename)).toEqual([...names].sort());
    expect(all.next).toBeUndefined();
    expect(all.images[0]).toMatchObject({ bytes: jpeg.length });

    const paged: string[] = [];
    let page = await list('?limit=1');
    for (;;) {
      expect(page.images.length).toBeLessThanOrEqual(1);
      paged.push(...page.images.map(({ filename }) => filename));
      if (page.next === undefined) break;
      page = await list(`?limit=1&after=${page.next}`);
    }
    expect(paged).toEqual([...names].sort());
    expect(await errorOf(await call(app, 'GET', `/images/${undecided}`))).toMatchObject({
      status: 404,
      code: 'image_not_found',
    });
    expect(await errorOf(await call(app, 'DELETE', `/images/${undecided}`))).toMatchObject({ status: 404 });
  });

  it.each(['limit=0', 'limit=1001', 'limit=x', 'limit=1&limit=2', 'offset=3', `after=${'x'.repeat(300)}`])(
    'refuses ?%s',
    async (query) => {
      expect(await errorOf(await call(app, 'GET', `/images?${query}`))).toMatchObject({
        status: 400,
        code: 'invalid_request',
      });
    },
  );

  it('needs an API key', async () => {
    for (const [method, path] of [
      ['GET', '/images'],
      ['GET', '/images/a.jpg'],
      ['GET', '/images/a.jpg/original'],
      ['DELETE', '/images/a.jpg'],
    ]) {
      const response = await fetch(`${app.url}${path}`, method === undefined ? {} : { method });
      expect(await errorOf(response), `${method} ${path}`).toMatchObject({ status: 401, code: 'auth_required' });
    }
  });
});

describe('GET /images/:filename', () => {
  it('answers facts and addresses, as displayed, from metadata or from the header', async () => {
    const { filename } = await uploadImage(app, jpeg);
    await storeOldImage('old.jpg');
    for (const name of [filename, 'old.jpg']) {
      const answer = ImageAnswer.parse(await (await call(app, 'GET', `/images/${name}`)).json());
      expect(answer.image).toEqual({ width: 40, height: 60, format: 'jpeg', bytes: jpeg.length, animated: false });
      expect(answer.urls['hero']).toContain(`s3://${app.bucket}/${name}`);
      expect(answer.links['hero']).toBe(`/i/hero/${name}`);
    }
  });

  it.each([
    'image-none.jpg',
    'a.txt',
    'tmp%2Fcommits%2Fx',
    '..%2Fx.jpg',
    '.jpg',
    `${'a'.repeat(250)}.jpg`,
    'a%00.jpg',
    'a%0d%0a.jpg',
  ])('answers 404 for %s', async (name) => {
    expect(await errorOf(await call(app, 'GET', `/images/${name}`))).toMatchObject({
      status: 404,
      code: 'image_not_found',
    });
  });
});

describe('GET /images/:filename/original', () => {
  it('leads to the stored bytes for a while', async () => {
    const { filename } = await uploadImage(app, jpeg);
    const response = await call(app, 'GET', `/images/${filename}/original`);
    expect(response.status).toBe(302);
    const location = new URL(response.headers.get('location') ?? '');
    expect(location.searchParams.get('X-Amz-Expires')).toBe('300');
    const original = Buffer.from(await (await fetch(location)).arrayBuffer());
    expect(original.equals(jpeg)).toBe(true);
  });
});

describe('DELETE /images/:filename', () => {
  it('deletes for good: the object goes, and the ticket answers 410 from then on', async () => {
    const { filename, ticket } = await uploadImage(app, jpeg);
    expect((await call(app, 'DELETE', `/images/${filename}`)).status).toBe(204);
    expect(await keysIn(app, filename)).toEqual([]);
    expect(await errorOf(await call(app, 'GET', `/images/${filename}`))).toMatchObject({ status: 404 });
    expect(await errorOf(await complete(app, ticket))).toMatchObject({ status: 410, code: 'image_deleted' });
  });

  it('takes the ticket that made the image instead of a key, also from a page, also twice', async () => {
    const { filename, ticket } = await uploadImage(app, jpeg);
    const other = await uploadImage(app, jpeg);
    const withTicket = (text: string) =>
      fetch(`${app.url}/images/${filename}`, {
        method: 'DELETE',
        headers: { Authorization: `Bearer ${text}`, Origin: 'https://page.test' },
      });
    expect(await errorOf(await withTicket(other.ticket))).toMatchObject({ status: 404 });
    expect(await errorOf(await withTicket(`${ticket}A`))).toMatchObject({ status: 401, code: 'invalid_ticket' });
    expect((await withTicket(ticket)).status).toBe(204);
    expect((await withTicket(ticket)).status).toBe(204);
  });

  it('deletes images of older versions', async () => {
    await storeOldImage('older.png');
    expect((await call(app, 'DELETE', '/images/older.png')).status).toBe(204);
    expect(await keysIn(app, 'older')).toEqual([]);
  });

  it('finishes when it is repeated after a failure', async () => {
    const { filename, ticket } = await uploadImage(app, jpeg);
    app.proxy.decide = ({ method, key }) => (method === 'DELETE' && key === filename ? { refuse: 503 } : 'forward');
    expect(await errorOf(await call(app, 'DELETE', `/images/${filename}`))).toMatchObject({ status: 503 });
    expect(await errorOf(await complete(app, ticket))).toMatchObject({ status: 410 });
    app.proxy.reset();
    expect((await call(app, 'DELETE', `/images/${filename}`)).status).toBe(204);
  });

  it('answers 404 for what is not there, and touches nothing under tmp/', async () => {
    expect(await errorOf(await call(app, 'DELETE', '/images/none.jpg'))).toMatchObject({ status: 404 });
    const { uploadId } = await uploadImage(app, jpeg);
    expect(await errorOf(await call(app, 'DELETE', `/images/tmp%2Fcommits%2F${uploadId}`))).toMatchObject({
      status: 404,
    });
    expect(await keysIn(app, `tmp/commits/${uploadId}`)).toHaveLength(1);
  });
});
