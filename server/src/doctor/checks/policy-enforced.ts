import { type BrokenForm, buildBrokenForms } from '../broken-forms.ts';
import type { Check, DoctorContext, Finding } from '../check.ts';
import { describeAnswer } from '../describe-answer.ts';
import { HttpProbeError } from '../http-probe.ts';
import { sendForm } from '../post-form.ts';

interface Outcome {
  trouble: string;
  /** Keys that now hold an object, though none should. */
  storedKeys: string[];
  status: number | undefined;
  /** Status and Code, or why there was no answer. */
  answer: string;
}

export const policyEnforcedCheck: Check = {
  id: 'policy-enforced',
  title: 'The storage refuses every form that its policy does not allow',
  needs: ['upload-form'],
  async run(context) {
    const { valid, broken } = await buildBrokenForms(context);
    const [control, ...outcomes] = await Promise.all([valid, ...broken].map((form) => tryForm(context, form)));
    if (control !== undefined && control.storedKeys.length === 0) return explainUnclear(control);
    const stored = outcomes.filter(({ storedKeys }) => storedKeys.length > 0);
    const unclean = outcomes.filter((outcome) => outcome.storedKeys.length === 0 && !isRefusal(outcome));
    const findings: Finding[] = [];
    if (stored.length > 0) findings.push(explainStored(stored));
    if (unclean.length > 0) findings.push(explainUnclean(unclean));
    return findings.length > 0
      ? findings
      : { verdict: 'pass', found: `All ${broken.length} broken forms are refused.` };
  },
};

/** The answer is not believed: what counts is whether an object is there. */
async function tryForm(
  { http, storage }: DoctorContext,
  { trouble, form, keys, harmlessKey }: BrokenForm,
): Promise<Outcome> {
  const sent = await sendForm(http, form).then(
    (answer) => ({ status: answer.status, answer: describeAnswer(answer) }),
    (error: unknown) => {
      if (error instanceof HttpProbeError) return { status: undefined, answer: error.reason };
      throw error;
    },
  );
  const storedKeys: string[] = [];
  for (const key of keys) {
    if ((await storage.readRange(key, 0, 1)) === null) continue;
    await storage.delete(key);
    if (key !== harmlessKey) storedKeys.push(key);
  }
  return { trouble, storedKeys, ...sent };
}

/** A form that was stored where it may be, its odd field ignored, is as good as refused. */
function isRefusal({ status }: Outcome): boolean {
  return status !== undefined && status >= 200 && status < 500 && !(status >= 300 && status < 400);
}

function explainStored(stored: readonly Outcome[]): Finding {
  return {
    verdict: 'fail',
    found: `The storage stores forms that it must refuse: ${listTroubles(stored)}.`,
    cause:
      'It does not enforce POST policies, or not all of them: people can store other things, or more, than Kuanary has allowed.',
    remedy:
      'Do not open uploads on this storage. Upgrade it (RustFS from 1.0.0-alpha.83), or use one that enforces policies: AWS S3, Ceph (Hetzner), versitygw, MinIO. If a proxy signs requests by itself, take that off. A bucket that anybody may write to must be made private.',
  };
}

function explainUnclean(unclean: readonly Outcome[]): Finding {
  const each = unclean.map(({ trouble, answer }) => `a form ${trouble}: ${answer}`).join('; ');
  return {
    verdict: 'warn',
    found: `Nothing is stored, but these forms are not refused with a proper answer (4xx): ${each}.`,
    cause: 'The storage, or a proxy in front of it, fails or hangs on forms that it should refuse.',
    remedy:
      'Uploads are safe. People whose form has expired will see "network error" instead of a reason: look at the log of the storage and of the proxy for these requests.',
  };
}

function explainUnclear({ answer }: Outcome): Finding {
  return {
    verdict: 'warn',
    found: `Not judged: now a form that is in order is not stored either (${answer}).`,
    cause: 'The storage has just stored such a form, so it is unsteady, or limits how many forms come at once.',
    remedy: 'Run the doctor again. If it stays so, look at the log of the storage and of the proxy in front of it.',
  };
}

function listTroubles(outcomes: readonly Outcome[]): string {
  return outcomes.map(({ trouble }) => `a form ${trouble}`).join(', ');
}
