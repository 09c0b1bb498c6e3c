import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, IncomingMessage, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  boundary,
  type FormPart,
  formBody,
  formHeaders,
  openSocket,
  readAnswer,
  requestHead,
  sendRaw,
} from '../../test/support/form-requests.ts';
import { noise } from '../../test/support/sample-images.ts';
import { AppError } from '../errors.ts';
import {
  createUploadSpool,
  type FormUpload,
  type UploadSpool,
  type UploadSpoolOptions,
} from './receive-form-upload.ts';

const maxFileBytes = 100_000;
const picture: FormPart = { name: 'file', filename: 'a.png', content: noise(5000) };

let folder: string;
let spool: UploadSpool;
let port: number;
/** How each request ended: what was received, or the code of the error. */
let outcomes: Promise<string>[];
let stop: AbortController;
/** What had been read of the last connection when its answer was given. */
let bytesTaken: number;
const server = createServer(answer).on('checkContinue', answer);

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const received = spool.receive(request, stop.signal);
  outcomes.push(
    received.then(
      () => 'received',
      (error) => (error instanceof AppError ? error.code : String(error)),
    ),
  );
  server.emit('receiving');
  const { status, retryAfter, body } = await received.then(describeUpload, describeError);
  const text = JSON.stringify(body);
  bytesTaken = request.socket.bytesRead;
  response.writeHead(status, { 'Content-Length': Buffer.byteLength(text), Connection: 'close', ...retryAfter });
  response.end(text);
}

async function describeUpload(upload: FormUpload) {
  const content = await readFile(upload.file, 'latin1');
  const mode = (await stat(upload.file)).mode & 0o777;
  await upload.discard();
  const { bytes, clientFilename, preset } = upload;
  return { status: 200, retryAfter: {}, body: { content, mode, bytes, clientFilename, preset } };
}

function describeError(error: unknown) {
  if (!(error instanceof AppError)) return { status: 500, retryAfter: {}, body: { error: String(error) } };
  const retryAfter = error.retryAfterSeconds === undefined ? {} : { 'Retry-After': error.retryAfterSeconds };
  return { status: error.status, retryAfter, body: { code: error.code, error: error.message } };
}

async function useSpool(options: Partial<UploadSpoolOptions> = {}): Promise<void> {
  await spool?.close();
  spool = await createUploadSpool({
    folder,
    maxTotalBytes: 10 * maxFileBytes,
    maxFileBytes,
    minBytesPerSecond: 1000,
    slowAfterSeconds: 10,
    ...options,
  });
}

async function spooledFiles(): Promise<string[]> {
  const [own = ''] = await readdir(folder);
  return readdir(join(folder, own));
}

function post(parts: FormPart[], ending?: string) {
  const body = formBody(parts, ending);
  return sendRaw(port, requestHead(formHeaders(body)), body);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kuanary-test-'));
  outcomes = [];
  stop = new AbortController();
  await useSpool();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});

afterEach(async () => {
  await Promise.all(outcomes);
  expect(spool.usedBytes()).toBe(0);
  expect(await spooledFiles()).toEqual([]);
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
  await spool.close();
  expect(await readdir(folder)).toEqual([]);
  await rm(folder, { recursive: true });
});

