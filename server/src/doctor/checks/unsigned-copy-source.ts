import { randomBytes } from 'node:crypto';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Check, DoctorContext, Finding } from '../check.ts';
import { describeAnswer } from '../describe-answer.ts';
import { type HttpAnswer, HttpProbeError } from '../http-probe.ts';

const lifetimeSeconds = 60;
const probeBytes = 256;

/**
 * A flaw of some storages: whoever holds a presigned PUT adds a header and reads what the signing key may read. The only
 * presigned PUT in Kuanary is this one; it is used here and given to nobody.
 *
 * @see https://docs.ceph.com/en/latest/security/cves/
 */
export const unsignedCopySourceCheck: Check = {
  id: 'unsigned-copy-source',
  title: 'The storage ignores copy headers that are not signed',
  needs: ['object-permissions'],
  async run(context) {
    const { probes, storage } = context;
    const [secretKey, targetKey] = [probes.reserveKey(), probes.reserveKey()];
    const secret = randomBytes(probeBytes);
    await storage.put(secretKey, secret, { contentType: 'application/octet-stream', metadata: {} });
    const answer = await putWithUnsignedCopySource(context, secretKey, targetKey);
    const stored = await storage.readRange(targetKey, 0, probeBytes + 1);
    return stored !== null && secret.equals(stored.bytes) ? explainFlaw() : judgeHarmless(answer, stored !== null);
  },
};

async function putWithUnsignedCopySource(
  { s3, config, http }: DoctorContext,
  sourceKey: string,
  targetKey: string,
): Promise<HttpAnswer | HttpProbeError> {
  const { bucket } = config.storage;
  const address = await getSignedUrl(s3.signing, new PutObjectCommand({ Bucket: bucket, Key: targetKey }), {
    expiresIn: lifetimeSeconds,
    // The presigner reads this machine's clock uncorrected.
    signingDate: new Date(Date.now() + s3.signing.config.systemClockOffset),
  });
  try {
    const headers = { 'x-amz-copy-source': `/${bucket}/${sourceKey}` };
    return await http.send(address, { method: 'PUT', headers });
  } catch (error) {
    if (error instanceof HttpProbeError) return error;
    throw error;
  }
}

function explainFlaw(): Finding {
  return {
    verdict: 'warn',
    found: 'A presigned PUT with an added, unsigned x-amz-copy-source header copied another object of the bucket.',
    cause:
      'A known flaw (CVE-2026-54330; Ceph before 19.2.6 and 20.2.4): whoever holds a presigned PUT address can read every object that its key can read. Kuanary hands out no presigned PUT, and forms are not affected: uploads are safe.',
    remedy:
      'Give no presigned PUT addresses of this key to strangers from other programs. Use a key, or at Hetzner a project, for this bucket alone, and ask the provider to upgrade.',
  };
}

function judgeHarmless(answer: HttpAnswer | HttpProbeError, stored: boolean): Finding {
  if (answer instanceof HttpProbeError) {
    return {
      verdict: 'info',
      found: `Not judged: a presigned PUT gets no answer (${answer.reason}). Kuanary uses none.`,
    };
  }
  if (stored) return { verdict: 'pass', found: 'An unsigned x-amz-copy-source header is ignored.' };
  return {
    verdict: 'pass',
    found: `A request with an unsigned x-amz-copy-source header is refused (${describeAnswer(answer)}).`,
  };
}
