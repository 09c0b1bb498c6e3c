import type { Check, DoctorContext, Finding } from '../check.ts';
import { HttpProbeError } from '../http-probe.ts';
import { listStorageEndpoints, type StorageEndpoint } from '../storage-endpoints.ts';

const maxSkewSeconds = 30;
/** Half of the shortest validity that a form usually has; at 900 s S3 refuses every signature. */
const unusableSkewSeconds = 300;
/** `Date` has no fractions: on the average half a second has passed since. */
const dateRoundingMs = 500;

export const clockCheck: Check = {
  id: 'clock',
  title: "This machine's clock agrees with the storage's",
  needs: ['storage-reachable'],
  run: (context) => Promise.all(listStorageEndpoints(context.config).map((endpoint) => examine(endpoint, context))),
};

async function examine(endpoint: StorageEndpoint, { http }: DoctorContext): Promise<Finding> {
  const host = new URL(endpoint.address).host;
  const askedAt = Date.now();
  const answer = await http.send(`${endpoint.address.replace(/\/+$/, '')}/`).catch((error: unknown) => {
    if (!(error instanceof HttpProbeError)) throw error;
    return error;
  });
  if (answer instanceof HttpProbeError) return { verdict: 'info', found: `${answer.message}; its clock is not known.` };
  const ours = (askedAt + Date.now()) / 2;
  const theirs = Date.parse(answer.headers.get('date') ?? '');
  if (Number.isNaN(theirs)) {
    return { verdict: 'info', found: `${host} sends no Date, so its clock is not known.` };
  }
  return judgeSkew(Math.round((ours - theirs - dateRoundingMs) / 1000), host);
}

/** @param aheadSeconds how far this machine's clock is ahead; negative: behind */
export function judgeSkew(aheadSeconds: number, host: string): Finding {
  const skewSeconds = Math.abs(aheadSeconds);
  if (skewSeconds <= maxSkewSeconds) {
    return {
      verdict: 'pass',
      found: `${skewSeconds === 0 ? 'Less than a second' : `${skewSeconds} s`} apart from ${host}.`,
    };
  }
  const direction = aheadSeconds > 0 ? 'ahead of' : 'behind';
  const found = `This machine's clock is ${skewSeconds} s ${direction} that of ${host}.`;
  const effect =
    aheadSeconds > 0
      ? 'Forms are valid for longer than UPLOAD_EXPIRES_SECONDS says'
      : 'Forms expire early or have expired already when they are handed out';
  const remedy =
    'Turn on time synchronisation: `timedatectl set-ntp true`, or chrony; in a container, on its host. If this clock is right, the same on the storage.';
  if (skewSeconds <= unusableSkewSeconds) {
    return {
      verdict: 'warn',
      found,
      cause: `${effect}. The clocks drift apart further, and beyond 15 minutes S3 refuses all requests.`,
      remedy,
    };
  }
  return {
    verdict: 'fail',
    found,
    cause: `${effect}, and beyond 15 minutes S3 refuses all requests (RequestTimeTooSkewed).`,
    remedy,
  };
}
