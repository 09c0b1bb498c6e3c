import type { CORSRule, LifecycleRule } from '@aws-sdk/client-s3';
import { scopeOf } from './compare-lifecycle.ts';

/** A rule in short lines that can be compared one by one. */
export function describeCorsRule(rule: CORSRule): string[] {
  const list = (values: readonly string[] | undefined): string => [...(values ?? [])].join(' ') || 'none';
  return [
    ...(rule.AllowedOrigins ?? []).map((origin) => `origin   ${origin}`),
    `methods  ${list(rule.AllowedMethods?.toSorted())}`,
    `headers  ${list(rule.AllowedHeaders)}`,
    `exposes  ${list(rule.ExposeHeaders)}`,
    `cached   ${rule.MaxAgeSeconds === undefined ? 'as long as the browser likes' : `${rule.MaxAgeSeconds} seconds`}`,
  ];
}

export function describeLifecycleRule(rule: LifecycleRule): string[] {
  const { prefix, tags, largerThan, smallerThan } = scopeOf(rule);
  const abortDays = rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation;
  return [
    `prefix   ${prefix === '' ? '(the whole bucket)' : prefix}`,
    ...tags.map((tag) => `tag      ${tag}`),
    ...(largerThan === undefined ? [] : [`larger   than ${largerThan} bytes`]),
    ...(smallerThan === undefined ? [] : [`smaller  than ${smallerThan} bytes`]),
    ...(rule.Status === 'Disabled' ? ['status   disabled'] : []),
    ...describeExpiration(rule),
    ...(rule.Transitions ?? []).map(
      ({ Days: days, Date: date, StorageClass: target }) =>
        `moves    to ${target ?? '?'} ${date === undefined ? `after ${days ?? 0} days` : `from ${date.toISOString()}`}`,
    ),
    ...(abortDays === undefined
      ? []
      : [`aborts   unfinished multipart uploads after ${abortDays} ${dayWord(abortDays)}`]),
  ];
}

function describeExpiration({
  Expiration: expiration,
  NoncurrentVersionExpiration: noncurrent,
}: LifecycleRule): string[] {
  const { Days: days, Date: date } = expiration ?? {};
  return [
    ...(days === undefined ? [] : [`deletes  after ${days} ${dayWord(days)}`]),
    ...(date === undefined ? [] : [`deletes  from ${date.toISOString()}`]),
    ...(expiration?.ExpiredObjectDeleteMarker ? ['deletes  delete markers without versions'] : []),
    ...(noncurrent?.NoncurrentDays === undefined
      ? []
      : [`deletes  old versions after ${noncurrent.NoncurrentDays} days`]),
  ];
}

function dayWord(days: number): string {
  return days === 1 ? 'day' : 'days';
}
