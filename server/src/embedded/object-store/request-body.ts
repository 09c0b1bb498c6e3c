import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { decodeChunks } from './chunked-payload.ts';
import { invalidArgument, malformedXml, S3Error } from './s3-error.ts';
import type { VerifiedRequest } from './signature-v4.ts';

/** Of XML bodies: 1000 long keys to delete fit. */
const maxDocumentBytes = 4 * 1024 * 1024;
/** Of one PUT or part: https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html */
const maxObjectBytes = 5 * 1024 ** 3;

/** The body of a request, to be read once. */
export interface RequestBody {
  /** Decoded, and held to what the headers say of it: it throws at its end where they differ. */
  stream(): AsyncIterable<Uint8Array>;
  /** A small body. @throws S3Error when it is too large */
  text(options?: { ignoresMd5?: boolean }): Promise<string>;
}

export function createRequestBody(incoming: IncomingMessage, { payloadHash, chain }: VerifiedRequest): RequestBody {
  const check = (expectedMd5: string | undefined): AsyncIterable<Uint8Array> => {
    const raw = rawBody(incoming);
    const streaming = payloadHash.startsWith('STREAMING-');
    const body = streaming ? decodeChunks(raw, payloadHash, chain) : raw;
    return checkBody(body, { payloadHash, expectedMd5, decodedLength: readDecodedLength(incoming, streaming) });
  };
  return {
    stream: () => check(readContentMd5(incoming)),
    async text({ ignoresMd5 = false } = {}) {
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of check(ignoresMd5 ? undefined : readContentMd5(incoming))) {
        bytes += chunk.length;
        if (bytes > maxDocumentBytes) throw malformedXml(`The document is larger than ${maxDocumentBytes} bytes.`);
        chunks.push(chunk);
      }
      return Buffer.concat(chunks).toString('utf8');
    },
  };
}

/** The bytes as they arrive. Who stops reading leaves the connection open: the rest is drained before the answer. */
export function rawBody(incoming: IncomingMessage): AsyncIterable<Uint8Array> {
  return incoming.iterator({ destroyOnReturn: false });
}

async function* checkBody(
  body: AsyncIterable<Uint8Array>,
  {
    payloadHash,
    expectedMd5,
    decodedLength,
  }: { payloadHash: string; expectedMd5: string | undefined; decodedLength: string | undefined },
): AsyncGenerator<Uint8Array> {
  const streaming = payloadHash.startsWith('STREAMING-');
  const sha256 = streaming || payloadHash === 'UNSIGNED-PAYLOAD' ? null : createHash('sha256');
  const md5 = expectedMd5 === undefined ? null : createHash('md5');
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxObjectBytes)
      throw new S3Error(400, 'EntityTooLarge', `One request may bring ${maxObjectBytes} bytes, no more.`);
    sha256?.update(chunk);
    md5?.update(chunk);
    yield chunk;
  }
  if (decodedLength !== undefined && decodedLength !== String(bytes)) {
    throw new S3Error(
      400,
      'IncompleteBody',
      `The body has ${bytes} bytes, x-amz-decoded-content-length says ${decodedLength}.`,
    );
  }
  if (sha256 !== null && sha256.digest('hex') !== payloadHash) {
    throw new S3Error(400, 'XAmzContentSHA256Mismatch', 'The body is not the one that x-amz-content-sha256 names.');
  }
  if (md5 !== null && md5.digest('base64') !== expectedMd5) {
    throw new S3Error(400, 'BadDigest', 'The body is not the one that Content-MD5 names.');
  }
}

/** Undefined for a body that does not come in chunks. @throws S3Error InvalidArgument */
function readDecodedLength(incoming: IncomingMessage, streaming: boolean): string | undefined {
  if (!streaming) return undefined;
  const [decodedLength] = incoming.headersDistinct['x-amz-decoded-content-length'] ?? [];
  if (decodedLength !== undefined) return decodedLength;
  throw invalidArgument('A body in chunks needs the header x-amz-decoded-content-length.');
}

function readContentMd5(incoming: IncomingMessage): string | undefined {
  const [value] = incoming.headersDistinct['content-md5'] ?? [];
  if (value !== undefined && Buffer.from(value, 'base64').toString('base64') !== value) {
    throw new S3Error(400, 'InvalidDigest', 'Content-MD5 is not base64.');
  }
  if (value !== undefined && Buffer.from(value, 'base64').length !== 16) {
    throw new S3Error(400, 'InvalidDigest', 'Content-MD5 must be the 16 bytes of an MD5 in base64.');
  }
  return value;
}