describe('a form that is received', () => {
  it.each(['file', 'image', 'upload', 'files[]'])('has its file in the field %s', async (field) => {
    const form = new FormData();
    const content = new Uint8Array(noise(50_000));
    form.append(field, new Blob([content], { type: 'image/png' }), 'holiday.png');
    const response = await fetch(`http://127.0.0.1:${port}/upload`, { method: 'POST', body: form });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      content: Buffer.from(content).toString('latin1'),
      mode: 0o600,
      bytes: 50_000,
      clientFilename: 'holiday.png',
    });
  });

  it('is spooled in a folder that nobody else can read', async () => {
    const [own = ''] = await readdir(folder);
    expect((await stat(join(folder, own))).mode & 0o777).toBe(0o700);
  });

  it('has the preset before the file or after it', async () => {
    const preset = { name: 'preset', content: 'hero' };
    expect((await post([preset, picture])).body).toMatchObject({ preset: 'hero', bytes: 5000 });
    expect((await post([picture, preset])).body).toMatchObject({ preset: 'hero', bytes: 5000 });
    expect((await post([preset, picture, { ...preset, content: 'last' }])).body).toMatchObject({ preset: 'last' });
  });

  it('has up to 20 fields, whatever their names', async () => {
    const names = ['__proto__', 'constructor', 'toString', '', `${'a[b]'.repeat(3000)}`, 'a[b][c]', 'x'];
    const fields = Array.from({ length: 20 }, (_, index) => ({
      name: names[index % 7] ?? '',
      content: 'y'.repeat(1024),
    }));
    const { status, body } = await post([...fields.slice(0, 10), picture, ...fields.slice(10)]);
    expect([status, body['bytes'], body['preset']]).toEqual([200, 5000, undefined]);
  });

  it('has a file of exactly the limit', async () => {
    const { status, body } = await post([{ ...picture, content: noise(maxFileBytes) }]);
    expect([status, body['bytes']]).toEqual([200, maxFileBytes]);
  });

  it('has a file that only its content type tells from a field', async () => {
    const extraHead = 'Content-Type: application/octet-stream\r\n';
    const { body } = await post([{ name: 'file', content: 'x', extraHead }]);
    expect(body).toMatchObject({ bytes: 1 });
    expect(body).not.toHaveProperty('clientFilename');
  });

  it('keeps the bytes as they come: transfer encodings within a part mean nothing', async () => {
    const { body } = await post([
      { ...picture, content: 'aGVsbG8=', extraHead: 'Content-Transfer-Encoding: base64\r\n' },
    ]);
    expect(body['content']).toBe('aGVsbG8=');
  });

  it('has a quoted boundary, a preamble and an epilogue', async () => {
    const body = Buffer.concat([Buffer.from('preamble\r\n'), formBody([picture]), Buffer.from('epilogue')]);
    const headers = { 'Content-Type': `Multipart/Form-Data; charset=utf-8; boundary="${boundary}"` };
    const answered = await sendRaw(port, requestHead({ ...headers, 'Content-Length': body.length }), body);
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
        const upload = await spool.receive(requestOf(pieces, formHeaders(body)));
        expect(await readFile(upload.file)).toEqual(content);
        expect(upload).toMatchObject({ bytes: content.length, clientFilename: 'é.png', preset: 'héro' });
        await upload.discard();
        await upload.discard();
      }),
      { numRuns: 150 },
    );
  });
});

/** A request whose body arrives in these pieces, which no network would keep apart. */
function requestOf(pieces: Buffer[], headers: Record<string, string | number>): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  for (const [name, value] of Object.entries(headers)) request.headers[name.toLowerCase()] = String(value);
  for (const piece of pieces) request.push(piece);
  request.push(null);
  return request;
}

