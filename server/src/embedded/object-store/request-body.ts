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
  text(): Promise<string>;
}

export function createRequestBody(incoming: IncomingMessage, verified: VerifiedRequest): RequestBody {
  const stream = (): AsyncIterable<Uint8Array> => {
    const { payloadHash, chain } = verified;
    const raw = rawBody(incoming);
    if (!payloadHash.startsWith('STREAMING-')) return checkBody(raw, incoming, payloadHash);
    return checkBody(decodeChunks(raw, payloadHash, chain), incoming, payloadHash);
  };
  return {
    stream,
    async text() {
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of stream()) {
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
  incoming: IncomingMessage,
  payloadHash: string,
): AsyncGenerator<Uint8Array> {
  const streaming = payloadHash.startsWith('STREAMING-');
  const sha256 = streaming || payloadHash === 'UNSIGNED-PAYLOAD' ? null : createHash('sha256');
  const expectedMd5 = readContentMd5(incoming);
  const md5 = expectedMd5 === undefined ? null : createHash('md5');
  const decodedLength = incoming.headers['x-amz-decoded-content-length'];
  if (streaming && decodedLength === undefined) {
    throw invalidArgument('A body in chunks needs the header x-amz-decoded-content-length.');
  }
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxObjectBytes)
      throw new S3Error(400, 'EntityTooLarge', `One request may bring ${maxObjectBytes} bytes, no more.`);
    sha256?.update(chunk);
    md5?.update(chunk);
    yield chunk;
  }
  if (streaming && decodedLength !== String(bytes)) {
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
