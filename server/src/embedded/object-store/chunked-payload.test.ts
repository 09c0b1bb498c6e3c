import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deriveSigningKey } from './canonical-request.ts';
import { decodeChunks } from './chunked-payload.ts';

const scope = '20130524/us-east-1/s3/aws4_request';
const date = '20130524T000000Z';
const signingKey = deriveSigningKey('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', '20130524', 'us-east-1');
const chainFrom = (signature: string) => ({ signature, signingKey, date, scope });

/** Bytes in pieces of so many. */
async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function decode(body: string | Uint8Array, word: string, seed = '', sizes = [1000]): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of decodeChunks(inPieces(Buffer.from(body), sizes), word, chainFrom(seed))) pieces.push(piece);
  return Buffer.concat(pieces).toString('latin1');
}

const signed = (size: string, signature: string, data: string): string =>
  `${size};chunk-signature=${signature}\r\n${data}\r\n`;

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
const published = [
  signed('10000', 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648', 'a'.repeat(65_536)),
  signed('400', '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497', 'a'.repeat(1024)),
  signed('0', 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9', ''),
];
const publishedSeed = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9';
const signedWord = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
const publishedWithTrailer = [
  signed('10000', 'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2', 'a'.repeat(65_536)),
  signed('400', '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7', 'a'.repeat(1024)),
  '0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n',
  'x-amz-checksum-crc32c:sOO8/Q==\r\n',
  'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n',
];
const trailerSeed = '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e';
const trailerWord = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER';

const unsignedWord = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';

describe('decodeChunks', () => {
  it('decodes the published example of signed chunks', async () => {
    expect(await decode(published.join(''), signedWord, publishedSeed)).toBe('a'.repeat(66_560));
  });

  it('decodes the published example with a signed trailer', async () => {
    expect(await decode(publishedWithTrailer.join(''), trailerWord, trailerSeed)).toBe('a'.repeat(66_560));
  });

  it.each([
    ['a byte of a chunk', published.join('').replace('aaaa', 'aaba'), signedWord, publishedSeed],
    ['the order of chunks', [published[1], published[0], published[2]].join(''), signedWord, publishedSeed],
    ['the number of chunks', [published[0], published[2]].join(''), signedWord, publishedSeed],
    ['the signature of the request', published.join(''), signedWord, '0'.repeat(64)],
    ['the trailer', publishedWithTrailer.join('').replace('sOO8', 'sOO9'), trailerWord, trailerSeed],
  ])('refuses another %s', async (_what, body, word, seed) => {
    await expect(decode(body, word, seed)).rejects.toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' });
  });

  it.each([
    ['a head that is none', 'x\r\n', unsignedWord, 'InvalidArgument'],
    ['a signed chunk without its signature', '1\r\na\r\n', signedWord, 'InvalidArgument'],
    ['a chunk that is longer than it says', '1\r\nab\r\n0\r\n\r\n', unsignedWord, 'InvalidArgument'],
    ['a head without an end', '1'.repeat(10_000), unsignedWord, 'IncompleteBody'],
    ['a chunk that is cut off', '5\r\nab', unsignedWord, 'IncompleteBody'],
    ['a body without its last chunk', '1\r\na\r\n', unsignedWord, 'IncompleteBody'],
    ['a trailer without an end', `0\r\n${'a:b\r\n'.repeat(30)}`, unsignedWord, 'InvalidArgument'],
    [
      'a signed trailer without its signature',
      publishedWithTrailer.slice(0, 4).join('').concat('\r\n'),
      trailerWord,
      'InvalidArgument',
    ],
    ['a word that is none', '0\r\n\r\n', 'STREAMING-SOMETHING', 'InvalidArgument'],
  ])('refuses %s', async (_what, body, word, code) => {
    await expect(decode(body, word, trailerSeed)).rejects.toMatchObject({ status: 400, code });
  });

  it('gives back any bytes, in whatever pieces they come', async () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 5 });
    const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(chunks, sizes, async (data, pieceSizes) => {
        const encoded = data.flatMap((chunk) => [
          Buffer.from(`${chunk.length.toString(16)}\r\n`),
          chunk,
          Buffer.from('\r\n'),
        ]);
        const body = Buffer.concat([...encoded, Buffer.from('0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n')]);
        expect(await decode(body, unsignedWord, '', pieceSizes)).toBe(Buffer.concat(data).toString('latin1'));
      }),
    );
  });
});
