import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { createPresignedPost } from '@aws-sdk/s3-presigned-post';

export interface UploadPolicy {
  /** Where the form is posted: the bucket at the client's endpoint. */
  url: string;
  /** Form fields, to be sent before the file. */
  fields: Record<string, string>;
  /** What the policy document says. */
  expiresAt: Date;
}

export interface PolicyUpload {
  bucket: string;
  key: string;
  contentType: string;
  /** Exact size of the file. */
  bytes: number;
}

/** `createUploadPolicy` for one client and one bucket. */
export type SignUploadPolicy = (
  upload: Omit<PolicyUpload, 'bucket'> & { expiresInSeconds: number },
) => Promise<UploadPolicy>;

/** A policy that would allow more than one certain upload. A fault of this program: the client gets a 500. */
export class UnsafePolicyError extends Error {
  override readonly name = 'UnsafePolicyError';
}

export const maxPolicyLifetimeSeconds = 3_600;
/** Policies expire on whole seconds, and the signer reads the clock for itself. */
const clockReadingToleranceMs = 1_000;

/**
 * Signs a POST policy for one upload: this key, this type, exactly this size. `client` must be configured with the
 * endpoint that browsers use. The expiry counts from `now`, by default the clock of the client, which follows the storage's.
 *
 * @throws UnsafePolicyError if the result would allow anything else
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */
export async function createUploadPolicy(
  client: S3Client,
  upload: PolicyUpload & { expiresInSeconds: number; now?: Date },
): Promise<UploadPolicy> {
  const { bucket, key, contentType, bytes, expiresInSeconds, now } = upload;
  const clockDifferenceSeconds = now === undefined ? 0 : (now.getTime() - Date.now()) / 1_000;
  const { url, fields } = await createPresignedPost(signingViewOf(client), {
    Bucket: bucket,
    Key: key,
    // 201: the answer to the default, 204, comes without CORS headers from Ceph, so browsers report a failure.
    Fields: { 'Content-Type': contentType, success_action_status: '201' },
    Conditions: [['content-length-range', bytes, bytes]],
    Expires: expiresInSeconds + clockDifferenceSeconds,
  });
  const storageNow = new Date((now?.getTime() ?? Date.now()) + client.config.systemClockOffset);
  const expiresAt = assertSafePolicy(fields['Policy'] ?? '', { bucket, key, contentType, bytes, now: storageNow });
  return { url, fields, expiresAt };
}

/** What the SDK reads of a configuration to find an endpoint, beside the parameters that the command itself names. */
const endpointSettings = [
  'serviceId',
  'endpointProvider',
  'isCustomEndpoint',
  'serviceConfiguredEndpoint',
  'ignoreConfiguredEndpointUrls',
];
/** What the signer itself reads. */
const signerSettings = ['base64Encoder', 'utf8Decoder', 'sha256', 'region', 'credentials', 'logger'];
const signingViews = new WeakMap<S3Client, S3Client>();

/**
 * The client with a configuration that has few properties of its own and inherits the rest. `createPresignedPost` spreads
 * the configuration, some seventy properties, for every policy: a tenth of all the work of `/sign-upload`. What it spreads
 * is used to find the endpoint; everything else it reads by name, the clock's offset included, and so sees the client's own.
 */
function signingViewOf(client: S3Client): S3Client {
  const known = signingViews.get(client);
  if (known !== undefined) return known;
  const parameters = Object.entries(PutObjectCommand.getEndpointParameterInstructions());
  const names = new Set([
    ...endpointSettings,
    ...signerSettings,
    ...parameters.flatMap(([name, parameter]) => ('name' in parameter ? [parameter.name, name] : [name])),
  ]);
  const own = Object.entries(client.config).filter(([name]) => names.has(name));
  const config: unknown = Object.assign(Object.create(client.config), Object.fromEntries(own));
  const view: S3Client = Object.create(client, { config: { value: config } });
  signingViews.set(client, view);
  return view;
}

/**
 * The linter: passes only a policy that allows exactly `expected`, for an hour at most. Reads the document that was
 * signed, not what it was made from, because the signer has rules of its own: it turns a key that ends in `${filename}`
 * into a prefix. Returns the policy's expiry.
 *
 * @throws UnsafePolicyError
 */
