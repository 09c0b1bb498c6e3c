import { CompleteAnswer } from '@kuanary/shared/contract';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  call,
  complete,
  errorOf,
  keysIn,
  post,
  type RunningApp,
  sign,
  startApp,
  uploadImage,
} from './support/start-app.ts';

let app: RunningApp;
let jpeg: Uint8Array;
let png: Uint8Array;

beforeAll(async () => {
  app = await startApp();
  jpeg = await sharp({ create: { width: 60, height: 40, channels: 3, background: '#c33' } })
    .jpeg()
    .toBuffer();
  png = await sharp({ create: { width: 30, height: 20, channels: 4, background: '#3c38' } })
    .png()
    .toBuffer();
});
afterAll(() => app.stop());
afterEach(() => app.proxy.reset());

async function storedUpload(picture: Uint8Array, contentType = 'image/jpeg') {
  const signed = await sign(app, picture, contentType, 'Hund.jpg');
  expect((await post(signed, picture)).status).toBe(201);
  return signed;
}

/** Puts bytes where the browser would, as storage that enforces no policy lets anybody do. */
async function smuggle(uploadId: string, bytes: Uint8Array): Promise<void> {
  await app.storage.put(`tmp/incoming/${uploadId}`, bytes, { contentType: 'image/jpeg', metadata: {} });
}

describe('POST /complete', () => {
  it('answers with the facts and every address of the image', async () => {
    const { ticket, ...signed } = await storedUpload(jpeg);
    const response = await complete(app, ticket);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const answer = CompleteAnswer.parse(await response.json());
    expect(answer.image).toEqual({ width: 60, height: 40, format: 'jpeg', bytes: jpeg.length, animated: false });
    expect(answer.filename).toMatch(/^image-[0-9a-f-]{36}\.jpg$/);
    expect(answer.filename).not.toContain(signed.uploadId);
    expect(answer.originalFilename).toBe('Hund.jpg');
    expect(Object.keys(answer.urls)).toEqual(['thumbnail', 'hero', 'og-image', 'avatar']);
    expect(answer.url).toBe(answer.urls['thumbnail']);
    expect(answer.url).toMatch(
      /^http:\/\/127\.0\.0\.1:1\/[\w-]{43}\/rs:fit:300:300\/.*\/plain\/s3:\/\/[a-z0-9-]+\/image-[0-9a-f-]{36}\.jpg$/,
    );
    expect(answer.links['hero']).toBe(`/i/hero/${answer.filename}`);
  });

  it('leaves one image and its record in the bucket, nothing of the way there', async () => {
    const before = new Set(await keysIn(app));
    const { filename, uploadId } = await uploadImage(app, jpeg);
    await app.stopServer();
    const left = (await keysIn(app)).filter((key) => !before.has(key));
    expect(left).toEqual([filename, `tmp/commits/${uploadId}`]);
    await app.restart({});
  });

  it('stores the detected type, whatever was declared', async () => {
    const { filename, image } = await uploadImage(app, png, 'image/jpeg');
    expect(filename).toMatch(/\.png$/);
    expect(image.format).toBe('png');
    expect((await app.storage.readRange(filename, 0, 1))?.contentType).toBe('image/png');
  });

  it('answers only for the presets asked for', async () => {
    const { ticket } = await storedUpload(jpeg);
    const answer = CompleteAnswer.parse(await (await complete(app, ticket, ['avatar', 'hero'])).json());
    expect(Object.keys(answer.urls)).toEqual(['avatar', 'hero']);
    expect(answer.url).toBe(answer.urls['avatar']);
  });

  it.each(['nope', '__proto__', 'constructor', 'toString'])(
    'refuses the unknown preset %s before any storage call',
    async (preset) => {
      const { ticket } = await sign(app, jpeg);
      const error = await errorOf(await complete(app, ticket, ['hero', preset]));
      expect(error).toMatchObject({ status: 400, code: 'unknown_preset' });
      expect(app.proxy.calls.filter(({ method }) => method !== 'DELETE')).toEqual([]);
    },
  );

  it('gives the same answer to every repeat, without writing anything', async () => {
    const { ticket } = await storedUpload(jpeg);
    const first = await (await complete(app, ticket)).json();
    await app.restart({});
    app.proxy.reset();
    const repeats = await Promise.all(Array.from({ length: 20 }, async () => (await complete(app, ticket)).json()));
    for (const repeat of repeats) expect(repeat).toEqual(first);
    expect(app.proxy.calls.filter(({ method, key }) => method === 'PUT' && !key.startsWith('tmp/probe'))).toEqual([]);
  });

  it('makes one image of fifty calls at once', async () => {
    const { ticket } = await storedUpload(jpeg);
    const answers = await Promise.all(
      Array.from({ length: 50 }, async () => CompleteAnswer.parse(await (await complete(app, ticket)).json())),
    );
    expect(new Set(answers.map(({ filename }) => filename)).size).toBe(1);
  });

  it('serves the verified bytes after the policy was replayed with others', async () => {
    const signed = await storedUpload(jpeg);
    const { filename } = CompleteAnswer.parse(await (await complete(app, signed.ticket)).json());
    const other = Uint8Array.from(jpeg);
    other[other.length - 3] = (other[other.length - 3] ?? 0) ^ 1;
    expect((await post(signed, other)).status).toBe(201);
    expect(CompleteAnswer.parse(await (await complete(app, signed.ticket)).json()).filename).toBe(filename);
    const stored = await app.storage.readRange(filename, 0, jpeg.length);
    expect(Buffer.from(stored?.bytes ?? []).equals(jpeg)).toBe(true);
  });

  it('answers 409 upload_changed when the bytes are swapped between verification and copy, and 200 when repeated', async () => {
    const signed = await storedUpload(jpeg);
    const swapped = await sharp({ create: { width: 61, height: 40, channels: 3, background: '#c33' } })
      .jpeg()
      .toBuffer();
    let swaps = 0;
    app.proxy.afterCall = async ({ method, key }) => {
      if (method !== 'PUT' || !key.startsWith('tmp/attempts/') || swaps > 0) return;
      swaps += 1;
      await smuggle(signed.uploadId, swapped);
    };
    expect(await errorOf(await complete(app, signed.ticket))).toMatchObject({ status: 409, code: 'upload_changed' });
    expect((await keysIn(app, 'tmp/attempts/')).length).toBe(0);
    await smuggle(signed.uploadId, jpeg);
    expect((await complete(app, signed.ticket)).status).toBe(200);
  });

  it('answers 409 not_uploaded before the upload, and 200 after it', async () => {
    const signed = await sign(app, jpeg);
    const early = await complete(app, signed.ticket);
    expect(early.headers.get('retry-after')).toBe('1');
    expect(await errorOf(early)).toMatchObject({ status: 409, code: 'not_uploaded' });
    await post(signed, jpeg);
    expect((await complete(app, signed.ticket)).status).toBe(200);
  });

  it('takes good bytes after bad ones: a rejection is not final and deletes nothing', async () => {
    const signed = await sign(app, jpeg);
    await smuggle(signed.uploadId, new Uint8Array(jpeg.length));
    expect(await errorOf(await complete(app, signed.ticket))).toMatchObject({
      status: 422,
      code: 'unsupported_content',
    });
    expect(await keysIn(app, `tmp/incoming/${signed.uploadId}`)).toHaveLength(1);
    await post(signed, jpeg);
    expect((await complete(app, signed.ticket)).status).toBe(200);
  });
});

