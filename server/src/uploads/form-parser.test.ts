import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  boundary,
  chunkedHead,
  formBody,
  formHeaders,
  openSocket,
  picture,
  readAnswer,
  requestHead,
  requestOf,
  sendRaw,
  writeEndlessly,
} from '../../test/support/form-requests.ts';
import { type FormServer, startFormServer } from '../../test/support/form-server.ts';
import { noise } from '../../test/support/sample-images.ts';

let server: FormServer;

beforeEach(async () => {
  server = await startFormServer();
});

afterEach(() => server.close());

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
    const { status, body } = await server.post([{ ...picture, filename: sent }]);
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
      expect((await sendRaw(server.port, requestHead(formHeaders(body)), body)).body['clientFilename']).toBe(name);
    }
  });

  it('with bytes that are not UTF-8 keeps what can be read', async () => {
    const body = Buffer.from(formBody([picture]).toString('latin1').replace('a.png', 'a\xed\xa0\x80.png'), 'latin1');
    const { body: answered } = await sendRaw(server.port, requestHead(formHeaders(body)), body);
    expect(answered['clientFilename']).toMatch(/^a\ufffd+\.png$/);
  });

  it.each([
    ['NUL', 'a\0.png'],
    ['CRLF', 'a\r\nb.png'],
  ])('with %s makes the form malformed', async (_name, filename) => {
    expect((await server.post([{ ...picture, filename }])).body['code']).toBe('malformed_multipart');
  });
});

describe('a form without one file', () => {
  it('has none', async () => {
    const { status, body } = await server.post([{ name: 'preset', content: 'hero' }]);
    expect([status, body['code']]).toEqual([400, 'no_file']);
    expect((await server.post([])).body['code']).toBe('no_file');
  });

  it('has it in another field, which the sentence names', async () => {
    const { body } = await server.post([{ ...picture, name: 'photo' }]);
    expect(body).toEqual({
      code: 'no_file',
      error: 'The file came in the field "photo". Send it in one called "file", "image", "upload" or "files[]".',
    });
    const { name: _dropped, ...nameless } = picture;
    expect((await server.post([nameless])).body['code']).toBe('no_file');
    expect((await server.post([{ ...picture, name: '' }])).body['code']).toBe('no_file');
  });

  it('has it as text', async () => {
    const { body } = await server.post([{ name: 'file', content: 'bytes' }]);
    expect(body).toMatchObject({ code: 'no_file', error: expect.stringContaining('came as text') });
  });

  it('comes from a page where no file was chosen', async () => {
    const extraHead = 'Content-Type: application/octet-stream\r\n';
    expect((await server.post([{ name: 'file', filename: '', content: '', extraHead }])).body['code']).toBe('no_file');
  });

  it('has an empty one', async () => {
    const { status, body } = await server.post([{ ...picture, content: '' }]);
    expect([status, body['code']]).toEqual([422, 'empty_file']);
  });

  it.each(['file', 'other'])('has two, the second in the field %s', async (name) => {
    const { status, body } = await server.post([picture, { ...picture, name }]);
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
    const { status, body, head } = await server.post(parts);
    expect([status, body['code']]).toEqual([400, 'too_many_parts']);
    expect(head).toMatch(/connection: close/i);
  });

  it('has 10,000 parts that are none', async () => {
    const parts = `--${boundary}\r\nX: y\r\n\r\n\r\n`.repeat(1000);
    const body = Buffer.from(parts);
    expect((await sendRaw(server.port, requestHead(formHeaders(body)), body)).body['code']).toBe('too_many_parts');
  });

  it('has a field without end: it is read up to the largest form and no further', async () => {
    expect((await server.post([{ name: 'x', content: 'y'.repeat(160_000) }])).body['code']).toBe('too_many_parts');

    const chunked = await openSocket(server.port);
    chunked.write(chunkedHead());
    writeEndlessly(chunked, Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="x"\r\n\r\n`));
    expect((await readAnswer(chunked)).body['code']).toBe('too_many_parts');
  });
});

describe('a form that is malformed', () => {
  const one = formBody([picture]);
  it.each([
    ['no boundary', 'multipart/form-data', one],
    ['an empty boundary', 'multipart/form-data; boundary=""', one],
    ['a boundary of 10 kB', `multipart/form-data; boundary=${'b'.repeat(10_000)}`, one],
    ['a boundary that is not closed', `multipart/form-data; boundary="${boundary}`, one],
  ])('has %s', async (_name, contentType, body) => {
    const answered = await sendRaw(
      server.port,
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
    const { status, body } = await server.post([{ ...picture, extraHead }]);
    expect([status, body['code']]).toEqual([400, 'malformed_multipart']);
    expect((await server.post([picture])).status).toBe(200);
  });

  it('starts a part with a folded line, which crashed older parsers (CVE-2022-24434)', async () => {
    const body = Buffer.from(`--${boundary}\r\n Content-Disposition: form-data; name="x"\r\n\r\n\r\n--${boundary}--`);
    const { status, body: answered } = await sendRaw(server.port, requestHead(formHeaders(body)), body);
    expect([status, answered['code']]).toEqual([400, 'malformed_multipart']);
  });

  it('nests another one', async () => {
    const inner = `--in\r\nContent-Disposition: file; filename="a.png"\r\n\r\nx\r\n--in--`;
    const { status, body } = await server.post([
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
        await expect(server.spool.receive(request)).rejects.toMatchObject({ code: 'truncated_body' });
        expect(await server.spooledFiles()).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});
