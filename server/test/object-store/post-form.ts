import { createHmac, randomUUID } from 'node:crypto';
import { amzDateOf, type RawAnswer, type ServerAddress, send, signingKeyOf } from './sign-request.ts';

/*
 * POST Object forms, written out and signed byte by byte from the documentation, so that they can be wrong in every way:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */

export interface FormPart {
  name: string;
  value: string | Uint8Array;
  filename?: string;
}

export interface PolicyDocument {
  expiration?: string;
  conditions?: unknown;
  [other: string]: unknown;
}

/** A form that is about to be posted; cases change it before it is signed, or afterwards. */
export interface PostedForm {
  bucket: string;
  key: string;
  fields: Record<string, string>;
  policy: PolicyDocument;
  file: string | Uint8Array;
}

export interface PostChanges {
  /** Before signing. The policy is what the form's document becomes; text is taken as the document itself. */
  form?: (form: PostedForm) => void;
  policyText?: string;
  /** After signing. */
  fields?: (fields: Record<string, string>) => void;
  parts?: (parts: FormPart[]) => FormPart[];
  body?: (body: Buffer, boundary: string) => Buffer;
  now?: Date;
  region?: string;
  secretKey?: string;
  accessKey?: string;
  headers?: Record<string, string>;
  contentType?: (boundary: string) => string;
  path?: string;
}

/** Posts a form that is right but for the changes. */
export async function postForm(
  address: ServerAddress,
  bucket: string,
  changes: PostChanges = {},
): Promise<RawAnswer & { key: string }> {
  const { parts, key } = buildForm(address, bucket, changes);
  const boundary = `----boundary${randomUUID()}`;
  const body = encodeForm(parts, boundary);
  const answer = await send(address, {
    method: 'POST',
    path: changes.path ?? `/${bucket}`,
    headers: {
      host: new URL(address.endpoint).host,
      'content-type': changes.contentType?.(boundary) ?? `multipart/form-data; boundary=${boundary}`,
      ...changes.headers,
    },
    body: changes.body?.(body, boundary) ?? body,
  });
  return { ...answer, key };
}

function buildForm(address: ServerAddress, bucket: string, changes: PostChanges): { parts: FormPart[]; key: string } {
  const now = changes.now ?? new Date();
  const date = amzDateOf(now);
  const region = changes.region ?? address.region;
  const credential = `${changes.accessKey ?? address.accessKey}/${date.slice(0, 8)}/${region}/s3/aws4_request`;
  const key = `up/${randomUUID()}`;
  const form: PostedForm = {
    bucket,
    key,
    fields: {
      key,
      'x-amz-algorithm': 'AWS4-HMAC-SHA256',
      'x-amz-credential': credential,
      'x-amz-date': date,
    },
    policy: {
      expiration: new Date(Date.now() + 600_000).toISOString(),
      conditions: [
        { bucket },
        ['starts-with', '$key', 'up/'],
        { 'x-amz-algorithm': 'AWS4-HMAC-SHA256' },
        { 'x-amz-credential': credential },
        { 'x-amz-date': date },
      ],
    },
    file: 'hello',
  };
  changes.form?.(form);
  const policy = Buffer.from(changes.policyText ?? JSON.stringify(form.policy)).toString('base64');
  const signingKey = signingKeyOf(changes.secretKey ?? address.secretKey, date.slice(0, 8), region);
  const signature = createHmac('sha256', signingKey).update(policy).digest('hex');
  const fields: Record<string, string> = { ...form.fields, policy, 'x-amz-signature': signature };
  changes.fields?.(fields);
  const parts: FormPart[] = [
    ...Object.entries(fields).map(([name, value]): FormPart => ({ name, value })),
    { name: 'file', value: form.file, filename: 'photo.jpg' },
  ];
  return { parts: changes.parts?.(parts) ?? parts, key: form.fields['key'] ?? key };
}

export function encodeForm(parts: readonly FormPart[], boundary: string): Buffer {
  const pieces: Buffer[] = [];
  for (const { name, value, filename } of parts) {
    const disposition = `form-data; name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}`;
    const type = filename === undefined ? '' : '\r\nContent-Type: image/jpeg';
    pieces.push(Buffer.from(`--${boundary}\r\nContent-Disposition: ${disposition}${type}\r\n\r\n`));
    pieces.push(Buffer.from(value), Buffer.from('\r\n'));
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`));
  return Buffer.concat(pieces);
}

/** Adds conditions to those of the form. */
export function addConditions(form: PostedForm, ...conditions: unknown[]): void {
  if (Array.isArray(form.policy.conditions)) form.policy.conditions.push(...conditions);
}