describe('POST /complete of content that is not acceptable, on storage that enforces nothing', () => {
  const html = Buffer.from('<!doctype html><script>alert(1)</script>');
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>');
  const flood = Buffer.from(
    '89504e470d0a1a0a0000000d494844520000c3500000c350080600000000000000' + '0000000049444154',
    'hex',
  );

  it.each([
    ['HTML', html, 'unsupported_content'],
    ['SVG', svg, 'unsupported_content'],
    ['a TIFF', Buffer.from('49492a0008000000000000000000', 'hex'), 'unsupported_content'],
    ['a pixel flood', flood, 'image_too_large'],
  ])('refuses %s', async (_name, content, code) => {
    const signed = await sign(app, content);
    await smuggle(signed.uploadId, content);
    expect(await errorOf(await complete(app, signed.ticket))).toMatchObject({ status: 422, code });
    await app.stopServer();
    expect((await keysIn(app)).filter((key) => key.includes(signed.uploadId))).toEqual([
      `tmp/incoming/${signed.uploadId}`,
    ]);
    await app.restart({});
  });

  it('refuses an empty file', async () => {
    const signed = await sign(app, jpeg);
    await smuggle(signed.uploadId, new Uint8Array());
    expect(await errorOf(await complete(app, signed.ticket))).toMatchObject({ status: 422, code: 'empty_file' });
  });

  it('refuses a file that was cut off within its header', async () => {
    const cut = jpeg.subarray(0, 30);
    const signed = await sign(app, cut);
    await smuggle(signed.uploadId, cut);
    expect(await errorOf(await complete(app, signed.ticket))).toMatchObject({ status: 422, code: 'truncated' });
  });

  it('refuses another size than was signed', async () => {
    const signed = await sign(app, new Uint8Array(10));
    await smuggle(signed.uploadId, jpeg);
    expect(await errorOf(await complete(app, signed.ticket))).toMatchObject({ status: 422, code: 'size_mismatch' });
  });

  it('refuses a format that is not allowed here, whatever was declared', async () => {
    await app.restart({ ALLOWED_TYPES: 'jpeg' });
    const signed = await sign(app, png);
    await smuggle(signed.uploadId, png);
    expect(await errorOf(await complete(app, signed.ticket))).toMatchObject({
      status: 422,
      code: 'unsupported_content',
    });
    await app.restart({});
  });
});

