import { GetBucketVersioningCommand, GetObjectLockConfigurationCommand } from '@aws-sdk/client-s3';
import { readLifecycleRules } from '../../bucket-setup/read-bucket-rules.ts';
import type { Check, DoctorContext, Finding } from '../check.ts';
import { toS3Refusal } from '../s3-refusal.ts';

export const versioningCheck: Check = {
  id: 'versioning',
  title: 'Deleted objects are gone: no versions, no object lock',
  needs: ['credentials'],
  async run(context) {
    const findings = [await examineVersioning(context), await examineObjectLock(context)];
    return findings.flatMap((finding) => finding ?? []);
  },
};

async function examineVersioning({ s3, config, signal }: DoctorContext): Promise<Finding> {
  const { bucket } = config.storage;
  const command = new GetBucketVersioningCommand({ Bucket: bucket });
  const answer = await s3.once.send(command, { abortSignal: signal }).catch((error: unknown) => toS3Refusal(error));
  if ('text' in answer) {
    return { verdict: 'info', found: `Whether the bucket keeps versions is not known: ${answer.text}.` };
  }
  if (answer.Status === undefined) return { verdict: 'pass', found: 'The bucket keeps no versions.' };
  if (answer.Status === 'Suspended') {
    return { verdict: 'info', found: 'Versioning is suspended: versions of earlier times may still be in the bucket.' };
  }
  const read = await readLifecycleRules(s3.once, bucket, { signal }).catch(() => null);
  const expires =
    read?.state === 'read' &&
    read.rules.some((rule) => rule.Status === 'Enabled' && rule.NoncurrentVersionExpiration !== undefined);
  if (expires) {
    return {
      verdict: 'info',
      found: 'Versioning is on, and a lifecycle rule removes old versions: deleted images stay until then.',
    };
  }
  return {
    verdict: 'warn',
    found: 'Versioning is on: every deleted object stays as an old version.',
    cause:
      'Deleting only hides objects in such a bucket. Temporary files pile up for ever, and deleted images can be read back.',
    remedy:
      'Suspend versioning (`aws s3api put-bucket-versioning --versioning-configuration Status=Suspended`), or add a lifecycle rule with NoncurrentVersionExpiration, such as 7 days.',
  };
}

async function examineObjectLock({ s3, config, signal }: DoctorContext): Promise<Finding | null> {
  const command = new GetObjectLockConfigurationCommand({ Bucket: config.storage.bucket });
  const answer = await s3.once.send(command, { abortSignal: signal }).catch(() => null);
  const lock = answer?.ObjectLockConfiguration;
  // A refusal of any kind is the ordinary case: there is no object lock, or no such call.
  if (lock?.ObjectLockEnabled !== 'Enabled') return null;
  const retention = lock.Rule?.DefaultRetention;
  if (retention === undefined) {
    return {
      verdict: 'info',
      found: 'Object lock is on, without a default retention: it does not hold anything back.',
    };
  }
  return {
    verdict: 'warn',
    found: `Object lock keeps every object for ${retention.Days === undefined ? `${retention.Years ?? 0} years` : `${retention.Days} days`}.`,
    cause:
      'Within that time nothing can really be deleted: not temporary files, and not images that somebody wants gone.',
    remedy: 'Remove the default retention from the bucket, or use a bucket without object lock.',
  };
}
