import { once } from 'node:events';
import { IncomingMessage } from 'node:http';
import { connect, Socket } from 'node:net';
import { noise } from './sample-images.ts';

export const boundary = '----kuanary-test';

export interface FormPart {
  name?: string;
  /** Absent: a text field. */
  filename?: string;
  content: string | Buffer;
  /** Further lines of the part's head, each ending in CRLF. */
  extraHead?: string;
}

/** A small file in the right field. */
export const picture: FormPart = { name: 'file', filename: 'a.png', content: noise(5000) };

/** A multipart form, written without a library so that it can be wrong. */
export function formBody(parts: FormPart[], ending = `--${boundary}--\r\n`): Buffer {
  const encoded = parts.map(({ name, filename, content, extraHead = '' }) => {
    const parameters = [
      ...(name === undefined ? [] : [`; name="${name}"`]),
      ...(filename === undefined ? [] : [`; filename="${filename}"`]),
    ];
    const head = `--${boundary}\r\nContent-Disposition: form-data${parameters.join('')}\r\n${extraHead}\r\n`;
    return Buffer.concat([Buffer.from(head), Buffer.from(content), Buffer.from('\r\n')]);
  });
  return Buffer.concat([...encoded, Buffer.from(ending)]);
}

export function requestHead(headers: Record<string, string | number>): string {
  const lines = Object.entries({ Host: 'test', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /upload HTTP/1.1\r\n${lines.join('')}\r\n`;
}

export function formHeaders(body: Buffer): Record<string, string | number> {
  return { 'Content-Type': `multipart/form-data; boundary=${boundary}`, 'Content-Length': body.length };
}

export interface RawAnswer {
  status: number;
  head: string;
  body: Record<string, unknown>;
}

/** Opens a connection; the caller writes what it likes. */
export async function openSocket(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** The answer on a connection, once the server has closed it or said all that it announced. */
export async function readAnswer(socket: Socket): Promise<RawAnswer> {
  let text = '';
  for await (const chunk of socket) {
    text += chunk;
    const answer = parseAnswer(text);
    if (answer !== undefined) return answer;
  }
  throw new Error(`the connection ended without an answer, after ${JSON.stringify(text)}`);
}

/** Sends the bytes as they are and reads the answer. */
export async function sendRaw(port: number, ...bytes: (string | Buffer)[]): Promise<RawAnswer> {
  const socket = await openSocket(port);
  for (const piece of bytes) socket.write(piece);
  return readAnswer(socket);
}

function parseAnswer(text: string): RawAnswer | undefined {
  const [head = '', body] = text.split('\r\n\r\n', 2);
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
  if (body === undefined || Buffer.byteLength(body) < length) return undefined;
  return { status: Number(head.slice(9, 12)), head, body: JSON.parse(body) };
}

/** A request whose body arrives in these pieces, which no network would keep apart. */
export function requestOf(pieces: Buffer[], headers: Record<string, string | number>): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  for (const [name, value] of Object.entries(headers)) request.headers[name.toLowerCase()] = String(value);
  for (const piece of pieces) request.push(piece);
  request.push(null);
  return request;
}

/** Of a form whose length is not announced. */
export function chunkedHead(): string {
  return requestHead({ 'Content-Type': `multipart/form-data; boundary=${boundary}`, 'Transfer-Encoding': 'chunked' });
}

/** Keeps a connection's buffers full until the other side closes it. */
export function writeEndlessly(socket: Socket, start: Buffer): void {
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
