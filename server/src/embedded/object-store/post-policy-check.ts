import { deriveSigningKey, hmacSha256, isSameSignature, signatureAlgorithm } from './canonical-request.ts';
import { type PolicyCondition, parsePostPolicy } from './post-policy.ts';
import { accessDenied, invalidArgument, S3Error } from './s3-error.ts';
import { type Identity, parseCredential } from './signature-v4.ts';

/** Form fields by lower-case name. */
export type FormFields = ReadonlyMap<string, string>;

/** Inclusive bounds on the bytes of the file. */
export interface SizeRange {
  minBytes: number;
  maxBytes: number;
}

/** Fields that no condition need name. */
const uncoveredFields = new Set(['policy', 'x-amz-signature', 'file']);

/**
 * Judges the fields of a form by its signed policy, with the statuses and codes of Ceph RadosGW.
 *
 * @param bucket that of the address, which the policy must name
 * @throws S3Error 403 AccessDenied for what is not allowed, 400 InvalidArgument for what is malformed
 */
export function checkPostPolicy(bucket: string, fields: FormFields, identity: Identity, now: Date): SizeRange {
  const policyText = fields.get('policy');
  if (policyText === undefined) {
    throw accessDenied('The form has no policy before its file, and this store takes no anonymous uploads.');
  }
  checkSignature(policyText, fields, identity);
  const { expiration, conditions } = parsePostPolicy(policyText);
  if (expiration <= now.getTime()) throw accessDenied('Policy expired');
  const values = new Map([...fields, ['bucket', bucket]]);
  for (const condition of conditions) assertCondition(condition, values);
  assertCoverage(conditions, values);
  return combineRanges(conditions);
}

function checkSignature(policyText: string, fields: FormFields, identity: Identity): void {
  const field = (name: string): string => {
    const value = fields.get(name);
    if (value === undefined)
      throw invalidArgument(`Missing aws4 ${name.slice('x-amz-'.length)}: the form needs ${name} before its file.`);
    return value;
  };
  if (field('x-amz-algorithm') !== signatureAlgorithm) {
    throw invalidArgument(`x-amz-algorithm must be ${signatureAlgorithm}.`);
  }
  const credentialText = field('x-amz-credential');
  const signature = field('x-amz-signature');
  field('x-amz-date');
  const credential = parsePostCredential(credentialText);
  const signingKey = deriveSigningKey(identity.secretKey, credential.scopeDate, credential.region);
  const expected = hmacSha256(signingKey, policyText).toString('hex');
  if (credential.accessKey !== identity.accessKey)
    throw accessDenied('The access key of the form is not that of this store.');
  if (!isSameSignature(signature, expected)) {
    throw accessDenied('The signature of the form is not the one that the secret key gives for its policy.');
  }
}

function parsePostCredential(text: string): ReturnType<typeof parseCredential> {
  try {
    return parseCredential(text);
  } catch (error) {
    if (error instanceof S3Error) throw accessDenied(error.message);
    throw error;
  }
}

function assertCondition(condition: PolicyCondition, values: FormFields): void {
  if (condition.kind === 'content-length-range') return;
  const { kind, field, value } = condition;
  const given = values.get(field);
  if (kind === 'is') {
    if (given === undefined) throw accessDenied(`Policy check failed, variable not found: ${field}`);
    if (given !== value) throw accessDenied(`Policy check failed, variable not met condition: ${field}`);
    return;
  }
  const holds = kind === 'eq' ? (given ?? '') === value : (given ?? '').startsWith(value);
  if (!holds) throw accessDenied(`Policy condition failed: ${kind}: $${field}, ${value}`);
}

/** Nothing may be in a form that its policy does not speak of. */
function assertCoverage(conditions: readonly PolicyCondition[], values: FormFields): void {
  const covered = new Set(conditions.map((condition) => ('field' in condition ? condition.field : '')));
  for (const name of values.keys()) {
    if (covered.has(name) || uncoveredFields.has(name) || name.startsWith('x-ignore-')) continue;
    throw accessDenied(`Policy missing condition: ${name}`);
  }
}

/** Of several ranges the strictest counts. */
function combineRanges(conditions: readonly PolicyCondition[]): SizeRange {
  const ranges = conditions.filter((condition) => condition.kind === 'content-length-range');
  return {
    minBytes: Math.max(0, ...ranges.map(({ minBytes }) => minBytes)),
    maxBytes: Math.min(Number.MAX_SAFE_INTEGER, ...ranges.map(({ maxBytes }) => maxBytes)),
  };
}
