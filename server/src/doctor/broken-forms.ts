import { randomUUID } from 'node:crypto';
import type { DoctorContext } from './check.ts';
import { type BrowserForm, buildForm, fieldOf, signProbeForm, withField, withoutFields } from './post-form.ts';

export interface BrokenForm {
  /** What is wrong with it, after "a form". */
  trouble: string;
  form: BrowserForm;
  /** Where its object may land; all reserved. */
  keys: string[];
  /** This key is the one that was signed: an object there does no harm, because that is all that was allowed. */
  harmlessKey?: string;
}

const contentType = 'image/png';
const signedBytes = 64;
/** Long enough for every clock that S3 tolerates with forms. */
const expiredBeforeSeconds = 300;
const policyFields = ['Policy', 'X-Amz-Signature', 'X-Amz-Credential', 'X-Amz-Date', 'X-Amz-Algorithm'];

type BreakForm = (form: BrowserForm, otherKey: string) => Omit<BrokenForm, 'trouble' | 'keys'>;

/** One thing is wrong with each; all else is as the form that is stored. */
const breaks: Readonly<Record<string, BreakForm>> = {
  'with a file one byte too large': (form) => ({ form: { ...form, file: fileOf(signedBytes + 1) } }),
  'with a file one byte too small': (form) => ({ form: { ...form, file: fileOf(signedBytes - 1) } }),
  'for another key': (form, otherKey) => ({ form: withField(form, 'key', otherKey) }),
  'with a second key': (form, otherKey) => ({
    form: { ...form, fields: [...form.fields, ['key', otherKey]] },
    harmlessKey: fieldOf(form, 'key'),
  }),
  'with another Content-Type': (form) => ({ form: withField(form, 'Content-Type', 'text/html') }),
  'with a field that the policy does not name': (form) => ({ form: withField(form, 'x-amz-meta-kuanary', 'probe') }),
  'with acl=public-read': (form) => ({ form: withField(form, 'acl', 'public-read') }),
  'for another bucket': (form) => ({
    form: withField(form, 'bucket', `kuanary-${randomUUID()}`),
    harmlessKey: fieldOf(form, 'key'),
  }),
  'with an altered signature': (form) => ({
    form: withField(form, 'X-Amz-Signature', alterDigit(fieldOf(form, 'X-Amz-Signature'))),
  }),
  'with an altered policy': (form, otherKey) => ({
    form: withField(withField(form, 'Policy', rewritePolicy(form, otherKey)), 'key', otherKey),
  }),
  'without a policy': (form) => ({ form: withoutFields(form, policyFields) }),
};

/** Forms that a storage must refuse, and one that it must take (`valid`) so that a refusal means something. */
export async function buildBrokenForms(context: DoctorContext): Promise<{ valid: BrokenForm; broken: BrokenForm[] }> {
  const valid = await buildValidForm(context, 'that is in order');
  const broken: BrokenForm[] = [await buildExpiredForm(context)];
  for (const [trouble, breakForm] of Object.entries(breaks)) {
    const original = await buildValidForm(context, trouble);
    const otherKey = context.probes.reserveKey();
    broken.push({ ...original, keys: [...original.keys, otherKey], ...breakForm(original.form, otherKey) });
  }
  return { valid, broken };
}

async function buildValidForm(context: DoctorContext, trouble: string, signedAt?: Date): Promise<BrokenForm> {
  const key = context.probes.reserveKey();
  const upload = { key, contentType, bytes: signedBytes, ...(signedAt === undefined ? {} : { signedAt }) };
  const policy = await signProbeForm(context, upload);
  return { trouble, form: buildForm(policy, fileOf(signedBytes)), keys: [key] };
}

function buildExpiredForm(context: DoctorContext): Promise<BrokenForm> {
  const secondsAgo = context.config.uploads.expiresSeconds + expiredBeforeSeconds;
  return buildValidForm(
    context,
    `that expired ${expiredBeforeSeconds / 60} minutes ago`,
    new Date(Date.now() - secondsAgo * 1_000),
  );
}

function fileOf(bytes: number): Blob {
  return new Blob([Buffer.alloc(bytes, 'k')]);
}

function alterDigit(signature: string): string {
  return `${signature.slice(0, -1)}${signature.endsWith('0') ? '1' : '0'}`;
}

/** What an attacker would make of it: the same document for a key of his own, under the old signature. */
function rewritePolicy(form: BrowserForm, otherKey: string): string {
  const document = Buffer.from(fieldOf(form, 'Policy'), 'base64').toString('utf8');
  return Buffer.from(document.replaceAll(fieldOf(form, 'key'), otherKey)).toString('base64');
}
