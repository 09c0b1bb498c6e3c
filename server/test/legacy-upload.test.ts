import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { LegacyUploadAnswer } from '@kuanary/shared/contract';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { call, errorOf, keysIn, type RunningApp, startApp, testSecrets } from './support/start-app.ts';

let app: RunningApp;
let jpeg: Uint8Array;

beforeAll(async () => {
  app = await startApp({ LEGACY_UPLOAD: 'anonymous', ANONYMOUS_MAX_BYTES: '3000000', MAX_UPLOAD_BYTES: '5000000' });
  jpeg = await sharp({ create: { width: 60, height: 40, channels: 3, background: '#c33' } })
    .jpeg()
    .toBuffer();
});
afterAll(() => app.stop());
afterEach(() => app.proxy.reset());

interface Part {
  name?: string;
  content?: Uint8Array | string;
  filename?: string;
}

function form(...parts: Part[]): FormData {
  const data = new FormData();
  for (const { name = 'file', content = jpeg, filename } of parts) {
    if (filename === undefined && typeof content === 'string') data.append(name, content);
    else data.append(name, new Blob([content as Uint8Array<ArrayBuffer> | string]), filename ?? 'photo.jpg');
  }
  return data;
}

function upload(body: FormData, headers: Record<string, string> = {}, query = ''): Promise<Response> {
  return fetch(`${app.url}/upload${query}`, { method: 'POST', body, headers });
}

/** All keys but the attempt records of earlier uploads, which go behind their answers. */
async function settledKeys(): Promise<string[]> {
  return (await keysIn(app)).filter((key) => !key.startsWith('tmp/attempts/'));
}

async function spooledFiles(): Promise<string[]> {
  const entries = await readdir(app.spoolFolder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && !entry.parentPath.includes('/store')).map(({ name }) => name);
}