describe('the client’s file name', () => {
  it.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\\\a\\\\b.png', 'b.png'],
    ['/absolute/x.jpg', 'x.jpg'],
    ['.htaccess', '.htaccess'],
    ['a%0d%0aSet-Cookie: x.png', 'a%0d%0aSet-Cookie: x.png'],
    ['tab\there.png', 'tabhere.png'],
    ['\u202egnp.exe', '\u202egnp.exe'],
    ['日本語.png', '日本語.png'],
    ['\u0085next.png', 'next.png'],
    [`${'n'.repeat(10_000)}.png`, 'n'.repeat(255)],
    [`${'n'.repeat(254)}😀.png`, 'n'.repeat(254)],
    ['dir/', undefined],
  ])('%j is %j', async (sent, kept) => {
    const { status, body } = await post([{ ...picture, filename: sent }]);
    expect([status, body['clientFilename']]).toEqual([200, kept]);
  });

  it('is read from filename* too, and from the first of two', async () => {
    const extended = formBody([picture])
      .toString('latin1')
      .replace('filename="a.png"', "filename*=UTF-8''%e2%82%ac.png");
    const doubled = formBody([picture]).toString('latin1').replace('"a.png"', '"first.png"; filename="second.png"');
    for (const [form, name] of [
      [extended, '€.png'],
      [doubled, 'first.png'],
    ] as const) {
      const body = Buffer.from(form, 'latin1');
      expect((await sendRaw(port, requestHead(formHeaders(body)), body)).body['clientFilename']).toBe(name);
    }
  });

  it('with bytes that are not UTF-8 keeps what can be read', async () => {
    const body = Buffer.from(formBody([picture]).toString('latin1').replace('a.png', 'a\xed\xa0\x80.png'), 'latin1');
    const { body: answered } = await sendRaw(port, requestHead(formHeaders(body)), body);
    expect(answered['clientFilename']).toMatch(/^a\ufffd+\.png$/);
  });

  it.each([
    ['NUL', 'a\0.png'],
    ['CRLF', 'a\r\nb.png'],
  ])('with %s makes the form malformed', async (_name, filename) => {
    expect((await post([{ ...picture, filename }])).body['code']).toBe('malformed_multipart');
  });
});

describe('a form without one file', () => {
  it('has none', async () => {
    const { status, body } = await post([{ name: 'preset', content: 'hero' }]);
    expect([status, body['code']]).toEqual([400, 'no_file']);
    expect((await post([])).body['code']).toBe('no_file');
  });

  it('has it in another field, which the sentence names', async () => {
    const { body } = await post([{ ...picture, name: 'photo' }]);
    expect(body).toEqual({
      code: 'no_file',
      error: 'The file came in the field "photo". Send it in one called "file", "image", "upload" or "files[]".',
    });
    const { name: _dropped, ...nameless } = picture;
    expect((await post([nameless])).body['code']).toBe('no_file');
    expect((await post([{ ...picture, name: '' }])).body['code']).toBe('no_file');
  });

  it('has it as text', async () => {
    const { body } = await post([{ name: 'file', content: 'bytes' }]);
    expect(body).toMatchObject({ code: 'no_file', error: expect.stringContaining('came as text') });
  });

  it('comes from a page where no file was chosen', async () => {
    const extraHead = 'Content-Type: application/octet-stream\r\n';
    expect((await post([{ name: 'file', filename: '', content: '', extraHead }])).body['code']).toBe('no_file');
  });

  it('has an empty one', async () => {
    const { status, body } = await post([{ ...picture, content: '' }]);
    expect([status, body['code']]).toEqual([422, 'empty_file']);
  });

  it.each(['file', 'other'])('has two, the second in the field %s', async (name) => {
    const { status, body } = await post([picture, { ...picture, name }]);
    expect([status, body['code']]).toEqual([400, 'too_many_files']);
  });
});

