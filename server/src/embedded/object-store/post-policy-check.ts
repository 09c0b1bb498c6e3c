import type { ObjectDescription } from './object-files.ts';
import { accessDenied, invalidArgument } from './s3-error.ts';
import { deriveSigningKey, hmac, type Identity, isSameSignature } from './signature-v4.ts';

/*
 * Enforcement of POST policies, with the statuses and codes of Ceph RadosGW.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */

/** Form fields by lower-case name; of several with one name the last counts. */
export type FormFields = ReadonlyMap<string, string>;

type Condition =
  | { kind: 'eq' | 'starts-with'; field: string; value: string }
  | { kind: 'range'; minBytes: number; maxBytes: number };

export interface AdmittedForm {
  key: string;
  minBytes: number;
  maxBytes: number;
  description: ObjectDescription;
}

const filenamePlaceholder = '\u0024{filename}';

/** Fields that no condition need name. */
const uncovered = new Set(['policy', 'x-amz-signature', 'file', 'bucket', 'x-amz-checksum-sha256']);

/**
 * Judges everything of a form that comes before its file.
 *
 * @throws S3Error 403 AccessDenied for what is not allowed, 400 InvalidArgument for what is malformed
 */
export function admitForm(
  bucket: string,
  fields: FormFields,
  filename: string | undefined,
  identity: Identity,
  now: Date,
): AdmittedForm {
  const policyText = verifyPolicySignature(fields, identity);
  const { expiration, conditions } = parsePolicy(policyText);
  if (expiration <= now.getTime()) throw accessDenied('Policy expired');
  const key = fields.get('key');
  if (key === undefined) throw invalidArgument('Key not specified');
  if (key === '') throw invalidArgument('Empty object name');
  const values = new Map([...fields, ['bucket', bucket]]);
  assertConditions(conditions, values, fields);
  const ranges = conditions.filter((condition) => condition.kind === 'range');
  return {
    key: filename === undefined ? key : key.replaceAll(filenamePlaceholder, () => lastSegment(filename)),
    minBytes: Math.max(0, ...ranges.map(({ minBytes }) => minBytes)),
    maxBytes: Math.min(Number.MAX_SAFE_INTEGER, ...ranges.map(({ maxBytes }) => maxBytes)),
    description: describe(fields),
  };
}

/** A path in the file's name is the client's own business. */
function lastSegment(filename: string): string {
  return filename.split(/[\\/]/).at(-1) ?? '';
}

function verifyPolicySignature(fields: FormFields, identity: Identity): string {
  const policy = fields.get('policy');
  // Without a policy a form is anonymous, and a private bucket takes nothing from strangers.
  if (policy === undefined) throw accessDenied('The form has no policy.');
  const named = (name: string, what: string): string => {
    const value = fields.get(name);
    if (value === undefined) throw invalidArgument(`Missing aws4 ${what}`);
    return value;
  };
  if (named('x-amz-algorithm', 'algorithm') !== 'AWS4-HMAC-SHA256') throw invalidArgument('Unknown x-amz-algorithm');
  const credential = named('x-amz-credential', 'credential');
  const signature = named('x-amz-signature', 'signature');
  named('x-amz-date', 'date');
  const [, accessKey, date, region] = /^(.+)\/(\d{8})\/([^/]+)\/s3\/aws4_request$/.exec(credential) ?? [];
  if (accessKey === undefined || date === undefined || region === undefined)
    throw invalidArgument('Malformed x-amz-credential');
  const expected = hmac(deriveSigningKey(identity.secretKey, date, region), policy).toString('hex');
  if (accessKey !== identity.accessKey || !isSameSignature(signature, expected)) {
    throw accessDenied('The signature of the policy is not the one that the secret key gives.');
  }
  return Buffer.from(policy, 'base64').toString('utf8');
}

