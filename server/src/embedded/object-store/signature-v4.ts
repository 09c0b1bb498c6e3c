import {
  buildCanonicalRequest,
  buildStringToSign,
  deriveSigningKey,
  emptyBodyHash,
  hmacSha256,
  isSameSignature,
  parseQuery,
  type SignedRequest,
  signatureAlgorithm,
} from './canonical-request.ts';
import { accessDenied, invalidArgument, S3Error } from './s3-error.ts';

/*
 * Verification of AWS Signature Version 4, in a header and in a query (presigned), with the statuses and codes of Ceph
 * RadosGW. https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 */

const maxSkewMs = 15 * 60_000;
const maxExpiresSeconds = 7 * 24 * 3600;

/** The one account of the store. */
export interface Identity {
  accessKey: string;
  secretKey: string;
}

export interface VerifiedRequest {
  presigned: boolean;
  /** What `x-amz-content-sha256` says of the body: a hex hash or one of the `UNSIGNED-…` and `STREAMING-…` words. */
  payloadHash: string;
  /** Where the signatures of chunks begin. */
  chain: SignatureChain;
}

export interface SignatureChain {
  signature: string;
  signingKey: Buffer;
  date: string;
  scope: string;
}

interface Credential {
  accessKey: string;
  scope: string;
  scopeDate: string;
  region: string;
}

interface Claim {
  credential: Credential;
  signedHeaders: readonly string[];
  signature: string;
  date: string;
  payloadHash: string;
  query: string;
}

export interface VerificationOptions {
  identity: Identity;
  now: Date;
  /** Whether headers that were added after signing are let through. */
  allowsUnsigned: boolean;
}

/** Null for a request that carries no signature. @throws S3Error for one whose signature does not hold */
export function verifySignature(
  request: SignedRequest,
  { identity, now, allowsUnsigned }: VerificationOptions,
): VerifiedRequest | null {
  // An empty header is none.
  const authorization = request.headers.get('authorization')?.trim() || undefined;
  const presigned = isPresigned(request.query);
  if (authorization === undefined && !presigned) return null;
  if (authorization !== undefined && presigned) {
    throw invalidArgument('The request is signed twice, in its headers and in its query: send one signature.');
  }
  const claim =
    authorization === undefined ? readQueryClaim(request, now) : readHeaderClaim(request, authorization, now);
  const { accessKey, scope, scopeDate, region } = claim.credential;
  if (accessKey !== identity.accessKey) {
    throw new S3Error(403, 'InvalidAccessKeyId', 'The access key is not that of this store.');
  }
  const signingKey = deriveSigningKey(identity.secretKey, scopeDate, region);
  const toSign = buildStringToSign(claim.date, scope, buildCanonicalRequest(request, claim));
  if (!isSameSignature(claim.signature, hmacSha256(signingKey, toSign).toString('hex'))) {
    throw new S3Error(
      403,
      'SignatureDoesNotMatch',
      'The signature is not the one that the secret key gives for this request. Check the secret key, and that nothing between client and store changes host, path, query or signed headers.',
    );
  }
  if (!allowsUnsigned) assertNothingAdded(request, claim.signedHeaders, presigned);
  const chain = { signature: claim.signature, signingKey, date: claim.date, scope };
  return { presigned, payloadHash: claim.payloadHash, chain };
}

function isPresigned(query: string): boolean {
  return /(?:^|&)X-Amz-(?:Signature|Algorithm|Credential)=/i.test(query);
}

function readHeaderClaim(request: SignedRequest, authorization: string, now: Date): Claim {
  const [scheme = '', ...rest] = authorization.trim().split(/\s+/);
  if (scheme !== signatureAlgorithm)
    throw invalidArgument(`The Authorization header must be of ${signatureAlgorithm}.`);
  const parts = new Map<string, string>();
  for (const part of rest.join('').split(',')) {
    const at = part.indexOf('=');
    parts.set(part.slice(0, Math.max(at, 0)), part.slice(at + 1));
  }
  const [credential, signedHeaders, signature] = ['Credential', 'SignedHeaders', 'Signature'].map((name) =>
    parts.get(name),
  );
  if (credential === undefined || signedHeaders === undefined || signature === undefined) {
    throw invalidArgument('The Authorization header must have Credential, SignedHeaders and Signature.');
  }
  const date = request.headers.get('x-amz-date') ?? toAmzDate(request.headers.get('date'));
  if (Math.abs(parseAmzDate(date) - now.getTime()) > maxSkewMs) {
    throw new S3Error(403, 'RequestTimeTooSkewed', 'The clocks of client and store differ by more than 15 minutes.');
  }
  return {
    credential: parseCredential(credential),
    signedHeaders: signedHeaders.split(';'),
    signature,
    date,
    payloadHash: request.headers.get('x-amz-content-sha256') ?? emptyBodyHash,
    query: request.query,
  };
}