describe('the ticket of POST /complete', () => {
  it('is the only credential that counts', async () => {
    const { ticket } = await storedUpload(jpeg);
    const response = await fetch(`${app.url}/complete`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ticket }),
    });
    expect(response.status).toBe(200);
  });

  it('is refused in any other shape, before any storage call', async () => {
    const { ticket } = await sign(app, jpeg);
    for (const wrong of [
      `${ticket}x`,
      ticket.slice(1),
      ticket.replace('.', ''),
      'x',
      `cms:${ticket}`,
      'é'.repeat(10),
    ]) {
      expect(await errorOf(await complete(app, wrong)), wrong).toMatchObject({ status: 401, code: 'invalid_ticket' });
    }
    expect(app.proxy.calls.filter(({ method }) => method !== 'DELETE')).toEqual([]);
  });

  it.each([
    ['ticket', 5],
    ['ticket', ''],
    ['ticket', 'x'.repeat(4097)],
    ['ticket', undefined],
    ['presets', 'hero'],
    ['presets', []],
    ['presets', [5]],
    ['filename', 'image-x.jpg'],
    ['key', 'other'],
  ])('is the field beside which %s = %j is refused', async (field, value) => {
    const { ticket } = await sign(app, jpeg);
    const error = await errorOf(await call(app, 'POST', '/complete', { ticket, [field]: value }));
    expect(error).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(error.error).toContain(field);
  });

  it('is refused by another deployment', async () => {
    const { ticket } = await sign(app, jpeg);
    await app.restart({ TICKET_SECRET: 'another-deployment-ticket-secret-0123456789' });
    expect(await errorOf(await complete(app, ticket))).toMatchObject({ status: 401, code: 'invalid_ticket' });
    await app.restart({});
  });
});

