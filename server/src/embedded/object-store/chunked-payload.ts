import { createHash, type Hash } from 'node:crypto';
import { createByteInput } from './byte-input.ts';
import { emptyBodyHash, hmacSha256, isSameSignature, signatureAlgorithm } from './canonical-request.ts';
import { invalidArgument, S3Error } from './s3-error.ts';
import type { SignatureChain } from './signature-v4.ts';

/*
 * aws-chunked bodies: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 * and, with a trailer, https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */

const maxLineBytes = 8192;
const maxTrailerLines = 20;
const lineEnd = Buffer.from('\r\n');

/** Word of `x-amz-content-sha256` → what the body carries. */
const encodings: ReadonlyMap<string, { signed: boolean; trailer: boolean }> = new Map([
  ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', { signed: false, trailer: true }],
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', { signed: true, trailer: false }],
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', { signed: true, trailer: true }],
]);

/**
 * The bytes inside the chunks, as they come: a chunk of any size needs no memory. A chunk whose signature does not hold
 * is noticed at its end, so nobody may act on the bytes before the generator has ended.
 *
 * @throws S3Error InvalidArgument, IncompleteBody, SignatureDoesNotMatch
 */
export async function* decodeChunks(
  body: AsyncIterable<Uint8Array>,
  word: string,
  chain: SignatureChain,
): AsyncGenerator<Uint8Array> {
  const encoding = encodings.get(word);
  if (encoding === undefined) {
    throw invalidArgument(`x-amz-content-sha256 may be ${[...encodings.keys()].join(', ')}, not ${word}.`);
  }
  const input = createByteInput(body);
  const signatures = createChunkSignatures(chain);
  const readLine = async (): Promise<string> => {
    const line = await input.readUntil(lineEnd, maxLineBytes);
    if (line === null) throw cutOff();
    return line.toString('latin1');
  };
  for (;;) {
    const head = parseChunkHead(await readLine(), encoding.signed);
    const hash = createHash('sha256');
    for (let left = head.bytes; left > 0; ) {
      const some = await input.readSome(left);
      if (some === null) throw cutOff();
      left -= some.length;
      if (encoding.signed) hash.update(some);
      yield some;
    }
    if (encoding.signed) signatures.checkChunk(hash, head.signature);
    if (head.bytes === 0) break;
    if ((await readLine()) !== '') throw invalidArgument('A chunk of the body is longer than its head says.');
  }
  if (encoding.trailer) await readTrailer(readLine, encoding.signed ? signatures : null);
}

const cutOff = (): S3Error =>
  new S3Error(400, 'IncompleteBody', 'The chunked body is cut off, or a line in it is too long.');

function parseChunkHead(line: string, signed: boolean): { bytes: number; signature: string } {
  const [, size, signature = ''] = /^([0-9a-f]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/i.exec(line) ?? [];
  if (size === undefined || (signed && signature === '')) {
    throw invalidArgument(
      `The head of a chunk must be <size in hex>${signed ? ';chunk-signature=<64 hex digits>' : ''}.`,
    );
  }
  return { bytes: Number.parseInt(size, 16), signature };
}

interface ChunkSignatures {
  checkChunk(hash: Hash, given: string): void;
  checkTrailer(lines: readonly string[], given: string): void;
}

/** Each signature is over the one before it, so that chunks cannot be left out or exchanged. */
function createChunkSignatures(chain: SignatureChain): ChunkSignatures {
  let previous = chain.signature;
  function check(kind: string, hashes: readonly string[], given: string): void {
    const toSign = [`${signatureAlgorithm}-${kind}`, chain.date, chain.scope, previous, ...hashes].join('\n');
    const expected = hmacSha256(chain.signingKey, toSign).toString('hex');
    if (!isSameSignature(given, expected)) {
      throw new S3Error(
        403,
        'SignatureDoesNotMatch',
        'The signature of a chunk is not the one that the secret key gives.',
      );
    }
    previous = expected;
  }
  return {
    checkChunk: (hash, given) => check('PAYLOAD', [emptyBodyHash, hash.digest('hex')], given),
    checkTrailer: (lines, given) => {
      const text = lines.map((line) => `${line}\n`).join('');
      check('TRAILER', [createHash('sha256').update(text, 'latin1').digest('hex')], given);
    },
  };
}

/** Checksums in it are not compared with the bytes: RadosGW (Reef) does not either. */
async function readTrailer(readLine: () => Promise<string>, signatures: ChunkSignatures | null): Promise<void> {
  const lines: string[] = [];
  for (;;) {
    const line = await readLine();
    if (line === '') break;
    lines.push(line);
    if (lines.length > maxTrailerLines) throw invalidArgument(`A trailer may have ${maxTrailerLines} lines, no more.`);
  }
  if (signatures === null) return;
  const named = lines.map((line) => /^x-amz-trailer-signature:\s*([0-9a-f]{64})$/i.exec(line)?.[1]);
  const signature = named.find((value) => value !== undefined);
  if (signature === undefined) throw invalidArgument('The trailer of a signed body must have x-amz-trailer-signature.');
  signatures.checkTrailer(
    lines.filter((_line, index) => named[index] === undefined),
    signature,
  );
}
