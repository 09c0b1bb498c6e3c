import { randomBytes } from 'node:crypto';
import type { Check, DoctorContext, Finding } from '../check.ts';
import { describeAnswer, htmlTitleOf } from '../describe-answer.ts';
import { explainFormRefusal, explainFormSilence } from '../form-refusal.ts';
import { type HttpAnswer, HttpProbeError } from '../http-probe.ts';
import { listPageOrigins } from '../page-origins.ts';
import { buildForm, sendForm, signProbeForm } from '../post-form.ts';

const contentType = 'image/png';
const probeBytes = 1_024;

export const uploadFormCheck: Check = {
  id: 'upload-form',
  title: 'A form with a POST policy is stored through the public endpoint',
  needs: ['object-permissions'],
  async run(context) {
    const { config, http, probes } = context;
    const key = probes.reserveKey();
    const bytes = randomBytes(probeBytes);
    const policy = await signProbeForm(context, { key, contentType, bytes: bytes.length });
    const origin = listPageOrigins(config)[0]?.origin;
    try {
      const answer = await sendForm(http, buildForm(policy, new Blob([bytes])), { origin });
      if (answer.status < 200 || answer.status > 299) return { verdict: 'fail', ...explainFormRefusal(answer, config) };
      return await judgeStored(context, { key, bytes, answer });
    } catch (error) {
      if (error instanceof HttpProbeError) return { verdict: 'fail', ...explainFormSilence(error, config) };
      throw error;
    }
  },
};

async function judgeStored(
  { storage, config }: DoctorContext,
  { key, bytes, answer }: { key: string; bytes: Buffer; answer: HttpAnswer },
): Promise<Finding> {
  const described = describeAnswer(answer);
  const stored = await storage.readRange(key, 0, probeBytes + 1);
  if (stored === null) {
    return {
      verdict: 'fail',
      found: `A form is answered ${described}, but the object is not there when it is read through S3_ENDPOINT.`,
      cause:
        htmlTitleOf(answer) !== undefined
          ? 'Something in front of the storage answers forms with a page of its own.'
          : 'S3_PUBLIC_ENDPOINT and S3_ENDPOINT lead to two storages, or something in front answers in place of the storage.',
      remedy: `Set S3_PUBLIC_ENDPOINT (now ${config.storage.publicEndpoint}) to the public address of the storage that S3_ENDPOINT names, and let nothing in between answer by itself.`,
    };
  }
  if (!bytes.equals(stored.bytes)) {
    return {
      verdict: 'fail',
      found: `A form of ${bytes.length} bytes is answered ${described}, but ${stored.totalBytes} other bytes are stored.`,
      cause: 'A proxy drops or changes the body of the form on its way.',
      remedy:
        'Take filters and rewriting of bodies off this host name, and post to the storage without the proxy to compare.',
    };
  }
  if (stored.contentType !== contentType) {
    return {
      verdict: 'warn',
      found: `The form says ${contentType}; the object is stored as ${JSON.stringify(stored.contentType)}.`,
      cause: 'The storage does not keep the Content-Type field of forms.',
      remedy: 'Nothing breaks: Kuanary detects the type and says it again in the copy. Tell the provider.',
    };
  }
  return judgeStatus(answer);
}

function judgeStatus(answer: HttpAnswer): Finding {
  if (answer.status === 201) return { verdict: 'pass', found: 'A form is stored, byte for byte, and answered 201.' };
  return {
    verdict: 'warn',
    found: `A form that asks for the status 201 is stored and answered ${describeAnswer(answer)}.`,
    cause: 'The storage, or a proxy in front of it, ignores success_action_status.',
    remedy: 'Uploads work so long as the check "cors" passes. Let the answers of the storage through unchanged.',
  };
}