describe('a form of too many parts', () => {
  it.each([
    ['21 fields', [picture, ...Array.from({ length: 21 }, () => ({ name: 'x', content: '' }))]],
    ['1,000 fields before the file', [...Array.from({ length: 1000 }, () => ({ name: 'x', content: '1' })), picture]],
    ['a field of 1,025 bytes', [picture, { name: 'x', content: 'y'.repeat(1025) }]],
    ['nameless parts', [picture, ...Array.from({ length: 30 }, () => ({ content: '', extraHead: 'X: y\r\n' }))]],
  ])('has %s', async (_name, parts) => {
    const { status, body, head } = await post(parts);
    expect([status, body['code']]).toEqual([400, 'too_many_parts']);
    expect(head).toMatch(/connection: close/i);
  });

  it('has 10,000 parts that are none', async () => {
    const parts = `--${boundary}\r\nX: y\r\n\r\n\r\n`.repeat(1000);
    const body = Buffer.from(parts);
    expect((await sendRaw(port, requestHead(formHeaders(body)), body)).body['code']).toBe('too_many_parts');
  });

  it('has a field without end: it is read up to the largest form and no further', async () => {
    expect((await post([{ name: 'x', content: 'y'.repeat(160_000) }])).body['code']).toBe('too_many_parts');

    const chunked = await openSocket(port);
    chunked.write(chunkedHead());
    writeEndlessly(chunked, Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="x"\r\n\r\n`));
    expect((await readAnswer(chunked)).body['code']).toBe('too_many_parts');
  });
});

function chunkedHead(): string {
  return requestHead({ 'Content-Type': `multipart/form-data; boundary=${boundary}`, 'Transfer-Encoding': 'chunked' });
}

/** Keeps a connection's buffers full until the other side closes it. */
function writeEndlessly(socket: Socket, start: Buffer): void {
  const chunk = (content: Buffer) =>
    Buffer.concat([Buffer.from(`${content.length.toString(16)}\r\n`), content, Buffer.from('\r\n')]);
  const filler = chunk(Buffer.alloc(16_384, 'z'));
  const fill = () => {
    while (socket.writable && socket.write(filler));
  };
  socket.on('drain', fill);
  socket.write(chunk(start));
  fill();
}

describe('a form that is malformed', () => {
  const one = formBody([picture]);
  it.each([
    ['no boundary', 'multipart/form-data', one],
    ['an empty boundary', 'multipart/form-data; boundary=""', one],
    ['a boundary of 10 kB', `multipart/form-data; boundary=${'b'.repeat(10_000)}`, one],
    ['a boundary that is not closed', `multipart/form-data; boundary="${boundary}`, one],
  ])('has %s', async (_name, contentType, body) => {
    const answered = await sendRaw(
      port,
      requestHead({ 'Content-Type': contentType, 'Content-Length': body.length }),
      body,
    );
    expect([answered.status, answered.body['code']]).toEqual([400, 'malformed_multipart']);
  });

  it.each([
    ['5,000 headers', 'X-A: b\r\n'.repeat(5000)],
    ['a header without a colon', 'nonsense\r\n'],
    ['a header with NUL', 'X-A: \0\r\n'],
    ['a header without a name', ': x\r\n'],
  ])('has a part with %s', async (_name, extraHead) => {
    const { status, body } = await post([{ ...picture, extraHead }]);
    expect([status, body['code']]).toEqual([400, 'malformed_multipart']);
    expect((await post([picture])).status).toBe(200);
  });

  it('starts a part with a folded line, which crashed older parsers (CVE-2022-24434)', async () => {
    const body = Buffer.from(`--${boundary}\r\n Content-Disposition: form-data; name="x"\r\n\r\n\r\n--${boundary}--`);
    const { status, body: answered } = await sendRaw(port, requestHead(formHeaders(body)), body);
    expect([status, answered['code']]).toEqual([400, 'malformed_multipart']);
  });

  it('nests another one', async () => {
    const inner = `--in\r\nContent-Disposition: file; filename="a.png"\r\n\r\nx\r\n--in--`;
    const { status, body } = await post([
      { name: 'file', content: inner, extraHead: 'Content-Type: multipart/mixed; boundary=in\r\n' },
    ]);
    expect([status, body['code']]).toEqual([400, 'no_file']);
  });

  it('is cut off anywhere', async () => {
    const body = formBody([
      { name: 'preset', content: 'hero' },
      { ...picture, content: noise(300) },
    ]);
    // What is cut off last is the line end after the closing boundary, which nobody needs.
    const cut = fc.nat(body.length - 3);
    await fc.assert(
      fc.asyncProperty(cut, async (bytes) => {
        const request = requestOf([body.subarray(0, bytes)], formHeaders(body));
        await expect(spool.receive(request)).rejects.toMatchObject({ code: 'truncated_body' });
        expect(await spooledFiles()).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

describe('a body that is no plain form', () => {
  const form = { 'Content-Type': `multipart/form-data; boundary=${boundary}` };
  it.each([
    ['JSON', { 'Content-Type': 'application/json' }],
    ['an urlencoded form', { 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['another multipart type', { 'Content-Type': `multipart/mixed; boundary=${boundary}` }],
    ['of no type', {}],
    ['compressed', { ...form, 'Content-Encoding': 'gzip' }],
    ['compressed for the way', { ...form, 'Transfer-Encoding': 'gzip, chunked' }],
  ])('is refused: %s', async (_name, headers) => {
    const isChunked = 'Transfer-Encoding' in headers;
    const length: Record<string, number> = isChunked ? {} : { 'Content-Length': 2 };
    const answered = await sendRaw(port, requestHead({ ...headers, ...length }), isChunked ? '0\r\n\r\n' : '{}');
    expect([answered.status, answered.body['code']]).toEqual([415, 'unsupported_media_type']);
  });

  it('is accepted with the encoding that changes nothing', async () => {
    const body = formBody([picture]);
    const head = requestHead({ ...formHeaders(body), 'Content-Encoding': 'identity' });
    expect((await sendRaw(port, head, body)).status).toBe(200);
  });
});

describe('a file that is too large', () => {
  it('is one byte over the limit', async () => {
    const { status, body } = await post([{ ...picture, content: noise(maxFileBytes + 1) }]);
    expect([status, body['code']]).toEqual([413, 'file_too_large']);
    expect(body['error']).toContain(`At most ${maxFileBytes} bytes`);
  });

  it('is announced as such: it is refused without its body being asked for', async () => {
    const head = requestHead({ ...formHeaders(Buffer.alloc(0)), 'Content-Length': 10_000_000, Expect: '100-continue' });
    const { status, body, head: answered } = await sendRaw(port, head);
    expect([status, body['code']]).toEqual([413, 'file_too_large']);
    expect(answered).not.toContain('100 Continue');
  });

  it('comes without a length and without end', async () => {
    const socket = await openSocket(port);
    socket.write(chunkedHead());
    writeEndlessly(
      socket,
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n`),
    );
    const { status, body } = await readAnswer(socket);
    expect([status, body['code']]).toEqual([413, 'file_too_large']);
  });
});

describe('the answer to a form that fails early', () => {
  it('can be read by a client that sends all of the rest first, which is read and dropped', async () => {
    await useSpool({ maxFileBytes: 2_000_000, maxTotalBytes: 2_000_000 });
    const body = formBody([{ ...picture, name: 'photo', content: noise(900_000) }]);
    const socket = await openSocket(port);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.write(requestHead(formHeaders(body)));
    socket.write(body);
    const [hadError] = await once(socket, 'close');
    expect(hadError).toBe(false);
    expect(bytesTaken).toBeGreaterThan(body.length);
    expect(text).toMatch(/^HTTP\/1\.1 400 .*"code":"no_file"/s);
  });

  it('comes although the client never stops sending', async () => {
    const socket = await openSocket(port);
    socket.write(chunkedHead());
    const picked = Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n`);
    writeEndlessly(socket, picked);
    expect((await readAnswer(socket)).body['code']).toBe('no_file');
    expect(bytesTaken).toBeLessThan(maxDrainBytes + 500_000);
  });
});

describe('a client that vanishes', () => {
  it.each([0, 1, 50, 99])('after %i %% of the body leaves nothing behind', async (percent) => {
    const body = formBody([{ ...picture, content: noise(90_000) }]);
    const receiving = once(server, 'receiving');
    const socket = await openSocket(port);
    socket.write(requestHead(formHeaders(body)));
    socket.write(body.subarray(0, (body.length * percent) / 100));
    await receiving;
    socket.destroy();
    expect(await outcomes[0]).toBe('truncated_body');
    expect(await spooledFiles()).toEqual([]);
  });
});

describe('an upload that is stopped', () => {
  async function startUpload(): Promise<Socket> {
    const body = formBody([picture]);
    const receiving = once(server, 'receiving');
    const socket = await openSocket(port);
    socket.write(requestHead(formHeaders(body)));
    socket.write(body.subarray(0, 2000));
    await receiving;
    return socket;
  }

  it('was too slow', async () => {
    let now = 0;
    // Each look at the clock is ten seconds after the one before.
    await useSpool({ slowAfterSeconds: 0.02, now: () => (now += 10_000) });
    const { status, body } = await readAnswer(await startUpload());
    expect([status, body['code']]).toEqual([408, 'upload_too_slow']);
  });

  it('was aborted by its caller, whose reason it gives', async () => {
    const socket = await startUpload();
    stop.abort(new AppError('storage_unavailable'));
    expect((await readAnswer(socket)).body['code']).toBe('storage_unavailable');
  });

  it('was aborted before it began', async () => {
    stop.abort();
    expect((await post([picture])).body['code']).toBe('truncated_body');
  });

  it('was in the way of a shutdown', async () => {
    const socket = await startUpload();
    const closed = spool.close();
    const { status, body } = await readAnswer(socket);
    expect([status, body['code']]).toEqual([503, 'spool_unavailable']);
    await closed;
    expect(await readdir(folder)).toEqual([]);
    await useSpool();
  });
});

describe('the spool', () => {
  it('refuses more than it may hold, and says when to try again', async () => {
    await useSpool({ maxTotalBytes: 12_000 });
    const body = formBody([picture]);
    const first = await spool.receive(requestOf([body], formHeaders(body)));
    const second = await spool.receive(requestOf([body], formHeaders(body)));
    expect(spool.usedBytes()).toBe(10_000);
    const { status, head, body: answered } = await post([picture]);
    expect([status, answered['code']]).toEqual([503, 'spool_unavailable']);
    expect(head).toMatch(/retry-after: 5/i);
    await first.discard();
    expect(spool.usedBytes()).toBe(5000);
    expect((await post([picture])).status).toBe(200);
    await second.discard();
  });

  it('refuses when a body of unknown length outgrows it', async () => {
    await useSpool({ maxTotalBytes: 3000 });
    const { 'Content-Length': _unknown, ...headers } = formHeaders(Buffer.alloc(0));
    const request = requestOf([formBody([picture])], headers);
    await expect(spool.receive(request)).rejects.toMatchObject({ code: 'spool_unavailable', retryAfterSeconds: 5 });
  });

  it('takes many uploads at once', async () => {
    await useSpool({ maxTotalBytes: 30 * 5000 });
    const warnings: string[] = [];
    const note = (warning: Error) => warnings.push(warning.name);
    process.on('warning', note);
    const body = formBody([picture]);
    const uploads = await Promise.all(
      Array.from({ length: 30 }, () =>
        spool.receive(requestOf([body], { ...formHeaders(body), 'Content-Length': 5000 })),
      ),
    );
    expect(spool.usedBytes()).toBe(150_000);
    expect(new Set(uploads.map(({ file }) => file)).size).toBe(30);
    await Promise.all(uploads.map((upload) => upload.discard()));
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });

  it('makes its folder again when a cleaner has removed it', async () => {
    const [own = ''] = await readdir(folder);
    await rm(join(folder, own), { recursive: true });
    expect((await post([picture])).status).toBe(200);
  });

  it('is unavailable when the disk does not take the file', async () => {
    const [own = ''] = await readdir(folder);
    await rm(join(folder, own), { recursive: true });
    await writeFile(join(folder, own), 'in the way');
    const { status, body } = await post([picture]);
    expect([status, body['code']]).toEqual([503, 'spool_unavailable']);
    await rm(join(folder, own));
    expect((await post([picture])).status).toBe(200);
  });
});
