import { createHash, createHmac } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import type { Readable } from 'node:stream';

/*
 * A signer and a client written from the documentation, sharing nothing with the code under test, that send exactly what
 * they are told: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 */

export interface ServerAddress {
  endpoint: string;
  region: string;
  accessKey: string;
  secretKey: string;
}

export interface RawRequest {
  method: string;
  /** Percent-encoded, with the bucket. */
  path: string;
  /** Percent-encoded pairs. */
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: string | Uint8Array | Readable;
}

export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  /** `Code` of an error document; empty where there is none. */
  code: string;
}

export const sha256Hex = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

export function signingKeyOf(secretKey: string, day: string, region: string): Buffer {
  return hmac(hmac(hmac(hmac(`AWS4${secretKey}`, day), region), 's3'), 'aws4_request');
}

export function amzDateOf(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d{3}/g, '');
}

export interface SignOptions {
  now?: Date;
  region?: string;
  accessKey?: string;
  secretKey?: string;
  /** Value of x-amz-content-sha256; the hash of the body where it is left out. */
  payloadHash?: string;
  /** Headers that are sent but not signed, by their lower-case names. */
  unsigned?: string[];
}

/** Adds the headers of a signed request. */
export function signHeaders(address: ServerAddress, request: RawRequest, options: SignOptions = {}): RawRequest {
  const { body = '' } = request;
  const date = amzDateOf(options.now ?? new Date());
  const payloadHash =
    options.payloadHash ??
    (typeof body === 'string' || body instanceof Uint8Array ? sha256Hex(body) : 'UNSIGNED-PAYLOAD');
  const headers: Record<string, string> = {
    host: new URL(address.endpoint).host,
    'x-amz-date': date,
    'x-amz-content-sha256': payloadHash,
    ...lowerCaseNames(request.headers),
  };
  const { scope, signedHeaders, signature } = sign(address, request, { ...options, headers, payloadHash, date });
  const authorization = `AWS4-HMAC-SHA256 Credential=${options.accessKey ?? address.accessKey}/${scope},SignedHeaders=${signedHeaders},Signature=${signature}`;
  return { ...request, headers: { ...headers, authorization } };
}

export interface PresignOptions extends SignOptions {
  expiresInSeconds?: number | string;
}

/** Puts the signature into the query. Headers of the request are signed, except those that `unsigned` names. */
export function presign(address: ServerAddress, request: RawRequest, options: PresignOptions = {}): RawRequest {
  const date = amzDateOf(options.now ?? new Date());
  const headers: Record<string, string> = { host: new URL(address.endpoint).host, ...lowerCaseNames(request.headers) };
  const signedNames = Object.keys(headers)
    .filter((name) => !options.unsigned?.includes(name))
    .sort();
  const credential = `${options.accessKey ?? address.accessKey}/${date.slice(0, 8)}/${options.region ?? address.region}/s3/aws4_request`;
  const query = {
    ...request.query,
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': encodeURIComponent(credential),
    'X-Amz-Date': date,
    'X-Amz-Expires': String(options.expiresInSeconds ?? 600),
    'X-Amz-SignedHeaders': encodeURIComponent(signedNames.join(';')),
  };
  const payloadHash = options.payloadHash ?? 'UNSIGNED-PAYLOAD';
  const { signature } = sign(address, { ...request, query }, { ...options, headers, payloadHash, date });
  return { ...request, headers, query: { ...query, 'X-Amz-Signature': signature } };
}

function sign(
  address: ServerAddress,
  request: RawRequest,
  options: SignOptions & { headers: Record<string, string>; payloadHash: string; date: string },
): { scope: string; signedHeaders: string; signature: string } {
  const { headers, payloadHash, date, unsigned = [] } = options;
  const names = Object.keys(headers)
    .filter((name) => !unsigned.includes(name))
    .sort();
  const query = Object.entries(request.query ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .sort();
  const canonical = [
    request.method,
    request.path,
    query.join('&'),
    ...names.map((name) => `${name}:${headers[name]?.trim()}`),
    '',
    names.join(';'),
    payloadHash,
  ].join('\n');
  const day = date.slice(0, 8);
  const region = options.region ?? address.region;
  const scope = `${day}/${region}/s3/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256Hex(canonical)].join('\n');
  const key = signingKeyOf(options.secretKey ?? address.secretKey, day, region);
  return { scope, signedHeaders: names.join(';'), signature: hmac(key, toSign).toString('hex') };
}

function lowerCaseNames(headers: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Sends the request as it is, on a connection of its own, and reads the whole answer. */
export async function send(address: ServerAddress, request: RawRequest): Promise<RawAnswer> {
  const { hostname, port } = new URL(address.endpoint);
  const pairs = Object.entries(request.query ?? {}).map(([name, value]) => (value === '' ? name : `${name}=${value}`));
  const { body } = request;
  const whole = typeof body === 'string' || body instanceof Uint8Array ? Buffer.from(body) : undefined;
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      hostname,
      port,
      method: request.method,
      path: request.path + (pairs.length === 0 ? '' : `?${pairs.join('&')}`),
      headers: { ...(whole === undefined ? {} : { 'content-length': whole.length }), ...request.headers },
      agent: false,
    });
    outgoing.on('error', reject).on('response', (answer) => {
      const chunks: Buffer[] = [];
      answer.on('error', reject);
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const headers = Object.fromEntries(
          Object.entries(answer.headers).map(([name, value]) => [name, String(value)]),
        );
        const code = /<Code>([^<]*)<\/Code>/.exec(bytes.toString('utf8'))?.[1] ?? '';
        resolve({ status: answer.statusCode ?? 0, headers, body: bytes, code });
      });
    });
    if (whole === undefined && body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array)) {
      body.pipe(outgoing);
    } else outgoing.end(whole);
  });
}

/** Signs in the headers and sends. */
export function sendSigned(address: ServerAddress, request: RawRequest, options?: SignOptions): Promise<RawAnswer> {
  return send(address, signHeaders(address, request, options));
}
