import { createUploadPolicy, type UploadPolicy } from '../uploads/post-policy.ts';
import type { DoctorContext } from './check.ts';
import type { HttpAnswer, HttpProbe } from './http-probe.ts';

/** A form as a page has it before it is sent. The file comes last: storages ignore what follows it. */
export interface BrowserForm {
  url: string;
  fields: [name: string, value: string][];
  file: Blob;
}

export interface FormUpload {
  key: string;
  contentType: string;
  /** What the policy says, which a broken form does not keep. */
  bytes: number;
  /** Of the policy, as if it were signed then; by default, now. */
  signedAt?: Date;
}

/** Signs a policy as `/sign-upload` does, for the public endpoint and with the configured time to live. */
export function signProbeForm({ s3, config }: DoctorContext, upload: FormUpload): Promise<UploadPolicy> {
  const { signedAt, ...policyUpload } = upload;
  return createUploadPolicy(s3.signing, {
    bucket: config.storage.bucket,
    ...policyUpload,
    expiresInSeconds: config.uploads.expiresSeconds,
    ...(signedAt === undefined ? {} : { now: signedAt }),
  });
}

export function buildForm(policy: Pick<UploadPolicy, 'url' | 'fields'>, file: Blob): BrowserForm {
  return { url: policy.url, fields: Object.entries(policy.fields), file };
}

export function fieldOf(form: BrowserForm, name: string): string {
  const field = form.fields.find(([given]) => isSameField(given, name));
  if (field === undefined) throw new TypeError(`the form has no field ${name}`);
  return field[1];
}

/** The form with this field in place of one of that name, or added to the others. Names have no case. */
export function withField(form: BrowserForm, name: string, value: string): BrowserForm {
  const known = form.fields.some(([given]) => isSameField(given, name));
  const fields = form.fields.map(([given, old]): [string, string] => [given, isSameField(given, name) ? value : old]);
  return { ...form, fields: known ? fields : [...fields, [name, value]] };
}

export function withoutFields(form: BrowserForm, names: readonly string[]): BrowserForm {
  return { ...form, fields: form.fields.filter(([given]) => !names.some((name) => isSameField(given, name))) };
}

/**
 * Sends the form as a page of `origin` does. @throws HttpProbeError where no answer came
 *
 * @see https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
 */
export function sendForm(
  http: HttpProbe,
  form: BrowserForm,
  { origin, timeoutMs }: { origin?: string | undefined; timeoutMs?: number } = {},
): Promise<HttpAnswer> {
  const body = new FormData();
  for (const [name, value] of form.fields) body.append(name, value);
  body.append('file', form.file, 'kuanary-doctor.bin');
  return http.send(form.url, {
    method: 'POST',
    body,
    headers: origin === undefined ? {} : { Origin: origin },
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}

function isSameField(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
