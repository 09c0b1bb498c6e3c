import type { Config } from '../../config.ts';
import { createS3Clients } from '../../storage/s3-clients.ts';
import type { Check, DoctorContext, Finding } from '../check.ts';
import { addressWithoutBucket } from '../endpoint-settings.ts';
import { explainRefusal } from '../explain-s3-refusal.ts';
import { askForBucket, listOwnBuckets, type S3Refusal } from '../s3-refusal.ts';

/** Names of buckets that are shown where ours is missing. */
const maxShownBuckets = 5;

export const credentialsCheck: Check = {
  id: 'credentials',
  title: 'The bucket is there, and the S3 key opens it',
  needs: ['storage-reachable'],
  async run(context) {
    const { s3, config, signal } = context;
    const { bucket } = config.storage;
    // The client that repeats calls learns the storage's clock from a refusal and shares it with the others.
    const refusal = await askForBucket(s3.retrying, bucket, signal);
    if (refusal !== null) return withHostHint(await explain(refusal, context), config);
    const own = await listOwnBuckets(s3.once, signal);
    const isForeign = own !== null && !own.includes(bucket);
    return {
      verdict: isForeign ? 'info' : 'pass',
      found: isForeign
        ? `Bucket "${bucket}" opens, but belongs to another account, which has given this key access.`
        : `Bucket "${bucket}" opens with this key, in ${styleName(config.storage.forcePathStyle)}.`,
    };
  },
};

async function explain(refusal: S3Refusal, context: DoctorContext): Promise<Finding> {
  const { config, s3, signal } = context;
  if (mayBeWrongStyle(refusal) && (await otherStyleWorks(context))) return wrongStyle(refusal, config);
  const { code, status } = refusal;
  if (code === 'NoSuchBucket' || (status === 404 && code === undefined) || isPermissionTrouble(refusal)) {
    return explainMissing(refusal, config, await listOwnBuckets(s3.once, signal));
  }
  return { verdict: 'fail', ...explainRefusal(refusal, config) };
}

/** A host that begins with the bucket's name may be right; where the bucket does not open, it is the first suspect. */
function withHostHint(finding: Finding, { storage: { endpoint, bucket } }: Config): Finding {
  const withoutBucket = addressWithoutBucket(endpoint, bucket);
  if (withoutBucket === undefined || !('cause' in finding)) return finding;
  return {
    ...finding,
    cause: `${finding.cause} The host of S3_ENDPOINT begins with "${bucket}."; if that is the bucket, it is there twice, because it is added by itself.`,
    remedy: `${finding.remedy} With the bucket in the host, set S3_ENDPOINT=${withoutBucket}.`,
  };
}

function isPermissionTrouble({ code, status }: S3Refusal): boolean {
  return code === 'AccessDenied' || code === 'AllAccessDisabled' || (status === 403 && code === undefined);
}

/** A missing bucket, one of somebody else, and one that this key may not use look alike but for the list of own buckets. */
function explainMissing(refusal: S3Refusal, { storage }: Config, own: string[] | null): Finding {
  const { bucket, endpoint } = storage;
  const origin = new URL(endpoint).origin;
  if (refusal.status === 404) {
    const others =
      own === null || own.length === 0
        ? 'The key has no bucket there that it may list.'
        : `The key has ${own.length === 1 ? 'the bucket' : 'the buckets'} ${own.slice(0, maxShownBuckets).join(', ')}${own.length > maxShownBuckets ? ' …' : ''} there.`;
    return {
      verdict: 'fail',
      found: `There is no bucket "${bucket}" at ${origin} (${refusal.text}). ${others}`,
      cause: 'The bucket has not been made yet, S3_BUCKET has a typing mistake, or the bucket is at another location.',
      remedy: `Make a private bucket of this name in the console of your storage, or correct S3_BUCKET or S3_ENDPOINT. Then run \`kuanary setup-bucket\`.`,
    };
  }
  const found = `The storage knows the key, but does not let it use bucket "${bucket}" (${refusal.text}).`;
  if (own?.includes(bucket)) {
    return {
      verdict: 'fail',
      found,
      cause: "The bucket is this account's own, but a policy of the bucket or of the key forbids it.",
      remedy:
        'Give the key read and write access to this bucket (s3:ListBucket, s3:GetObject, s3:PutObject, s3:DeleteObject), or remove the policy that denies it.',
    };
  }
  return {
    verdict: 'fail',
    found,
    cause:
      own === null
        ? 'The bucket belongs to another account (names are shared by all customers of a storage), or the key is limited to other buckets.'
        : "The bucket is not among the key's own: it belongs to another account. Names are shared by all customers of a storage.",
    remedy:
      'Choose a name of your own for S3_BUCKET, make that bucket and run `kuanary setup-bucket`; or use a key of the project that owns the bucket.',
  };
}

/** What servers answer that take the bucket for an object, or a host that they do not know. */
function mayBeWrongStyle({ status, code }: S3Refusal): boolean {
  if (status === undefined) return true;
  if (status >= 500) return status === 501;
  return [
    undefined,
    'NoSuchBucket',
    'NoSuchKey',
    'MethodNotAllowed',
    'InvalidBucketName',
    'InvalidURI',
    'InvalidRequest',
    'PermanentRedirect',
    'SignatureDoesNotMatch',
    'NotImplemented',
  ].includes(code);
}

async function otherStyleWorks({ config, signal }: DoctorContext): Promise<boolean> {
  const clients = createS3Clients({ ...config.storage, forcePathStyle: !config.storage.forcePathStyle });
  try {
    return (await askForBucket(clients.once, config.storage.bucket, signal)) === null;
  } finally {
    clients.destroy();
  }
}

function wrongStyle(refusal: S3Refusal, { storage }: Config): Finding {
  const works = !storage.forcePathStyle;
  return {
    verdict: 'fail',
    found: `The bucket does not open in ${styleName(storage.forcePathStyle)} (${refusal.text}), but it does in ${styleName(works)}.`,
    cause: works
      ? 'Virtual-host style needs a DNS record and a certificate for every bucket, which this storage does not have.'
      : 'This storage takes the bucket from the host name only.',
    remedy: `Set S3_FORCE_PATH_STYLE=${works}, and at imgproxy IMGPROXY_S3_ENDPOINT_USE_PATH_STYLE=${works}.`,
  };
}

function styleName(forcePathStyle: boolean): string {
  return forcePathStyle ? 'path style (https://host/bucket)' : 'virtual-host style (https://bucket.host)';
}