function parsePolicy(text: string): { expiration: number; conditions: Condition[] } {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw invalidArgument('Malformed JSON');
  }
  if (typeof document !== 'object' || document === null) throw invalidArgument('Failed to parse policy');
  // Names of the document itself are case-sensitive.
  const expirationText = 'expiration' in document ? document.expiration : undefined;
  const conditionList = 'conditions' in document ? document.conditions : undefined;
  if (typeof expirationText !== 'string') throw invalidArgument('Policy missing expiration');
  if (!Array.isArray(conditionList)) throw invalidArgument('Policy missing conditions');
  return { expiration: parseExpiration(expirationText), conditions: conditionList.map(parseCondition) };
}

function parseExpiration(text: string): number {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d{1,9})?)Z$/.exec(text);
  const milliseconds = match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2]}Z`);
  if (Number.isNaN(milliseconds)) throw invalidArgument('Failed to parse policy expiration');
  return milliseconds;
}

function parseCondition(condition: unknown): Condition {
  if (Array.isArray(condition)) return parseListCondition(condition);
  if (typeof condition !== 'object' || condition === null) throw invalidArgument('Failed to parse policy');
  const [entry, ...others] = Object.entries(condition);
  if (entry === undefined || others.length > 0 || typeof entry[1] !== 'string')
    throw invalidArgument('Failed to parse policy');
  return { kind: 'eq', field: entry[0].toLowerCase(), value: entry[1] };
}

function parseListCondition(condition: readonly unknown[]): Condition {
  if (condition.length !== 3) throw invalidArgument('Bad condition array, expecting 3 arguments');
  const [operator, first, second] = condition;
  const kind = typeof operator === 'string' ? operator.toLowerCase() : '';
  if (kind === 'content-length-range') return { kind: 'range', minBytes: toBytes(first), maxBytes: toBytes(second) };
  if (kind !== 'eq' && kind !== 'starts-with') throw invalidArgument(`Invalid condition: ${kind}`);
  if (typeof first !== 'string' || typeof second !== 'string' || !first.startsWith('$'))
    throw invalidArgument('Failed to parse policy');
  return { kind, field: first.slice(1).toLowerCase(), value: second };
}

function toBytes(value: unknown): number {
  const bytes = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof bytes !== 'number' || !Number.isInteger(bytes)) throw invalidArgument('Bad content-length-range param');
  return bytes;
}

function assertConditions(conditions: readonly Condition[], values: FormFields, fields: FormFields): void {
  const covered = new Set<string>();
  for (const condition of conditions) {
    if (condition.kind === 'range') continue;
    const { kind, field, value } = condition;
    covered.add(field);
    const given = values.get(field);
    if (given === undefined) {
      // As RadosGW: a field that may hold anything may also be left out.
      if (kind === 'starts-with' && value === '') continue;
      throw accessDenied(`Policy check failed, variable not found: ${field}`);
    }
    if (kind === 'eq' ? given !== value : !given.startsWith(value)) {
      throw accessDenied(`Policy condition failed: ${kind}: $${field}, ${value}`);
    }
  }
  for (const name of ['bucket', ...fields.keys()]) {
    if (covered.has(name) || (name !== 'bucket' && uncovered.has(name)) || name.startsWith('x-ignore-')) continue;
    throw accessDenied(`Policy missing condition: ${name}`);
  }
}

function describe(fields: FormFields): ObjectDescription {
  const acl = fields.get('acl');
  if (
    acl !== undefined &&
    !/^(private|public-read|public-read-write|authenticated-read|bucket-owner-read|bucket-owner-full-control)$/.test(
      acl,
    )
  ) {
    throw invalidArgument('Bad canned ACLs');
  }
  const storageClass = fields.get('x-amz-storage-class');
  if (storageClass !== undefined && storageClass !== 'STANDARD')
    throw invalidArgument('The storage class you specified is not valid');
  const metadata = [...fields]
    .filter(([name]) => name.startsWith('x-amz-meta-'))
    .map(([name, value]) => [name.slice('x-amz-meta-'.length), value]);
  // Cache-Control, Content-Disposition and their like are checked and then dropped, as RadosGW does.
  return {
    contentType: fields.get('content-type') ?? 'binary/octet-stream',
    headers: {},
    metadata: Object.fromEntries(metadata),
  };
}
