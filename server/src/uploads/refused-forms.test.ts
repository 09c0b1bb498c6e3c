import { once } from 'node:events';
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
  sendRaw,
  writeEndlessly,
} from '../../test/support/form-requests.ts';
import { type FormServer, maxFileBytes, startFormServer } from '../../test/support/form-server.ts';
import { noise } from '../../test/support/sample-images.ts';
import { maxDrainBytes } from './drain-request.ts';

let server: FormServer;

beforeEach(async () => {
  server = await startFormServer();
});

afterEach(() => server.close());

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
    const answered = await sendRaw(server.port, requestHead({ ...headers, ...length }), isChunked ? '0\r\n\r\n' : '{}');
    expect([answered.status, answered.body['code']]).toEqual([415, 'unsupported_media_type']);
  });

  it('is accepted with the encoding that changes nothing', async () => {
    const body = formBody([picture]);
    const head = requestHead({ ...formHeaders(body), 'Content-Encoding': 'identity' });
    expect((await sendRaw(server.port, head, body)).status).toBe(200);
  });
});

describe('a file that is too large', () => {
  it('is one byte over the limit', async () => {
    const { status, body } = await server.post([{ ...picture, content: noise(maxFileBytes + 1) }]);
    expect([status, body['code']]).toEqual([413, 'file_too_large']);
    expect(body['error']).toContain(`At most ${maxFileBytes} bytes`);
  });

  it('is announced as such: it is refused without its body being asked for', async () => {
    const head = requestHead({ ...formHeaders(Buffer.alloc(0)), 'Content-Length': 10_000_000, Expect: '100-continue' });
    const { status, body, head: answered } = await sendRaw(server.port, head);
    expect([status, body['code']]).toEqual([413, 'file_too_large']);
    expect(answered).not.toContain('100 Continue');
  });

  it('comes without a length and without end', async () => {
    const socket = await openSocket(server.port);
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
    await server.useSpool({ maxFileBytes: 2_000_000, maxTotalBytes: 2_000_000 });
    const body = formBody([{ ...picture, name: 'photo', content: noise(900_000) }]);
    const socket = await openSocket(server.port);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.write(requestHead(formHeaders(body)));
    socket.write(body);
    const [hadError] = await once(socket, 'close');
    expect(hadError).toBe(false);
    expect(server.bytesTaken).toBeGreaterThan(body.length);
    expect(text).toMatch(/^HTTP\/1\.1 400 .*"code":"no_file"/s);
  });

  it('comes although the client never stops sending', async () => {
    const socket = await openSocket(server.port);
    socket.write(chunkedHead());
    const picked = Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n`);
    writeEndlessly(socket, picked);
    expect((await readAnswer(socket)).body['code']).toBe('no_file');
    expect(server.bytesTaken).toBeLessThan(maxDrainBytes + 500_000);
  });
});
