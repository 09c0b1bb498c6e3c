import { createHash, randomBytes } from 'node:crypto';
import { createPresignedPost } from '@aws-sdk/s3-presigned-post';
import type { Check, DoctorContext, Finding } from '../check.ts';
import { describeAnswer } from '../describe-answer.ts';
import { HttpProbeError } from '../http-probe.ts';
import { buildForm, sendForm } from '../post-form.ts';

const lifetimeSeconds = 60;
const probeBytes = 64;

/** Not used by Kuanary today: it tells whether a form could be bound to the very bytes that a page has hashed. */
export const checksumFieldCheck: Check = {
  id: 'checksum-field',
  title: 'The storage verifies a checksum in a form',
  needs: ['upload-form'],
  async run(context) {
    const bytes = randomBytes(probeBytes);
    try {
      const right = await postWithChecksum(context, bytes, bytes);
      const wrong = await postWithChecksum(context, bytes, randomBytes(probeBytes));
      return judge(right, wrong);
    } catch (error) {
      if (!(error instanceof HttpProbeError)) throw error;
      return { verdict: 'info', found: `A form with a checksum gets no answer (${error.reason}). Kuanary sends none.` };
    }
  },
};

interface Outcome {
  stored: boolean;
  answer: string;
}

async function postWithChecksum({ s3, config, http, probes, storage }: DoctorContext, bytes: Buffer, hashed: Buffer) {
  const key = probes.reserveKey();
  // The product's own signer refuses conditions that it does not know.
  const policy = await createPresignedPost(s3.signing, {
    Bucket: config.storage.bucket,
    Key: key,
    Fields: {
      'Content-Type': 'application/octet-stream',
      success_action_status: '201',
      'x-amz-checksum-algorithm': 'SHA256',
      'x-amz-checksum-sha256': createHash('sha256').update(hashed).digest('base64'),
    },
    Conditions: [['content-length-range', bytes.length, bytes.length]],
    Expires: lifetimeSeconds,
  });
  const answer = await sendForm(http, buildForm(policy, new Blob([new Uint8Array(bytes)])));
  const stored = (await storage.readRange(key, 0, 1)) !== null;
  return { stored, answer: describeAnswer(answer) };
}

function judge(right: Outcome, wrong: Outcome): Finding {
  if (!right.stored) {
    return { verdict: 'info', found: `Forms with a checksum are refused (${right.answer}). Kuanary sends none.` };
  }
  if (wrong.stored) {
    return {
      verdict: 'info',
      found:
        'The storage takes a checksum in a form without verifying it (Ceph before Tentacle does so). Kuanary does not rely on it: it verifies the copy.',
    };
  }
  return { verdict: 'pass', found: `A form whose checksum is not that of its file is refused (${wrong.answer}).` };
}
