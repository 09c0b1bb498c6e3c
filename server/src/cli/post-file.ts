import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type FileHandle, open } from 'node:fs/promises';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { describeConnectionFailure, UploadFailure } from './upload-failure.ts';

interface FilePost {
  url: string;
  /** In the order of the policy. The file comes after them, as S3 wants it. */
  fields: Readonly<Record<string, string>>;
  file: string;
  /** Size that was signed; the file must have it until its last byte is sent. */
  bytes: number;
  contentType: string;
  onProgress(sentBytes: number, totalBytes: number): void;
}

/** No byte in either direction for so long ends the upload. */
const idleTimeoutMs = 60_000;
const pieceBytes = 65_536;
/** Of an error document. */
const maxAnswerBytes = 65_536;

/** Posts the form with an exact Content-Length, reading the file as the storage takes it. @throws UploadFailure */
export async function postFile(post: FilePost): Promise<void> {
  const boundary = `kuanary-${randomUUID()}`;
  const head = Buffer.from(formHead(post, boundary));
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const address = new URL(post.url);
  const handle = await open(post.file, 'r').catch((error: unknown) => {
    throw new UploadFailure(`The file cannot be read: ${describeConnectionFailure(error)}.`);
  });
  const send = address.protocol === 'https:' ? httpsRequest : httpRequest;
  const request = send(address, {
    method: 'POST',
    headers: {
      'Content-Type': `multipart/form-data; boundary=${boundary}`,
      'Content-Length': head.length + post.bytes + tail.length,
    },
  });
  request.setTimeout(idleTimeoutMs, () => {
    request.destroy(new Error(`nothing moved for ${idleTimeoutMs / 1000} seconds`));
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
  });
  answered.catch(() => undefined); // It is awaited below; until then a failure is no unhandled one.
  try {
    let refused = false;
    const sent = sendBody(request, { head, tail, handle, post, isRefused: () => refused });
    sent.catch(() => undefined);
    // A refusal may come before the file has been sent: the rest of it is of no use, and could cost us the answer.
    await Promise.race([sent, answered]);
    const response = await answered;
    refused = true;
    await assertStored(response, address.origin);
    await sent;
  } catch (error) {
    if (error instanceof UploadFailure) throw error;
    throw new UploadFailure(
      `The storage at ${address.origin} did not take the file: ${describeConnectionFailure(error)}.`,
    );
  } finally {
    request.destroy();
    await handle.close();
  }
}

function formHead({ fields, contentType }: FilePost, boundary: string): string {
  const part = (disposition: string, rest: string): string =>
    `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n${rest}`;
  const parts = Object.entries(fields).map(([name, value]) => part(`name="${name}"`, `\r\n${value}\r\n`));
  // The person's own name for the file is not the storage's business.
  return `${parts.join('')}${part('name="file"; filename="picture"', `Content-Type: ${contentType}\r\n\r\n`)}`;
}

interface Body {
  head: Buffer;
  tail: Buffer;
  handle: FileHandle;
  post: FilePost;
  isRefused(): boolean;
}

/** Waits for the storage whenever it is slower than the disk. Ends early when the connection does. */
async function sendBody(request: ClientRequest, { head, tail, handle, post, isRefused }: Body): Promise<void> {
  const write = async (bytes: Buffer): Promise<void> => {
    if (!request.write(bytes)) await once(request, 'drain');
  };
  await write(head);
  for (let sent = 0; sent < post.bytes; ) {
    if (isRefused()) throw new UploadFailure('The storage answered before it had the whole file.');
    // A new piece each time: the one before may still wait to be sent.
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes, sent);
    if (bytesRead === 0 || sent + bytesRead > post.bytes) throw changedFile();
    await write(buffer.subarray(0, bytesRead));
    sent += bytesRead;
    post.onProgress(sent, post.bytes);
  }
  if ((await handle.stat()).size !== post.bytes) throw changedFile();
  request.end(tail);
}

function changedFile(): UploadFailure {
  return new UploadFailure('The file changed while it was being read. Nothing was stored; upload it again.');
}

async function assertStored(response: IncomingMessage, origin: string): Promise<void> {
  const { statusCode: status = 0, headers } = response;
  if (status >= 200 && status < 300) {
    response.resume();
    return;
  }
  const document = await readStart(response);
  const element = (name: string): string | undefined =>
    new RegExp(`<${name}>([^<]{1,500})</${name}>`).exec(document)?.[1];
  const code = element('Code');
  const header = headers['x-amz-request-id'];
  const requestId = element('RequestId') ?? (typeof header === 'string' ? header : undefined);
  const message = element('Message');
  throw new UploadFailure(
    `The storage at ${origin} refuses the file: ${status} ${code ?? 'without an S3 error code'}${message === undefined ? '' : `, "${message}"`}.`,
    { code, requestId },
  );
}

async function readStart(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= maxAnswerBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
