import type { Check, DoctorContext, Finding } from '../check.ts';
import { s3CodeOf } from '../describe-answer.ts';
import { explainBodyLimit, explainFormRefusal } from '../form-refusal.ts';
import { HttpProbeError } from '../http-probe.ts';
import { listPageOrigins } from '../page-origins.ts';
import { buildForm, sendForm, signProbeForm } from '../post-form.ts';

const contentType = 'image/png';
const chunkBytes = 1_048_576;
/** A line that is slower than this makes people wait longer than they do. */
const minBytesPerSecond = 262_144;
const answerTimeMs = 30_000;
/** Node 20 has no larger blobs. */
const maxBlobBytes = 4_294_967_296;

/** Just above the 1 MiB that nginx allows unless it is told otherwise: the trouble that most people have. */
const quickBytes = 1_179_648;

export const uploadSizeCheck: Check = {
  id: 'upload-size',
  title: 'Files as large as Kuanary allows get through',
  needs: ['upload-form'],
  async run(context) {
    const { config, http, probes } = context;
    const bytes = triedBytes(context);
    const key = probes.reserveKey();
    const policy = await signProbeForm(context, { key, contentType, bytes });
    const form = buildForm(policy, createLargeFile(bytes));
    const timeoutMs = answerTimeMs + Math.ceil((bytes / minBytesPerSecond) * 1_000);
    const startedMs = performance.now();
    try {
      const answer = await sendForm(http, form, { origin: listPageOrigins(config)[0]?.origin, timeoutMs });
      const seconds = (performance.now() - startedMs) / 1_000;
      if (answer.status >= 200 && answer.status <= 299) return await judgeStored(context, { key, bytes, seconds });
      const { found, ...explained } = explainFormRefusal(answer, config);
      const limit = s3CodeOf(answer) === 'EntityTooLarge' ? storageLimit : explained;
      return {
        verdict: 'fail',
        found: `A file of ${bytes} bytes (MAX_UPLOAD_BYTES=${config.uploads.maxBytes}): ${found}`,
        ...limit,
      };
    } catch (error) {
      if (error instanceof HttpProbeError) return explainBreak(error, bytes, config.uploads.maxBytes);
      throw error;
    }
  },
};

const storageLimit = {
  cause: 'The storage itself has a lower limit for one upload: AWS and Ceph take 5 GB in one form, others less.',
  remedy: 'Lower MAX_UPLOAD_BYTES to what the storage takes, or raise its limit.',
};

function triedBytes({ config, deep }: DoctorContext): number {
  return Math.min(config.uploads.maxBytes, deep ? maxBlobBytes : quickBytes);
}

/** Pieces of one blob, which share its memory: however large, the file takes one megabyte. */
function createLargeFile(bytes: number): Blob {
  const chunk = new Blob([new Uint8Array(Math.min(bytes, chunkBytes))]);
  const whole = Array.from({ length: Math.floor(bytes / chunkBytes) }, () => chunk);
  return new Blob([...whole, chunk.slice(0, bytes % chunkBytes)]);
}

async function judgeStored(
  { storage, config }: DoctorContext,
  { key, bytes, seconds }: { key: string; bytes: number; seconds: number },
): Promise<Finding> {
  const { maxBytes } = config.uploads;
  const stored = await storage.readRange(key, 0, 1);
  if (stored?.totalBytes === bytes) {
    const more = bytes < maxBytes ? ` \`kuanary doctor --deep\` tries MAX_UPLOAD_BYTES (${maxBytes}).` : '';
    return { verdict: 'pass', found: `A file of ${bytes} bytes was uploaded in ${seconds.toFixed(1)} s.${more}` };
  }
  return {
    verdict: 'fail',
    found: `A file of ${bytes} bytes was answered with success, but ${stored === null ? 'nothing is' : `${stored.totalBytes} bytes are`} stored.`,
    cause: 'A proxy cuts large bodies off, or answers in place of the storage.',
    remedy: `Upload to the storage without the proxy and compare. ${explainBodyLimit(maxBytes).remedy}`,
  };
}

function explainBreak(error: HttpProbeError, bytes: number, maxBytes: number): Finding {
  const slow = /no answer within/.test(error.reason);
  return {
    verdict: 'fail',
    found: `A file of ${bytes} bytes does not get through (MAX_UPLOAD_BYTES=${maxBytes}), though small ones do: ${error.message}.`,
    cause: slow
      ? 'The line to the storage is slow, or a proxy waits for the whole body and gives up.'
      : 'A proxy or firewall closes the connection when the body is larger than it allows, or when the upload takes longer.',
    remedy: `${explainBodyLimit(maxBytes).remedy} Set its time limits (nginx: client_body_timeout, proxy_send_timeout, proxy_read_timeout) to what the slowest visitor needs, and proxy_request_buffering off.`,
  };
}