export function assertSafePolicy(policyBase64: string, expected: PolicyUpload & { now: Date }): Date {
  for (const value of [expected.bucket, expected.key, expected.contentType]) {
    if (value === '' || value.includes('$')) {
      throw new UnsafePolicyError('bucket, key and type must not be empty or contain "$", which storages substitute');
    }
  }
  if (!Number.isSafeInteger(expected.bytes) || expected.bytes < 1) {
    throw new UnsafePolicyError('the size must be a whole number of bytes from 1');
  }
  const { expiration, conditions } = parsePolicyDocument(policyBase64);
  assertConditions(conditions, expected);
  return parseExpiry(expiration, expected.now);
}

function parsePolicyDocument(policyBase64: string): { expiration: unknown; conditions: unknown[] } {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(policyBase64, 'base64').toString('utf8'));
  } catch (cause) {
    throw new UnsafePolicyError('the policy is not base64 of JSON', { cause });
  }
  if (typeof document === 'object' && document !== null && 'expiration' in document && 'conditions' in document) {
    const { expiration, conditions } = document;
    if (Array.isArray(conditions)) return { expiration, conditions };
  }
  throw new UnsafePolicyError('the policy has no expiration or no list of conditions');
}

function parseExpiry(expiration: unknown, now: Date): Date {
  if (typeof expiration !== 'string' || !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3})?Z$/.test(expiration)) {
    throw new UnsafePolicyError('the expiration must be ISO 8601 in UTC');
  }
  const expiresAt = new Date(expiration);
  const lifetimeMs = expiresAt.getTime() - now.getTime();
  // Written so that a date that does not exist is refused as well.
  if (!(lifetimeMs > 0 && lifetimeMs <= maxPolicyLifetimeSeconds * 1_000 + clockReadingToleranceMs)) {
    throw new UnsafePolicyError(`the policy must expire within ${maxPolicyLifetimeSeconds} s, not at ${expiration}`);
  }
  return expiresAt;
}

/** Everything that the form may say is named here once, with its only value. */
function assertConditions(conditions: readonly unknown[], expected: PolicyUpload): void {
  const missing = new Map<string, string | undefined>([
    ['content-length-range', `${expected.bytes},${expected.bytes}`],
    ['bucket', expected.bucket],
    ['key', expected.key],
    ['content-type', expected.contentType],
    ['success_action_status', '201'],
    // Values of the signature's own; the storage checks them.
    ['x-amz-algorithm', undefined],
    ['x-amz-credential', undefined],
    ['x-amz-date', undefined],
  ]);
  for (const condition of conditions) {
    const { name, value } = parseCondition(condition);
    if (!missing.has(name)) throw new UnsafePolicyError(`the condition on "${name}" is repeated or not one of ours`);
    const only = missing.get(name);
    if (only !== undefined && value !== only)
      throw new UnsafePolicyError(`the condition on "${name}" has another value`);
    missing.delete(name);
  }
  if (missing.size > 0) throw new UnsafePolicyError(`the policy has no condition on ${[...missing.keys()].join(', ')}`);
}

/** Names are case-insensitive to the storage, so they are compared in lower case. */
function parseCondition(condition: unknown): { name: string; value: string } {
  if (Array.isArray(condition) && condition.length === 3) {
    const [operator, first, second]: unknown[] = condition;
    if (operator === 'content-length-range' && typeof first === 'number' && typeof second === 'number') {
      return { name: operator, value: `${first},${second}` };
    }
    if (operator === 'eq' && typeof first === 'string' && first.startsWith('$') && typeof second === 'string') {
      return { name: first.slice(1).toLowerCase(), value: second };
    }
  } else if (typeof condition === 'object' && condition !== null) {
    const [entry, ...others]: [string, unknown][] = Object.entries(condition);
    if (entry && others.length === 0 && typeof entry[1] === 'string') {
      return { name: entry[0].toLowerCase(), value: entry[1] };
    }
  }
  throw new UnsafePolicyError(`a condition is not an equality: ${JSON.stringify(condition)}`);
}
