import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  boundary,
  formBody,
  formHeaders,
  openSocket,
  picture,
  readAnswer,
  requestHead,
  requestOf,
  sendRaw,
} from '../../test/support/form-requests.ts';
import { type FormServer, maxFileBytes, startFormServer } from '../../test/support/form-server.ts';
import { noise } from '../../test/support/sample-images.ts';
import { AppError } from '../errors.ts';

let server: FormServer;

beforeEach(async () => {
  server = await startFormServer();
});

afterEach(() => server.close());

describe('a form that is received', () => {
  it.each(['file', 'image', 'upload', 'files[]'])('has its file in the field %s', async (field) => {
    const form = new FormData();
    const content = new Uint8Array(noise(50_000));
    form.append(field, new Blob([content], { type: 'image/png' }), 'holiday.png');
    const response = await fetch(`http://127.0.0.1:${server.port}/upload`, { method: 'POST', body: form });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      content: Buffer.from(content).toString('latin1'),
      mode: 0o600,
      bytes: 50_000,
      clientFilename: 'holiday.png',
    });
  });

  it('is spooled in a folder that nobody else can read', async () => {
    const [own = ''] = await readdir(server.folder);
    expect((await stat(join(server.folder, own))).mode & 0o777).toBe(0o700);
  });

  it('has the preset before the file or after it', async () => {
    const preset = { name: 'preset', content: 'hero' };
    expect((await server.post([preset, picture])).body).toMatchObject({ preset: 'hero', bytes: 5000 });
    expect((await server.post([picture, preset])).body).toMatchObject({ preset: 'hero', bytes: 5000 });
    expect((await server.post([preset, picture, { ...preset, content: 'last' }])).body).toMatchObject({
      preset: 'last',
    });
  });

  it('has up to 20 fields, whatever their names', async () => {
    const names = ['__proto__', 'constructor', 'toString', '', `${'a[b]'.repeat(3000)}`, 'a[b][c]', 'x'];
    const fields = Array.from({ length: 20 }, (_, index) => ({
      name: names[index % 7] ?? '',
      content: 'y'.repeat(1024),
    }));
    const { status, body } = await server.post([...fields.slice(0, 10), picture, ...fields.slice(10)]);
    expect([status, body['bytes'], body['preset']]).toEqual([200, 5000, undefined]);
  });

  it('has a file of exactly the limit', async () => {
    const { status, body } = await server.post([{ ...picture, content: noise(maxFileBytes) }]);
    expect([status, body['bytes']]).toEqual([200, maxFileBytes]);
  });

  it('has a file that only its content type tells from a field', async () => {
    const extraHead = 'Content-Type: application/octet-stream\r\n';
    const { body } = await server.post([{ name: 'file', content: 'x', extraHead }]);
    expect(body).toMatchObject({ bytes: 1 });
    expect(body).not.toHaveProperty('clientFilename');
  });

  it('keeps the bytes as they come: transfer encodings within a part mean nothing', async () => {
    const { body } = await server.post([
      { ...picture, content: 'aGVsbG8=', extraHead: 'Content-Transfer-Encoding: base64\r\n' },
    ]);
    expect(body['content']).toBe('aGVsbG8=');
  });

  it('has a quoted boundary, a preamble and an epilogue', async () => {
    const body = Buffer.concat([Buffer.from('preamble\r\n'), formBody([picture]), Buffer.from('epilogue')]);
    const headers = { 'Content-Type': `Multipart/Form-Data; charset=utf-8; boundary="${boundary}"` };
    const answered = await sendRaw(server.port, requestHead({ ...headers, 'Content-Length': body.length }), body);
    expect(answered.body).toMatchObject({ bytes: 5000 });
  });

  it('is the same wherever its bytes are split', async () => {
    const content = Buffer.from(`\r\n--${boundary.slice(0, -1)}\r\n\r\n-\r\r\n--\r\n--${boundary.slice(0, 9)}\r\n`);
    const body = formBody([
      { name: 'preset', content: 'héro' },
      { ...picture, filename: 'é.png', content },
      { name: 'x', content: '' },
    ]);
    const cuts = fc.uniqueArray(fc.nat(body.length), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(cuts, async (unsorted) => {
        const points = [0, ...unsorted.toSorted((one, other) => one - other), body.length];
        const pieces = points.slice(1).map((end, index) => body.subarray(points[index], end));
        const upload = await server.spool.receive(requestOf(pieces, formHeaders(body)));
        expect(await readFile(upload.file)).toEqual(content);
        expect(upload).toMatchObject({ bytes: content.length, clientFilename: 'é.png', preset: 'héro' });
        await upload.discard();
        await upload.discard();
      }),
      { numRuns: 150 },
    );
  });
});

