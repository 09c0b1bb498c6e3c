import { randomBytes, randomUUID } from 'node:crypto';
import type { ObjectDescription } from '../../storage/storage.ts';
import { StorageError } from '../../storage/storage.ts';
import type { Check, DoctorContext, Finding } from '../check.ts';
import { describeFailure } from '../describe-answer.ts';

const probeBytes = 1_048_576;
/** A copy of this size that takes longer is a wait that people notice after every upload. */
const slowFromMs = 3_000;

export const copyCheck: Check = {
  id: 'copy',
  title: 'An uploaded object can be promoted to an image',
  needs: ['object-permissions'],
  async run(context) {
    const { probes, storage, config } = context;
    const bytes = randomBytes(probeBytes);
    const source = probes.reserveKey();
    await storage.put(source, bytes, { contentType: 'application/octet-stream', metadata: { 'kuanary-old': 'old' } });
    const promotion: Promotion = { source, bytes };
    return config.uploads.promote === 'stream' ? judgeStreaming(context, promotion) : judgeCopying(context, promotion);
  },
};

interface Promotion {
  source: string;
  bytes: Buffer;
}

interface Outcome {
  /** What is wrong with the result; undefined when all is right. */
  problem?: string;
  unsupported: boolean;
  milliseconds: number;
}

/** Copies with new metadata, as the commit of an upload does, and looks at the result. */
async function promote(
  { probes, storage }: DoctorContext,
  method: 'copy' | 'copyByStreaming',
  { source, bytes }: Promotion,
): Promise<Outcome> {
  const target = probes.reserveKey();
  const description = { contentType: 'image/png', metadata: { 'kuanary-probe': randomUUID() } };
  const startedMs = performance.now();
  try {
    const copied = await storage[method](source, target, description);
    const milliseconds = Math.round(performance.now() - startedMs);
    if (copied === null) {
      return {
        problem: 'the source is said to be missing, though it was read before',
        unsupported: false,
        milliseconds,
      };
    }
    const problem = describeDifference(await storage.readRange(target, 0, probeBytes + 1), bytes, description);
    return { ...(problem === undefined ? {} : { problem }), unsupported: false, milliseconds };
  } catch (error) {
    const milliseconds = Math.round(performance.now() - startedMs);
    const unsupported = error instanceof StorageError && error.failure === 'copy_unsupported';
    return { problem: describeFailure(error), unsupported, milliseconds };
  }
}

function describeDifference(
  copy: (ObjectDescription & { bytes: Uint8Array }) | null,
  bytes: Buffer,
  expected: ObjectDescription,
): string | undefined {
  if (copy === null) return 'it is answered with success, but there is no copy';
  if (!bytes.equals(copy.bytes)) return 'the copy has other bytes';
  if (copy.contentType !== expected.contentType)
    return `the copy has the type ${JSON.stringify(copy.contentType)} of the source`;
  const [[name, value] = ['', '']] = Object.entries(expected.metadata);
  if (copy.metadata[name] !== value) return 'the copy lacks the new metadata';
  if (copy.metadata['kuanary-old'] !== undefined) return 'the copy has kept the metadata of the source';
  return undefined;
}

async function judgeCopying(context: DoctorContext, promotion: Promotion): Promise<Finding> {
  const copied = await promote(context, 'copy', promotion);
  if (copied.problem === undefined) return judgeSpeed(copied);
  const streamed = await promote(context, 'copyByStreaming', promotion);
  const found = `CopyObject does not work: ${copied.problem}.`;
  if (streamed.problem !== undefined) {
    return {
      verdict: 'fail',
      found: `${found} Reading the object and writing it again does not work either: ${streamed.problem}.`,
      cause:
        'The key can neither copy nor write an object of one megabyte, or the connection to the storage is too slow.',
      remedy:
        'Allow s3:GetObject and s3:PutObject on the whole bucket to the key of S3_ACCESS_KEY, and look at the line between this machine and S3_ENDPOINT.',
    };
  }
  if (copied.unsupported) {
    return {
      verdict: 'warn',
      found: `${found} Reading and writing it again works (${streamed.milliseconds} ms for 1 MiB).`,
      cause:
        'The storage does not offer copies (501), as Hetzner documents that it may. Kuanary then streams the object through the API, after a useless request each time.',
      remedy:
        'Set STORAGE_PROMOTE=stream. Every picture then goes through the API once more: plan its bandwidth for that.',
    };
  }
  return {
    verdict: 'fail',
    found: `${found} Reading and writing it again works (${streamed.milliseconds} ms for 1 MiB).`,
    cause:
      'The storage refuses or mishandles CopyObject for this key: a bucket policy, missing rights on the source (s3:GetObject, on AWS also s3:GetObjectTagging), or a storage that takes no new metadata (MetadataDirective: REPLACE).',
    remedy:
      'Set STORAGE_PROMOTE=stream, or allow copies within the bucket to the key of S3_ACCESS_KEY and ask the provider why they fail.',
  };
}

async function judgeStreaming(context: DoctorContext, promotion: Promotion): Promise<Finding> {
  const streamed = await promote(context, 'copyByStreaming', promotion);
  if (streamed.problem !== undefined) {
    return {
      verdict: 'fail',
      found: `With STORAGE_PROMOTE=stream, reading an object and writing it again does not work: ${streamed.problem}.`,
      cause: 'The key may not write, or the connection to the storage breaks or is too slow for one megabyte.',
      remedy:
        'Allow s3:GetObject and s3:PutObject on the whole bucket to the key of S3_ACCESS_KEY, and look at the line between this machine and S3_ENDPOINT.',
    };
  }
  const copied = await promote(context, 'copy', promotion);
  const done = `Reading and writing again works (STORAGE_PROMOTE=stream, ${streamed.milliseconds} ms for 1 MiB).`;
  if (copied.problem !== undefined) return { verdict: 'pass', found: done };
  return {
    verdict: 'info',
    found: `${done} CopyObject works too: STORAGE_PROMOTE=copy would keep the bytes of pictures out of the API.`,
  };
}

function judgeSpeed({ milliseconds }: Outcome): Finding {
  if (milliseconds < slowFromMs) {
    return { verdict: 'pass', found: `CopyObject works, with new metadata (${milliseconds} ms for 1 MiB).` };
  }
  return {
    verdict: 'info',
    found: `CopyObject works, with new metadata, but took ${(milliseconds / 1_000).toFixed(1)} s for 1 MiB: people wait for it after every upload. Run the doctor again at another hour, and ask the provider if it stays so.`,
  };
}
