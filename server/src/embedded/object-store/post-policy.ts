import { invalidArgument } from './s3-error.ts';

/*
 * POST policy documents, with the refusals of Ceph RadosGW.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */

export type PolicyCondition =
  /** `{"field": "value"}`: the field must be there. */
  | { kind: 'is'; field: string; value: string }
  /** `["eq", "$field", "value"]`: a field that is missing counts as empty. */
  | { kind: 'eq' | 'starts-with'; field: string; value: string }
  | { kind: 'content-length-range'; minBytes: number; maxBytes: number };

export interface PostPolicy {
  /** Milliseconds since 1970. */
  expiration: number;
  /** Names of fields are in lower case. */
  conditions: PolicyCondition[];
}

/** @param base64 as in the form field `policy`; line breaks in it are fine. @throws S3Error InvalidArgument */
export function parsePostPolicy(base64: string): PostPolicy {
  const document = parseDocument(base64);
  // Unlike names of fields, those of the document itself are case-sensitive.
  const expiration = propertyOf(document, 'expiration');
  const conditions = propertyOf(document, 'conditions');
  if (typeof expiration !== 'string') throw invalidArgument('Policy missing expiration');
  if (conditions === undefined) throw invalidArgument('Policy missing conditions');
  if (!Array.isArray(conditions)) throw invalidArgument('Failed to parse policy: conditions must be a list.');
  return { expiration: parseExpiration(expiration), conditions: conditions.map(parseCondition) };
}

function parseDocument(base64: string): unknown {
  const compact = base64.replace(/\s+/g, '');
  const bytes = Buffer.from(compact, 'base64');
  if (bytes.toString('base64').replace(/=+$/, '') !== compact.replace(/=+$/, '')) {
    throw invalidArgument('The policy is not base64.');
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw invalidArgument('Malformed JSON: the policy must be a JSON document in UTF-8.');
  }
}

function propertyOf(document: unknown, name: string): unknown {
  return typeof document === 'object' && document !== null && Object.hasOwn(document, name)
    ? Reflect.get(document, name)
    : undefined;
}

/** UTC; RadosGW takes a space in the place of the T, and no offset. */
function parseExpiration(text: string): number {
  const [, date, time] = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d{1,9})?)Z$/.exec(text) ?? [];
  const milliseconds = Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(milliseconds)) {
    throw invalidArgument('Failed to parse policy expiration: it must be UTC, as in 2030-01-31T12:00:00.000Z.');
  }
  return milliseconds;
}

function parseCondition(condition: unknown): PolicyCondition {
  if (Array.isArray(condition)) return parseListCondition(condition);
  if (typeof condition !== 'object' || condition === null) {
    throw invalidArgument('Failed to parse policy: a condition must be an object or a list.');
  }
  const [[field, value] = ['', undefined], ...others] = Object.entries(condition);
  if (typeof value !== 'string' || others.length > 0) {
    throw invalidArgument('Failed to parse policy: a condition that is an object must have one field, of text.');
  }
  return { kind: 'is', field: field.toLowerCase(), value };
}

function parseListCondition(condition: readonly unknown[]): PolicyCondition {
  if (condition.length !== 3) throw invalidArgument('Bad condition array, expecting 3 arguments');
  const [operator, first, second] = condition;
  const kind = typeof operator === 'string' ? operator.toLowerCase() : '';
  if (kind === 'content-length-range') return { kind, minBytes: parseBytes(first), maxBytes: parseBytes(second) };
  if (kind !== 'eq' && kind !== 'starts-with') throw invalidArgument(`Invalid condition: ${String(operator)}`);
  if (typeof first !== 'string' || typeof second !== 'string' || !first.startsWith('$')) {
    throw invalidArgument(`Failed to parse policy: ["${kind}", "$field", "value"] is meant.`);
  }
  return { kind, field: first.slice(1).toLowerCase(), value: second };
}

/** A number, or one written as text. */
function parseBytes(value: unknown): number {
  const bytes = typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes)) {
    throw invalidArgument('Bad content-length-range param: both must be whole numbers of bytes.');
  }
  return bytes;
}
