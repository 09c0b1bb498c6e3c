import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { accessDenied, invalidArgument, S3Error } from './s3-error.ts';

/*
 * Verification of AWS Signature Version 4, in a header and in a query.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 */

const algorithm = 'AWS4-HMAC-SHA256';
const maxSkewMs = 15 * 60_000;
const maxExpiresSeconds = 7 * 24 * 3600;
const emptyHash = createHash('sha256').digest('hex');

export interface SignedRequest {
  method: string;
  /** As on the wire, still percent-encoded. */
  path: string;
  /** As on the wire, without the question mark. */
  query: string;
  headers: IncomingHttpHeaders;
}

export interface Identity {
  accessKey: string;
  secretKey: string;
}

export interface VerifiedRequest {
  /** What `x-amz-content-sha256` says of the body: a hex hash or one of the `UNSIGNED-…`, `STREAMING-…` words. */
  payloadHash: string;
  /** Where signed chunks start their chain. */
  seed: { signature: string; signingKey: Buffer; date: string; scope: string };
}

interface Claim {
  accessKey: string;
  scope: string;
  scopeDate: string;
  region: string;
  signedHeaders: string[];
  signature: string;
  date: string;
  payloadHash: string;
  query: string;
}

/** @throws S3Error with the status and code that Ceph RadosGW gives */
export function verifySignature(request: SignedRequest, identity: Identity, now: Date): VerifiedRequest {
  const inHeader = request.headers.authorization !== undefined;
  const inQuery = /(^|&)X-Amz-Signature=/i.test(request.query);
  if (inHeader && inQuery) throw invalidArgument('The request is signed twice: in the header and in the query.');
  if (!inHeader && !inQuery) throw accessDenied('The request is not signed, and this store knows no anonymous access.');
  const claim = inHeader ? readHeaderClaim(request) : readQueryClaim(request, now);
  if (claim.accessKey !== identity.accessKey) {
    throw new S3Error(403, 'InvalidAccessKeyId', 'There is no such access key.');
  }
  if (inHeader) assertNotSkewed(claim.date, now);

  const signingKey = deriveSigningKey(identity.secretKey, claim.scopeDate, claim.region);
  const toSign = buildStringToSign(claim.date, claim.scope, buildCanonicalRequest(request, claim));
  if (!isSameSignature(claim.signature, hmac(signingKey, toSign).toString('hex'))) {
    throw new S3Error(
      403,
      'SignatureDoesNotMatch',
      'The signature is not the one that the secret key gives for this request.',
    );
  }
  assertEverythingSigned(request, claim.signedHeaders, inQuery);
  return {
    payloadHash: claim.payloadHash,
    seed: { signature: claim.signature, signingKey, date: claim.date, scope: claim.scope },
  };
}

function readHeaderClaim(request: SignedRequest): Claim {
  const match =
    /^AWS4-HMAC-SHA256\s+Credential=([^,\s]+)\s*,\s*SignedHeaders=([^,\s]+)\s*,\s*Signature=([0-9a-f]{64})$/.exec(
      request.headers.authorization ?? '',
    );
  const [, credential, signedHeaders, signature] = match ?? [];
  if (credential === undefined || signedHeaders === undefined || signature === undefined) {
    throw invalidArgument('The Authorization header is not an AWS Signature Version 4.');
  }
  const payloadHash = headerOf(request.headers, 'x-amz-content-sha256') ?? emptyHash;
  const date = headerOf(request.headers, 'x-amz-date') ?? '';
  return {
    ...readCredential(credential),
    signedHeaders: signedHeaders.split(';'),
    signature,
    date,
    payloadHash,
    query: request.query,
  };
}

