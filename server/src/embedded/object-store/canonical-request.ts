import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { S3Error } from './s3-error.ts';

/*
 * The texts that AWS Signature Version 4 signs, and the key it signs them with.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */

export const signatureAlgorithm = 'AWS4-HMAC-SHA256';
export const emptyBodyHash = createHash('sha256').digest('hex');

/** A request as it came over the wire. */
export interface SignedRequest {
  method: string;
  /** Still percent-encoded. */
  path: string;
  /** Still percent-encoded, without the question mark. */
  query: string;
  /** By lower-case name; several of one name are joined with commas. Each character stands for one byte. */
  headers: ReadonlyMap<string, string>;
}

export interface CanonicalParts {
  signedHeaders: readonly string[];
  /** The query without its signature. */
  query: string;
  payloadHash: string;
}

export function buildCanonicalRequest(request: SignedRequest, parts: CanonicalParts): string {
  const { signedHeaders, payloadHash } = parts;
  const headers = signedHeaders.map((name) => `${name}:${canonicalValue(request.headers.get(name) ?? '')}\n`);
  return [
    request.method,
    canonicalPath(request.path),
    canonicalQuery(parts.query),
    headers.join(''),
    signedHeaders.join(';'),
    payloadHash,
  ].join('\n');
}

export function buildStringToSign(date: string, scope: string, canonicalRequest: string): string {
  // Everything but header values is ASCII by now, and header values hold a byte in each character.
  const hash = createHash('sha256').update(canonicalRequest, 'latin1').digest('hex');
  return [signatureAlgorithm, date, scope, hash].join('\n');
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html */
export function deriveSigningKey(secretKey: string, date: string, region: string): Buffer {
  return [date, region, 's3', 'aws4_request'].reduce(hmacSha256, Buffer.from(`AWS4${secretKey}`));
}

export function hmacSha256(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** Takes the same time wherever the two differ. */
export function isSameSignature(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Name and value pairs, decoded; a name alone has an empty value. @throws S3Error InvalidURI on a broken escape */
export function parseQuery(query: string): [name: string, value: string][] {
  if (query === '') return [];
  return query.split('&').map((pair) => {
    const at = pair.indexOf('=');
    return at < 0 ? [decodePercent(pair), ''] : [decodePercent(pair.slice(0, at)), decodePercent(pair.slice(at + 1))];
  });
}

/** @throws S3Error InvalidURI where the text is no percent-encoded UTF-8 */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error(400, 'InvalidURI', 'The address has a percent escape that is no UTF-8.');
  }
}

/** Percent-encodes everything but letters, digits and `-._~`. */
export function encodePercent(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, toPercentEscape);
}

function toPercentEscape(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** Clients escape more or less of a path than S3 does; the signature is over S3's own way. */
function canonicalPath(path: string): string {
  return encodePercent(decodePercent(path)).replaceAll('%2F', '/');
}

function canonicalQuery(query: string): string {
  return parseQuery(query)
    .map(([name, value]): [string, string] => [encodePercent(name), encodePercent(value)])
    .sort(([nameA, valueA], [nameB, valueB]) => compareAscii(nameA, nameB) || compareAscii(valueA, valueB))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function compareAscii(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function canonicalValue(value: string): string {
  return value.trim().replace(/ +/g, ' ');
}