function readQueryClaim(request: SignedRequest, now: Date): Claim {
  const parameters = new Map(parseQuery(request.query).map(([name, value]) => [name.toLowerCase(), value]));
  const parameter = (name: string): string => {
    const value = parameters.get(name.toLowerCase());
    if (value === undefined) throw accessDenied(`The presigned URL has no ${name}.`);
    return value;
  };
  if (parameter('X-Amz-Algorithm') !== signatureAlgorithm) {
    throw accessDenied(`X-Amz-Algorithm must be ${signatureAlgorithm}.`);
  }
  const date = parameter('X-Amz-Date');
  const expires = parameter('X-Amz-Expires');
  if (!/^\d{1,9}$/.test(expires) || Number(expires) < 1 || Number(expires) > maxExpiresSeconds) {
    throw accessDenied(`X-Amz-Expires must be 1 to ${maxExpiresSeconds} seconds (7 days).`);
  }
  // A date in the future is fine, as on RadosGW: it makes nothing valid for longer than was signed.
  if (now.getTime() > parseAmzDate(date) + Number(expires) * 1000) throw accessDenied('The presigned URL has expired.');
  return {
    credential: parseCredential(parameter('X-Amz-Credential')),
    signedHeaders: parameter('X-Amz-SignedHeaders').split(';'),
    signature: parameter('X-Amz-Signature'),
    date,
    payloadHash:
      parameters.get('x-amz-content-sha256') ?? request.headers.get('x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD',
    query: request.query
      .split('&')
      .filter((pair) => !/^X-Amz-Signature(?:=|$)/i.test(pair))
      .join('&'),
  };
}

/**
 * Any region will do, as on RadosGW, so long as the key was derived for the region that the scope names.
 *
 * @throws S3Error InvalidArgument
 */
export function parseCredential(credential: string): Credential {
  const pattern = /^(.+)\/((\d{8})\/([^/]+)\/[^/]+\/aws4_request)$/;
  const [, accessKey, scope, scopeDate, region] = pattern.exec(credential) ?? [];
  if (accessKey === undefined || scope === undefined || scopeDate === undefined || region === undefined) {
    throw invalidArgument('The credential must be <access key>/<yyyymmdd>/<region>/s3/aws4_request.');
  }
  // A key for another service gives another signature: there is no need to look at it here.
  return { accessKey, scope, scopeDate, region };
}

/**
 * What a client adds after signing could change what the request means, up to reading other objects through
 * `x-amz-copy-source`: newer RadosGW (20.2.4) refuses it, older takes it; development should meet the strict one.
 */
function assertNothingAdded(request: SignedRequest, signedHeaders: readonly string[], presigned: boolean): void {
  const signed = new Set(signedHeaders);
  if (!signed.has('host')) throw accessDenied('The Host header must be among the signed headers.');
  const added = [...request.headers.keys()].filter(
    (name) => !signed.has(name) && (name.startsWith('x-amz-') || (presigned && name === 'content-type')),
  );
  if (added.length > 0) {
    throw accessDenied(`These headers were sent but not signed: ${added.join(', ')}. Sign them, or leave them out.`);
  }
}

function toAmzDate(httpDate: string | undefined): string {
  const milliseconds = Date.parse(httpDate ?? '');
  return Number.isNaN(milliseconds) ? '' : `${new Date(milliseconds).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

/** Milliseconds since 1970. */
function parseAmzDate(date: string): number {
  const iso = date.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ)$/, '$1-$2-$3:$4:$5');
  const milliseconds = iso === date ? Number.NaN : Date.parse(iso);
  if (Number.isNaN(milliseconds)) throw accessDenied('The date of the request must be written yyyymmddThhmmssZ.');
  return milliseconds;
}