describe('POST /complete on storage in trouble', () => {
  it('answers 503 while the storage fails, and 200 with the same ticket afterwards', async () => {
    const { ticket } = await storedUpload(jpeg);
    app.proxy.decide = () => ({ refuse: 503 });
    const failed = await complete(app, ticket);
    expect(failed.headers.get('retry-after')).not.toBeNull();
    expect(await errorOf(failed)).toMatchObject({ status: 503, code: 'storage_unavailable' });
    app.proxy.reset();
    expect((await complete(app, ticket)).status).toBe(200);
  });

  it.each(['lose', 'reset'] as const)(
    'commits under a fresh name when the answer of the copy is lost (%s)',
    async (fate) => {
      const { ticket } = await storedUpload(jpeg);
      const names: string[] = [];
      app.proxy.decide = ({ copySource, key }) => {
        if (copySource === undefined) return 'forward';
        names.push(key);
        return names.length === 1 ? fate : 'forward';
      };
      const { filename } = CompleteAnswer.parse(await (await complete(app, ticket)).json());
      expect(names).toHaveLength(2);
      expect(filename).toBe(names[1]);
    },
  );

  it.each(['lose', 'reset'] as const)('answers 200 when the answer of the commit is lost (%s)', async (fate) => {
    const { ticket } = await storedUpload(jpeg);
    let lost = 0;
    app.proxy.decide = ({ method, key }) =>
      method === 'PUT' && key.startsWith('tmp/commits/') && lost++ === 0 ? fate : 'forward';
    const { filename } = CompleteAnswer.parse(await (await complete(app, ticket)).json());
    app.proxy.reset();
    expect(CompleteAnswer.parse(await (await complete(app, ticket)).json()).filename).toBe(filename);
  });

  it('streams an object that the storage cannot copy', async () => {
    const { ticket } = await storedUpload(jpeg);
    app.proxy.decide = ({ copySource }) =>
      copySource === undefined ? 'forward' : { refuse: 501, code: 'NotImplemented' };
    const { filename } = CompleteAnswer.parse(await (await complete(app, ticket)).json());
    const stored = await app.storage.readRange(filename, 0, jpeg.length);
    expect(Buffer.from(stored?.bytes ?? []).equals(jpeg)).toBe(true);
    expect(app.logLines.join('')).toContain('cannot copy');
  });

  it('answers 503 storage_unsafe on storage that does not refuse a second conditional PUT', async () => {
    await app.restart({});
    const { ticket } = await storedUpload(jpeg);
    app.proxy.reset();
    // Such a store overwrites: its answer to the second PUT is success.
    app.proxy.afterCall = async ({ method, key }) => {
      if (method === 'PUT' && key.startsWith('tmp/probe/')) await app.storage.delete(key);
    };
    await app.restart({});
    const error = await errorOf(await complete(app, ticket));
    expect(error).toMatchObject({ status: 503, code: 'storage_unsafe' });
    expect(error.error).toContain('SINGLE_INSTANCE=true');
    const ready = await fetch(`${app.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(JSON.stringify(await ready.json())).toContain('SINGLE_INSTANCE=true');
    await app.restart({ SINGLE_INSTANCE: 'true' });
    expect((await complete(app, ticket)).status).toBe(200);
    app.proxy.reset();
    await app.restart({});
  });
});

describe('POST /complete, counted', () => {
  const sizes = [1_000, 5_000_000, 20_000_000];

  it.each(sizes)(
    'moves at most 8 KiB each way through the API and reads at most 256 KiB, for a file of %d bytes',
    async (bytes) => {
      const picture = Buffer.concat([jpeg, Buffer.alloc(Math.max(0, bytes - jpeg.length))]);
      let sent = 0;
      let received = 0;
      const count = async (method: string, path: string, body: unknown): Promise<unknown> => {
        const response = await call(app, method, path, body);
        const text = await response.text();
        sent += Buffer.byteLength(JSON.stringify(body)) + 500;
        received += Buffer.byteLength(text) + JSON.stringify([...response.headers]).length;
        return JSON.parse(text);
      };
      const signed = (await count('POST', '/sign-upload', {
        contentType: 'image/jpeg',
        size: picture.length,
      })) as Awaited<ReturnType<typeof sign>>;
      await post(signed, picture);
      app.proxy.reset();
      CompleteAnswer.parse(await count('POST', '/complete', { ticket: signed.ticket }));
      expect(sent).toBeLessThanOrEqual(8192);
      expect(received).toBeLessThanOrEqual(8192);
      const read = app.proxy.calls
        .filter(({ method }) => method === 'GET')
        .reduce((sum, { responseBytes }) => sum + responseBytes, 0);
      expect(read).toBeLessThanOrEqual(262_144);
    },
  );

  /** Holds the answers of the two first reads until both have been asked for: code that asks in turn would never end. */
  function demandParallelReads(): void {
    app.proxy.afterCall = async ({ method, key }) => {
      if (method !== 'GET' || !/^tmp\/(incoming|commits)\//.test(key)) return;
      await expect.poll(() => new Set(app.proxy.calls.map((other) => other.key)).size).toBeGreaterThanOrEqual(2);
    };
  }

  const callsMade = (): string[] =>
    app.proxy.calls.map(({ method, key }) => `${method} ${key.replace(/[0-9a-f]{8}-.*$/, '')}`);

  it('makes five storage round trips in a row on the winning path', async () => {
    const { ticket } = await storedUpload(jpeg);
    app.proxy.reset();
    demandParallelReads();
    expect((await complete(app, ticket)).status).toBe(200);
    const [first, second, ...rest] = callsMade();
    expect([first, second].sort()).toEqual(['GET tmp/commits/', 'GET tmp/incoming/']);
    expect(rest.slice(0, 4)).toEqual(['PUT tmp/attempts/', 'PUT image-', 'GET image-', 'PUT tmp/commits/']);
    expect(rest.slice(4).every((call) => call.startsWith('DELETE tmp/'))).toBe(true);
  });

  it('makes one round trip for a repeat', async () => {
    const { ticket } = await storedUpload(jpeg);
    await complete(app, ticket);
    await app.restart({});
    app.proxy.reset();
    demandParallelReads();
    expect((await complete(app, ticket)).status).toBe(200);
    expect(callsMade().sort()).toEqual(['GET tmp/commits/', 'GET tmp/incoming/']);
  });
});
