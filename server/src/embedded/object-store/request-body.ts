import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { invalidArgument, S3Error } from './s3-error.ts';
import { buildChunkStringToSign, hmac, isSameSignature, type VerifiedRequest } from './signature-v4.ts';

const maxChunkHeadBytes = 16_384;
/** XML bodies: a DeleteObjects of 1000 long keys fits. */
const maxDocumentBytes = 2 * 1024 * 1024;
const maxChunkBytes = 64 * 1024 * 1024;

/** The bytes that a request carries, decoded and held to what its headers say of them. It throws where they differ. */
export function readBody(request: IncomingMessage, verified: VerifiedRequest): AsyncGenerator<Uint8Array> {
  const { payloadHash } = verified;
  const decoded = payloadHash.startsWith('STREAMING-') ? decodeChunks(request, verified) : request;
  return checkBody(decoded, request, payloadHash);
}

/** A small body as text. @throws S3Error when it is too large */
export async function readDocument(request: IncomingMessage, verified: VerifiedRequest): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of readBody(request, verified)) {
    bytes += chunk.length;
    if (bytes > maxDocumentBytes) throw new S3Error(400, 'MalformedXML', 'The document is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function* checkBody(
  body: AsyncIterable<Uint8Array>,
  request: IncomingMessage,
  payloadHash: string,
): AsyncGenerator<Uint8Array> {
  const sha256 = /^[0-9a-f]{64}$/.test(payloadHash) ? createHash('sha256') : null;
  if (sha256 === null && !/^(UNSIGNED|STREAMING)-/.test(payloadHash))
    throw invalidArgument('x-amz-content-sha256 is not a hash.');
  const expectedMd5 = readContentMd5(request);
  const md5 = expectedMd5 === undefined ? null : createHash('md5');
  for await (const chunk of body) {
    sha256?.update(chunk);
    md5?.update(chunk);
    yield chunk;
  }
  if (sha256 !== null && sha256.digest('hex') !== payloadHash) {
    throw new S3Error(400, 'XAmzContentSHA256Mismatch', 'The body is not the one that x-amz-content-sha256 names.');
  }
  if (md5 !== null && md5.digest('base64') !== expectedMd5) {
    throw new S3Error(400, 'BadDigest', 'The body is not the one that Content-MD5 names.');
  }
}

function readContentMd5(request: IncomingMessage): string | undefined {
  const header = request.headers['content-md5'];
  const value = Array.isArray(header) ? header[0] : header;
  if (value !== undefined && !/^[A-Za-z0-9+/]{22}==$/.test(value))
    throw new S3Error(400, 'InvalidDigest', 'Content-MD5 is not a base64 MD5.');
  return value;
}

/** aws-chunked: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html, signed or not, with or without trailer */
async function* decodeChunks(body: AsyncIterable<Uint8Array>, verified: VerifiedRequest): AsyncGenerator<Uint8Array> {
  const signed = verified.payloadHash.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD');
  const iterator = body[Symbol.asyncIterator]();
  let pending = Buffer.alloc(0);
  let previous = verified.seed.signature;

  async function fill(bytes: number): Promise<void> {
    while (pending.length < bytes) {
      const { done, value } = await iterator.next();
      if (done === true) throw new S3Error(400, 'IncompleteBody', 'The chunked body is cut off.');
      pending = Buffer.concat([pending, value]);
    }
  }

  async function readLine(): Promise<string> {
    for (;;) {
      const at = pending.indexOf('\r\n');
      if (at >= 0) {
        const line = pending.toString('latin1', 0, at);
        pending = pending.subarray(at + 2);
        return line;
      }
      if (pending.length > maxChunkHeadBytes) throw invalidArgument('A chunk of the body has no proper head.');
      await fill(pending.length + 1);
    }
  }

  for (;;) {
    const [, sizeHex, signature] =
      /^([0-9a-fA-F]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(await readLine()) ?? [];
    if (sizeHex === undefined || (signed && signature === undefined))
      throw invalidArgument('A chunk of the body has no proper head.');
    const size = Number.parseInt(sizeHex, 16);
    if (size > maxChunkBytes) throw invalidArgument(`A chunk of the body is larger than ${maxChunkBytes} bytes.`);
    await fill(size);
    const chunk = pending.subarray(0, size);
    if (signed) {
      previous = verifyChunk(verified.seed, previous, chunk, signature ?? '');
    }
    if (size === 0) break;
    yield chunk;
    pending = pending.subarray(size);
    await fill(2);
    if (pending.toString('latin1', 0, 2) !== '\r\n')
      throw invalidArgument('A chunk of the body is longer than it says.');
    pending = pending.subarray(2);
  }
  // Trailers hold checksums, which RadosGW (Reef) does not look at either; they are read to the end.
  while (!(await iterator.next()).done);
}

function verifyChunk(seed: VerifiedRequest['seed'], previous: string, chunk: Buffer, signature: string): string {
  const hash = createHash('sha256').update(chunk).digest('hex');
  const expected = hmac(seed.signingKey, buildChunkStringToSign(seed, previous, hash)).toString('hex');
  if (!isSameSignature(signature, expected)) {
    throw new S3Error(
      403,
      'SignatureDoesNotMatch',
      'The signature of a chunk is not the one that the secret key gives.',
    );
  }
  return expected;
}
