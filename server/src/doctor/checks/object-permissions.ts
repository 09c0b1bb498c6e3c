import { randomUUID } from 'node:crypto';
import { probePrefix } from '../../storage/conditional-put-probe.ts';
import { StorageError } from '../../storage/storage.ts';
import type { Check, DoctorContext, Finding } from '../check.ts';
import { describeFailure } from '../describe-answer.ts';
import { probePicture } from '../imgproxy-request.ts';
import { type S3Refusal, toS3Refusal } from '../s3-refusal.ts';

const probeBody = 'k';
const probeDescription = { contentType: 'text/plain', metadata: { probe: 'kuanary doctor' } };

export const objectPermissionsCheck: Check = {
  id: 'object-permissions',
  title: 'The S3 key may write, read, list and delete',
  needs: ['credentials'],
  async run(context) {
    const key = context.probes.reserveKey();
    const written = await tryCall(() => context.storage.put(key, Buffer.from(probeBody), probeDescription));
    if ('error' in written) {
      if (toS3Refusal(causeOf(written.error)).status !== undefined) context.probes.release(key);
      return [explainPut(written.error), ...(await examineList(context, undefined))];
    }
    const findings = [
      ...(await examineRead(context, key)),
      ...(await examineMissing(context)),
      ...(await examineList(context, key)),
      ...(await examineDelete(context, key)),
      ...(await examineRoot(context)),
    ];
    if (findings.length > 0) return findings;
    return {
      verdict: 'pass',
      found: 'An object was written, read, listed and deleted; a missing one is said to be missing.',
    };
  },
};

function explainPut(error: unknown): Finding {
  const refusal = toS3Refusal(causeOf(error));
  return { verdict: 'fail', found: `The key may not write: ${refusal.text}.`, ...whyNotWritten(refusal) };
}

function whyNotWritten({ code, status }: S3Refusal): { cause: string; remedy: string } {
  if (code === 'QuotaExceeded' || status === 507 || code === 'XMinioStorageFull') {
    return {
      cause: 'The bucket, the account or the disk of the storage is full.',
      remedy: 'Raise the quota or free some space; `kuanary usage` shows what takes it.',
    };
  }
  if (status === 400 || code === 'InvalidRequest') {
    return {
      cause:
        'The bucket asks for something of every write, such as encryption with a key that the storage does not have.',
      remedy: "Look at the bucket's default encryption and policy; without a key service, turn the encryption off.",
    };
  }
  if (status !== 403) return storageTrouble;
  return missingPermission('s3:PutObject', 'No upload works without it.');
}

async function examineRead({ storage }: DoctorContext, key: string): Promise<Finding[]> {
  const read = await tryCall(() => storage.readRange(key, 0, 100));
  if ('error' in read)
    return [refused('read', 's3:GetObject', 'The API reads every upload to see what it is.', read.error)];
  const { value } = read;
  if (value === null) {
    return [
      {
        verdict: 'fail',
        found: 'An object that had just been written was not there when it was read.',
        cause: 'The storage, or a cache in front of it, shows writes late. The API would answer "not uploaded".',
        remedy: 'Turn off caching in front of the storage, or use a storage with read-after-write consistency.',
      },
    ];
  }
  const bytesDiffer = Buffer.from(value.bytes).toString() !== probeBody;
  const descriptionDiffers =
    value.contentType !== probeDescription.contentType || value.metadata['probe'] !== probeDescription.metadata.probe;
  if (!bytesDiffer && !descriptionDiffers) return [];
  return [
    {
      verdict: 'fail',
      found: `An object came back with other ${bytesDiffer ? 'bytes' : 'headers (Content-Type or x-amz-meta-…)'} than it was written with.`,
      cause: 'A proxy in front of the storage changes requests or answers, or the storage drops metadata.',
      remedy: 'Point S3_ENDPOINT at the storage itself, past proxies and caches.',
    },
  ];
}

/** Without s3:ListBucket S3 answers 403 for what is not there, so that "not uploaded yet" looks like trouble. */
async function examineMissing({ storage }: DoctorContext): Promise<Finding[]> {
  const read = await tryCall(() => storage.readRange(`${probePrefix}${randomUUID()}`, 0, 1));
  if (!('error' in read)) return [];
  return [
    refused(
      'tell that an object is missing',
      's3:ListBucket',
      'A missing upload is answered 503 instead of 409 "not uploaded".',
      read.error,
    ),
  ];
}

async function examineList({ storage }: DoctorContext, key: string | undefined): Promise<Finding[]> {
  const listed = await tryCall(() => storage.list({ prefix: key ?? probePrefix, limit: 1 }));
  if ('error' in listed) {
    return [refused('list', 's3:ListBucket', 'GET /images and the sweeper list the bucket.', listed.error)];
  }
  if (key === undefined || listed.value.objects.some((object) => object.key === key)) return [];
  return [
    {
      verdict: 'warn',
      found: 'An object that had just been written was not in the list.',
      cause: 'The storage updates its lists late, or a cache answers in its place.',
      remedy: 'Turn off caching in front of the storage. New images appear late in GET /images.',
    },
  ];
}

async function examineDelete({ storage, probes }: DoctorContext, key: string): Promise<Finding[]> {
  const deleted = await tryCall(() => storage.delete(key));
  if ('error' in deleted) {
    return [
      refused(
        'delete',
        's3:DeleteObject',
        'Uploads would pile up in tmp/, and images could not be deleted.',
        deleted.error,
      ),
    ];
  }
  const read = await tryCall(() => storage.readRange(key, 0, 1));
  if (!('error' in read) && read.value !== null) {
    return [
      {
        verdict: 'fail',
        found: 'The storage said that it deleted an object, and still has it.',
        cause: 'A cache answers in its place, or a retention rule holds objects back.',
        remedy: 'Turn off caching in front of the storage, and object lock on the bucket.',
      },
    ];
  }
  probes.release(key);
  return [];
}

/** Images lie at the root; a policy may allow tmp/ only. */
async function examineRoot({ images }: DoctorContext): Promise<Finding[]> {
  const made = await tryCall(() => images.rootImage(probePicture));
  if (!('error' in made)) return [];
  return [
    refused(
      'write an image at the root of the bucket',
      's3:PutObject for all keys',
      'Finished images are kept at the root.',
      made.error,
    ),
  ];
}

function refused(what: string, action: string, effect: string, error: unknown): Finding {
  const refusal = toS3Refusal(causeOf(error));
  return {
    verdict: 'fail',
    found: `The key may not ${what}: ${describeFailure(error)}.`,
    ...(refusal.status === 403 ? missingPermission(action, effect) : storageTrouble),
  };
}

function missingPermission(action: string, effect: string): { cause: string; remedy: string } {
  return {
    cause: `The key, or a policy of the bucket, lacks ${action}. ${effect}`,
    remedy: `Allow ${action} on this bucket for the key; at Hetzner make a key with read and write access.`,
  };
}

const storageTrouble = {
  cause: 'The storage or a proxy in front of it is in trouble, or does not know this call.',
  remedy: 'Try again in some minutes; then look at the log of the storage.',
} as const;

/** What S3 answered, behind the storage's own error. */
function causeOf(error: unknown): unknown {
  return error instanceof StorageError ? error.cause : error;
}

async function tryCall<T>(call: () => Promise<T>): Promise<{ value: T } | { error: StorageError }> {
  try {
    return { value: await call() };
  } catch (error) {
    if (error instanceof StorageError) return { error };
    throw error;
  }
}