function readQueryClaim(request: SignedRequest, now: Date): Claim {
  const parameters = new Map(parseQuery(request.query).map(([name, value]) => [name.toLowerCase(), value]));
  const credential = parameters.get('x-amz-credential');
  const date = parameters.get('x-amz-date') ?? '';
  const expiresSeconds = Number(parameters.get('x-amz-expires') ?? Number.NaN);
  if (parameters.get('x-amz-algorithm') !== algorithm || credential === undefined) {
    throw accessDenied('The query is not an AWS Signature Version 4.');
  }
  if (!(expiresSeconds >= 1 && expiresSeconds <= maxExpiresSeconds)) {
    throw accessDenied('X-Amz-Expires must be between 1 second and 7 days.');
  }
  if (now.getTime() > parseAmzDate(date) + expiresSeconds * 1000) throw accessDenied('The presigned URL has expired.');
  return {
    ...readCredential(credential),
    signedHeaders: (parameters.get('x-amz-signedheaders') ?? '').split(';'),
    signature: parameters.get('x-amz-signature') ?? '',
    date,
    payloadHash: parameters.get('x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD',
    query: request.query
      .split('&')
      .filter((pair) => !/^X-Amz-Signature=/i.test(pair))
      .join('&'),
  };
}

/** Any region will do, as on RadosGW, so long as the key was derived for the region that the scope names. */
function readCredential(credential: string): { accessKey: string; scope: string; scopeDate: string; region: string } {
  const match = /^(.+)\/(\d{8})\/([^/]+)\/s3\/aws4_request$/.exec(credential);
  const [, accessKey, scopeDate, region] = match ?? [];
  if (accessKey === undefined || scopeDate === undefined || region === undefined) {
    throw invalidArgument('The credential must be <access key>/<yyyymmdd>/<region>/s3/aws4_request.');
  }
  return { accessKey, scope: `${scopeDate}/${region}/s3/aws4_request`, scopeDate, region };
}

function assertNotSkewed(date: string, now: Date): void {
  if (Math.abs(parseAmzDate(date) - now.getTime()) > maxSkewMs) {
    throw new S3Error(403, 'RequestTimeTooSkewed', 'The clocks of client and store differ by more than 15 minutes.');
  }
}

/** What a client adds after signing could change the meaning of the request (CVE-2026-54330): it is refused. */
function assertEverythingSigned(request: SignedRequest, signedHeaders: readonly string[], inQuery: boolean): void {
  const signed = new Set(signedHeaders);
  const added = Object.keys(request.headers).filter(
    (name) => !signed.has(name) && (name.startsWith('x-amz-') || (inQuery && name === 'content-type')),
  );
  if (!signed.has('host')) throw accessDenied('The Host header must be signed.');
  if (added.length > 0) throw accessDenied(`There are headers that were not signed: ${added.join(', ')}.`);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html#canonical-request */
export function buildCanonicalRequest(
  request: SignedRequest,
  claim: { signedHeaders: readonly string[]; query: string; payloadHash: string },
): string {
  const headers = claim.signedHeaders.map(
    (name) => `${name}:${(headerOf(request.headers, name) ?? '').trim().replace(/ +/g, ' ')}\n`,
  );
  const query = parseQuery(claim.query)
    .map(([name, value]) => [encodeRfc3986(name), encodeRfc3986(value)] as const)
    .sort(([nameA, valueA], [nameB, valueB]) => compareBytes(nameA, nameB) || compareBytes(valueA, valueB))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  return [
    request.method,
    canonicalPath(request.path),
    query,
    headers.join(''),
    claim.signedHeaders.join(';'),
    claim.payloadHash,
  ].join('\n');
}

export function buildStringToSign(date: string, scope: string, canonicalRequest: string): string {
  return [algorithm, date, scope, createHash('sha256').update(canonicalRequest).digest('hex')].join('\n');
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html#sigv4-chunked-body-definition */
export function buildChunkStringToSign(seed: VerifiedRequest['seed'], previous: string, chunkHash: string): string {
  return [`${algorithm}-PAYLOAD`, seed.date, seed.scope, previous, emptyHash, chunkHash].join('\n');
}

export function deriveSigningKey(secretKey: string, date: string, region: string): Buffer {
  return hmac(hmac(hmac(hmac(`AWS4${secretKey}`, date), region), 's3'), 'aws4_request');
}

export function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

export function isSameSignature(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Name and value pairs, decoded; a name alone has an empty value. `+` is itself. @throws S3Error on a broken escape */
export function parseQuery(query: string): [string, string][] {
  if (query === '') return [];
  return query.split('&').map((pair) => {
    const [name = '', ...value] = pair.split('=');
    return [decode(name), decode(value.join('='))];
  });
}

/** @throws S3Error InvalidArgument where the text is no percent-encoded UTF-8 */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidArgument('The address has a broken percent escape.');
  }
}

export function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function canonicalPath(path: string): string {
  return path
    .split('/')
    .map((segment) => encodeRfc3986(decode(segment)))
    .join('/');
}

function parseAmzDate(date: string): number {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  const milliseconds = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(milliseconds)) throw accessDenied('The date of the request must be written yyyymmddThhmmssZ.');
  return milliseconds;
}

function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
