import type { LifecycleRule } from '@aws-sdk/client-s3';
import { probePrefix } from '../storage/conditional-put-probe.ts';
import { commitsPrefix, incomingPrefix } from '../uploads/object-keys.ts';

export const lifecycleRuleIds = {
  incoming: 'kuanary-incoming',
  probe: 'kuanary-probe',
  commits: 'kuanary-commits',
  multipart: 'kuanary-multipart',
} as const;

export const incomingExpiryDays = 2;
const probeExpiryDays = 2;
/** Longer than the 60 days after which the sweeper only reports attempts, because their records may be gone. */
export const commitsExpiryDays = 90;
const multipartExpiryDays = 1;

/**
 * The net under the sweeper. `tmp/attempts/` has no rule: an attempt record is what tells the sweeper that an image may
 * have to be deleted, so only the sweeper may remove it.
 */
export function wantedLifecycleRules(): LifecycleRule[] {
  return [
    expiring(lifecycleRuleIds.incoming, incomingPrefix, incomingExpiryDays),
    expiring(lifecycleRuleIds.probe, probePrefix, probeExpiryDays),
    expiring(lifecycleRuleIds.commits, commitsPrefix, commitsExpiryDays),
    {
      ID: lifecycleRuleIds.multipart,
      Status: 'Enabled',
      Filter: { Prefix: 'tmp/' },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: multipartExpiryDays },
    },
  ];
}

export function isOurLifecycleRule({ ID: id }: LifecycleRule): boolean {
  return Object.values<string | undefined>(lifecycleRuleIds).includes(id);
}

function expiring(id: string, prefix: string, days: number): LifecycleRule {
  return { ID: id, Status: 'Enabled', Filter: { Prefix: prefix }, Expiration: { Days: days } };
}
