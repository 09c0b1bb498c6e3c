import { createHmac, timingSafeEqual } from 'node:crypto';

/** A posted form as the storage sees it: the fields before the file, and the size of the file. */
export interface PostedForm {
  fields: Record<string, string>;
  fileBytes: number;
}

/** What the storage knows. */
export interface PostVerifier {
  /** From the URL. */
  bucket: string;
  region: string;
  accessKey: string;
  secretKey: string;
  now: Date;
}

export type PostVerdict = { accepted: true } | { accepted: false; reason: string };

/**
 * Decides about a POST Object form as S3 documents it, in the order of its checks: fields, signature, document, expiry,
 * conditions, coverage of every field, size. Written from the documentation, sharing nothing with the code under test.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html
 */
export function verifyPostPolicy(form: PostedForm, verifier: PostVerifier): PostVerdict {
  try {
    const fields = new Map(Object.entries(form.fields).map(([name, value]) => [name.toLowerCase(), value]));
    const policy = requireField(fields, 'policy');
    checkSignature(fields, policy, verifier);
    const conditions = readConditions(policy, verifier.now);
    checkConditions(conditions, fields, form.fileBytes, verifier.bucket);
    checkCoverage(conditions, fields);
    return { accepted: true };
  } catch (error) {
    if (error instanceof Refusal) return { accepted: false, reason: error.message };
    throw error;
  }
}

class Refusal extends Error {}

interface Condition {
  operator: string;
  /** Field name in lower case; empty for a range. */
  field: string;
  operands: unknown[];
}

function requireField(fields: ReadonlyMap<string, string>, name: string): string {
  const value = fields.get(name);
  if (value === undefined) throw new Refusal(`no field ${name}`);
  return value;
}

function checkSignature(fields: ReadonlyMap<string, string>, policy: string, verifier: PostVerifier): void {
  const algorithm = requireField(fields, 'x-amz-algorithm');
  const credential = requireField(fields, 'x-amz-credential');
  const date = requireField(fields, 'x-amz-date');
  const signature = requireField(fields, 'x-amz-signature');
  requireField(fields, 'key');
  if (algorithm !== 'AWS4-HMAC-SHA256') throw new Refusal('unknown algorithm');

  const day = date.slice(0, 8);
  if (credential !== `${verifier.accessKey}/${day}/${verifier.region}/s3/aws4_request`) {
    throw new Refusal('unknown credential or wrong scope');
  }
  const signingKey = [day, verifier.region, 's3', 'aws4_request'].reduce<Buffer>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    Buffer.from(`AWS4${verifier.secretKey}`),
  );
  const expected = Buffer.from(createHmac('sha256', signingKey).update(policy).digest('hex'));
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new Refusal('wrong signature');
}

function readConditions(policy: string, now: Date): Condition[] {
  const document: unknown = parseJson(Buffer.from(policy, 'base64').toString('utf8'));
  if (typeof document !== 'object' || document === null) throw new Refusal('the policy is no object');
  const expiration: unknown = Reflect.get(document, 'expiration');
  if (typeof expiration !== 'string' || !expiration.endsWith('Z')) throw new Refusal('no valid expiration');
  const end = Date.parse(expiration);
  if (Number.isNaN(end)) throw new Refusal('no valid expiration');
  if (now.getTime() >= end) throw new Refusal('the policy has expired');
  const conditions: unknown = Reflect.get(document, 'conditions');
  if (!Array.isArray(conditions)) throw new Refusal('no conditions');
  return conditions.map(readCondition);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal('the policy is not JSON');
  }
}

function readCondition(condition: unknown): Condition {
  if (Array.isArray(condition)) {
    const [operator, ...operands]: unknown[] = condition;
    if (operator === 'content-length-range' && operands.length === 2) return { operator, field: '', operands };
    const [name, value] = operands;
    if ((operator === 'eq' || operator === 'starts-with') && typeof name === 'string' && name.startsWith('$')) {
      return { operator, field: name.slice(1).toLowerCase(), operands: [value] };
    }
  } else if (typeof condition === 'object' && condition !== null) {
    const [entry, ...rest] = Object.entries(condition);
    if (entry && rest.length === 0) return { operator: 'eq', field: entry[0].toLowerCase(), operands: [entry[1]] };
  }
  throw new Refusal(`invalid condition ${JSON.stringify(condition)}`);
}

function checkConditions(
  conditions: readonly Condition[],
  fields: ReadonlyMap<string, string>,
  fileBytes: number,
  bucket: string,
): void {
  for (const { operator, field, operands } of conditions) {
    if (operator === 'content-length-range') {
      const [min, max] = operands.map(Number);
      if (fileBytes < (min ?? Number.NaN)) throw new Refusal('the file is too small');
      if (!(fileBytes <= (max ?? Number.NaN))) throw new Refusal('the file is too large');
      continue;
    }
    // The bucket is the one that the form is posted to; a field may repeat it, not change it.
    const value = field === 'bucket' ? bucket : fields.get(field);
    const wanted = operands[0];
    if (typeof wanted !== 'string') throw new Refusal(`invalid condition on ${field}`);
    const met = operator === 'eq' ? value === wanted : value?.startsWith(wanted);
    if (!met) throw new Refusal(`condition on ${field} not met`);
  }
  if (fields.has('bucket') && fields.get('bucket') !== bucket) throw new Refusal('the field names another bucket');
}

function checkCoverage(conditions: readonly Condition[], fields: ReadonlyMap<string, string>): void {
  const covered = new Set(conditions.map(({ field }) => field));
  for (const name of fields.keys()) {
    const exempt = name === 'policy' || name === 'x-amz-signature' || name === 'file' || name.startsWith('x-ignore-');
    if (!exempt && !covered.has(name)) throw new Refusal(`no condition allows the field ${name}`);
  }
}