describe('a client that vanishes', () => {
  it.each([0, 1, 50, 99])('after %i percent of the body leaves nothing behind', async (percent) => {
    const body = formBody([{ ...picture, content: noise(90_000) }]);
    const receiving = server.nextRequest();
    const socket = await openSocket(server.port);
    socket.write(requestHead(formHeaders(body)));
    socket.write(body.subarray(0, (body.length * percent) / 100));
    await receiving;
    socket.destroy();
    expect(await server.outcomes[0]).toBe('truncated_body');
    expect(await server.spooledFiles()).toEqual([]);
  });
});

describe('an upload that is stopped', () => {
  async function startUpload(): Promise<Socket> {
    const body = formBody([picture]);
    const receiving = server.nextRequest();
    const socket = await openSocket(server.port);
    socket.write(requestHead(formHeaders(body)));
    socket.write(body.subarray(0, 2000));
    await receiving;
    return socket;
  }

  it('was too slow', async () => {
    let now = 0;
    // Each look at the clock is ten seconds after the one before.
    await server.useSpool({ slowAfterSeconds: 0.02, now: () => (now += 10_000) });
    const { status, body } = await readAnswer(await startUpload());
    expect([status, body['code']]).toEqual([408, 'upload_too_slow']);
  });

  it('was aborted by its caller, whose reason it gives', async () => {
    const socket = await startUpload();
    server.stop.abort(new AppError('storage_unavailable'));
    expect((await readAnswer(socket)).body['code']).toBe('storage_unavailable');
  });

  it('was aborted before it began', async () => {
    server.stop.abort();
    expect((await server.post([picture])).body['code']).toBe('truncated_body');
  });

  it('was in the way of a shutdown', async () => {
    const socket = await startUpload();
    const closed = server.spool.close();
    const { status, body } = await readAnswer(socket);
    expect([status, body['code']]).toEqual([503, 'spool_unavailable']);
    await closed;
    expect((await server.post([picture])).body['code']).toBe('spool_unavailable');
    expect(await readdir(server.folder)).toEqual([]);
    await server.useSpool();
  });
});

describe('the spool', () => {
  it('refuses more than it may hold, and says when to try again', async () => {
    await server.useSpool({ maxTotalBytes: 12_000 });
    const body = formBody([picture]);
    const first = await server.spool.receive(requestOf([body], formHeaders(body)));
    const second = await server.spool.receive(requestOf([body], formHeaders(body)));
    expect(server.spool.usedBytes()).toBe(10_000);
    const { status, head, body: answered } = await server.post([picture]);
    expect([status, answered['code']]).toEqual([503, 'spool_unavailable']);
    expect(head).toMatch(/retry-after: 5/i);
    await first.discard();
    expect(server.spool.usedBytes()).toBe(5000);
    expect((await server.post([picture])).status).toBe(200);
    await second.discard();
  });

  it('refuses when a body of unknown length outgrows it', async () => {
    await server.useSpool({ maxTotalBytes: 3000 });
    const { 'Content-Length': _unknown, ...headers } = formHeaders(Buffer.alloc(0));
    const request = requestOf([formBody([picture])], headers);
    await expect(server.spool.receive(request)).rejects.toMatchObject({
      code: 'spool_unavailable',
      retryAfterSeconds: 5,
    });
  });

  it('takes many uploads at once', async () => {
    await server.useSpool({ maxTotalBytes: 30 * 5000 });
    const warnings: string[] = [];
    const note = (warning: Error) => warnings.push(warning.name);
    process.on('warning', note);
    const body = formBody([picture]);
    const uploads = await Promise.all(
      Array.from({ length: 30 }, () =>
        server.spool.receive(requestOf([body], { ...formHeaders(body), 'Content-Length': 5000 })),
      ),
    );
    expect(server.spool.usedBytes()).toBe(150_000);
    expect(new Set(uploads.map(({ file }) => file)).size).toBe(30);
    await Promise.all(uploads.map((upload) => upload.discard()));
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });

  it('makes its folder again when a cleaner has removed it', async () => {
    const [own = ''] = await readdir(server.folder);
    await rm(join(server.folder, own), { recursive: true });
    expect((await server.post([picture])).status).toBe(200);
  });

  it('is unavailable when the disk does not take the file', async () => {
    const [own = ''] = await readdir(server.folder);
    await rm(join(server.folder, own), { recursive: true });
    await writeFile(join(server.folder, own), 'in the way');
    const { status, body } = await server.post([picture]);
    expect([status, body['code']]).toEqual([503, 'spool_unavailable']);
    await rm(join(server.folder, own));
    expect((await server.post([picture])).status).toBe(200);
  });
});