describe('POST /upload', () => {
  it('answers as it always did, with more beside', async () => {
    const response = await upload(form({}));
    expect(response.status).toBe(200);
    const answer = LegacyUploadAnswer.parse(await response.json());
    expect(answer.success).toBe(true);
    expect(answer.filename).toMatch(/^image-[0-9a-f-]{36}\.jpg$/);
    expect(answer.url).toBe(answer.urls['thumbnail']);
    expect(answer.url).toMatch(
      /^http:\/\/127\.0\.0\.1:1\/[\w-]{43}\/rs:fit:300:300\/.*plain\/s3:\/\/[a-z0-9-]+\/image-[0-9a-f-]{36}\.jpg$/,
    );
    expect(answer.image).toEqual({ width: 60, height: 40, format: 'jpeg', bytes: jpeg.length, animated: false });
    const stored = await app.storage.readRange(answer.filename, 0, jpeg.length + 1);
    expect(Buffer.from(stored?.bytes ?? []).equals(jpeg)).toBe(true);
  });

  it.each(['file', 'image', 'upload', 'files[]'])('takes the file in the field %s', async (name) => {
    expect((await upload(form({ name }))).status).toBe(200);
  });

  it('takes the preset from a field before or after the file, or from the query', async () => {
    const before = await upload(form({ name: 'preset', content: 'hero' }, {}));
    const after = await upload(form({}, { name: 'preset', content: 'hero' }));
    const query = await upload(form({}), {}, '?preset=hero');
    const untouchedSelect = await upload(form({ name: 'preset', content: '' }, {}), {}, '?preset=hero');
    for (const response of [before, after, query, untouchedSelect]) {
      const answer = LegacyUploadAnswer.parse(await response.json());
      expect(answer.url).toBe(answer.urls['hero']);
    }
  });

  it('leaves one image and its record, no attempt and no spooled file', async () => {
    const before = new Set(await keysIn(app));
    const { filename } = LegacyUploadAnswer.parse(await (await upload(form({}))).json());
    await app.stopServer();
    const left = (await keysIn(app)).filter((key) => !before.has(key));
    expect(left).toEqual([filename, expect.stringMatching(/^tmp\/commits\//)]);
    expect(await spooledFiles()).toEqual([]);
    await app.restart({});
  });

  it('ignores other fields, up to twenty of them', async () => {
    const others = Array.from({ length: 20 }, (_, index) => ({ name: `field-${index}`, content: 'x' }));
    expect((await upload(form(...others, {}))).status).toBe(200);
    expect(await errorOf(await upload(form(...others, { name: 'one-more', content: 'x' }, {})))).toMatchObject({
      status: 400,
      code: 'too_many_parts',
    });
  });

  it('repeats under a fresh name when the answer of the PUT is lost, and leaves no rubbish', async () => {
    const before = new Set(await keysIn(app));
    const puts: string[] = [];
    app.proxy.decide = ({ method, key }) => {
      if (method !== 'PUT' || !key.startsWith('image-')) return 'forward';
      puts.push(key);
      return puts.length === 1 ? 'lose' : 'forward';
    };
    const { filename } = LegacyUploadAnswer.parse(await (await upload(form({}))).json());
    expect(filename).toBe(puts.at(-1));
    await app.stopServer();
    const images = (await keysIn(app, 'image-')).filter((key) => !before.has(key));
    const attempts = (await keysIn(app, 'tmp/attempts/')).filter((key) => !before.has(key));
    // What the lost PUT stored is known by its attempt record, so that the sweeper finds it; it is no image until then.
    expect(images.length).toBe(1 + attempts.length);
    await app.restart({});
    const listed = (await (await call(app, 'GET', '/images?limit=1000')).json()) as { images: { filename: string }[] };
    expect(listed.images.map((image) => image.filename).filter((name) => images.includes(name))).toEqual([filename]);
  });
});

describe('POST /upload of what it does not take', () => {
  const cases: [string, () => FormData, number, string][] = [
    ['a form without a file', () => form({ name: 'preset', content: 'hero' }), 400, 'no_file'],
    ['a file in an unknown field', () => form({ name: 'document' }), 400, 'no_file'],
    ['two files', () => form({}, { name: 'image' }), 400, 'too_many_files'],
    ['an empty file', () => form({ content: new Uint8Array() }), 422, 'empty_file'],
    ['HTML called .jpg', () => form({ content: '<html></html>', filename: 'a.jpg' }), 422, 'unsupported_content'],
    ['a JPEG cut off in its header', () => form({ content: jpeg.subarray(0, 40) }), 422, 'truncated'],
    ['an unknown preset', () => form({}, { name: 'preset', content: 'nope' }), 400, 'unknown_preset'],
    [
      'a thousand fields',
      () => form(...Array.from({ length: 1000 }, (_, n) => ({ name: `f${n}`, content: 'x' })), {}),
      400,
      'too_many_parts',
    ],
    [
      'a file over the anonymous limit',
      () => form({ content: Buffer.concat([jpeg, Buffer.alloc(3_000_001 - jpeg.length)]) }),
      413,
      'file_too_large',
    ],
    [
      'a file over the server’s limit',
      () => form({ content: Buffer.concat([jpeg, Buffer.alloc(6_000_000)]) }),
      413,
      'file_too_large',
    ],
  ];

  it.each(cases)('refuses %s, stores nothing and keeps no file', async (_what, body, status, code) => {
    const before = await settledKeys();
    expect(await errorOf(await upload(body()))).toMatchObject({ status, code, success: false });
    expect(await settledKeys()).toEqual(before);
    expect(await spooledFiles()).toEqual([]);
  });

  it('takes a file of exactly the limit', async () => {
    expect((await upload(form({ content: Buffer.concat([jpeg, Buffer.alloc(3_000_000 - jpeg.length)]) }))).status).toBe(
      200,
    );
  });

  it.each([
    'application/json',
    'application/x-www-form-urlencoded',
    'text/plain',
    'multipart/form-data',
    'multipart/mixed; boundary=x',
  ])('refuses the content type %s', async (contentType) => {
    const response = await fetch(`${app.url}/upload`, {
      method: 'POST',
      headers: { 'Content-Type': contentType },
      body: 'x',
    });
    expect([400, 415]).toContain(response.status);
  });

  it.each([
    '../../etc/passwd',
    'C:\\a\\b.png',
    '.htaccess',
    'a".jpg',
    '\u202egpj.exe',
    '日本.jpg',
    '<img onerror=x>.jpg'.repeat(20),
  ])('never lets the file name %j near a key', async (filename) => {
    const answer = LegacyUploadAnswer.parse(await (await upload(form({ filename }))).json());
    expect(answer.filename).toMatch(/^image-[0-9a-f-]{36}\.jpg$/);
  });

  it('stores nothing for a client that vanishes in the middle', async () => {
    const before = await settledKeys();
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
    const head = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n';
    await new Promise<void>((resolve) => {
      socket.write(
        `POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n${head}`,
        () => resolve(),
      );
    });
    socket.write(jpeg);
    socket.destroy();
    await expect.poll(() => app.logLines.some((line) => line.includes('"status":499'))).toBe(true);
    expect(await spooledFiles()).toEqual([]);
    expect(await settledKeys()).toEqual(before);
  });

  it('asks for a file of exactly the server’s limit, form and all, when the client waits to be asked', async () => {
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
    socket.write(
      'POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 5000200\r\nExpect: 100-continue\r\n\r\n',
    );
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(String(first)).toMatch(/^HTTP\/1\.1 100 /);
    socket.destroy();
  });

  it('refuses a too large body on its announced length, before the client sends it', async () => {
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
    socket.write(
      'POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 900000000\r\nExpect: 100-continue\r\n\r\n',
    );
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('file_too_large');
  });
});

describe('who may POST /upload', () => {
  const withKey = { Authorization: `Bearer ${testSecrets.apiKey}` };

  it('is decided by LEGACY_UPLOAD', async () => {
    expect(await errorOf(await upload(form({}), { Origin: 'https://evil.test' }))).toMatchObject({
      status: 403,
      code: 'forbidden_origin',
    });
    await app.restart({ LEGACY_UPLOAD: 'key' });
    expect(await errorOf(await upload(form({})))).toMatchObject({ status: 401, code: 'auth_required' });
    expect((await upload(form({}), withKey)).status).toBe(200);
    await app.restart({ LEGACY_UPLOAD: 'key', API_KEYS: '' });
    expect(await errorOf(await upload(form({})))).toMatchObject({ status: 401, code: 'uploads_not_configured' });
    await app.restart({ LEGACY_UPLOAD: 'off' });
    expect(await errorOf(await upload(form({}), withKey))).toMatchObject({ status: 404, code: 'not_found' });
    await app.restart({});
  });

  it('is told what is missing, also while a large form is on its way', async () => {
    await app.restart({ LEGACY_UPLOAD: 'key', API_KEYS: '', MAX_UPLOAD_BYTES: '30000000' });
    const large = form({ content: Buffer.alloc(15_000_000) });
    for (let time = 0; time < 3; time += 1) {
      expect(await errorOf(await upload(large))).toMatchObject({ status: 401, code: 'uploads_not_configured' });
    }
    await app.restart({});
  });

  it('may send more with an API key than without', async () => {
    const large = form({ content: Buffer.concat([jpeg, Buffer.alloc(4_000_000)]) });
    expect((await upload(large, withKey)).status).toBe(200);
  });
});
