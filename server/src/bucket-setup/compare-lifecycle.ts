import type { LifecycleRule, Tag } from '@aws-sdk/client-s3';

/** Which objects a rule is for, in one form: servers give `Prefix` for `Filter`, or an `And` with one condition. */
export interface LifecycleScope {
  prefix: string;
  /** `name=value`, sorted. */
  tags: string[];
  /** Bytes. */
  largerThan: number | undefined;
  /** Bytes. */
  smallerThan: number | undefined;
}

/** Whether two rules do the same to the same objects. The IDs are not compared. */
export function isSameLifecycleRule(one: LifecycleRule, other: LifecycleRule): boolean {
  return lifecycleMeaning(one) === lifecycleMeaning(other);
}

export function scopeOf(rule: LifecycleRule): LifecycleScope {
  const { Filter: filter } = rule;
  const tags: Tag[] = [...(filter?.Tag === undefined ? [] : [filter.Tag]), ...(filter?.And?.Tags ?? [])];
  return {
    // RadosGW gives an empty `Prefix` beside nothing for a rule on the whole bucket.
    prefix: filter?.And?.Prefix || filter?.Prefix || rule.Prefix || '',
    tags: tags.map(({ Key: name, Value: value }) => `${name ?? ''}=${value ?? ''}`).sort(),
    largerThan: filter?.ObjectSizeGreaterThan ?? filter?.And?.ObjectSizeGreaterThan,
    smallerThan: filter?.ObjectSizeLessThan ?? filter?.And?.ObjectSizeLessThan,
  };
}

function lifecycleMeaning(rule: LifecycleRule): string {
  const { Expiration: expiration, NoncurrentVersionExpiration: noncurrent } = rule;
  const scope = scopeOf(rule);
  return JSON.stringify([
    rule.Status ?? 'Enabled',
    scope.prefix,
    scope.tags,
    scope.largerThan ?? null,
    scope.smallerThan ?? null,
    expiration?.Days ?? null,
    expiration?.Date?.getTime() ?? null,
    // Some servers say `false` where nothing was said.
    expiration?.ExpiredObjectDeleteMarker === true,
    noncurrent?.NoncurrentDays ?? null,
    noncurrent?.NewerNoncurrentVersions ?? null,
    (rule.Transitions ?? []).map((step) => [step.Days ?? null, step.Date?.getTime() ?? null, step.StorageClass]),
    (rule.NoncurrentVersionTransitions ?? []).map((step) => [
      step.NoncurrentDays ?? null,
      step.NewerNoncurrentVersions ?? null,
      step.StorageClass,
    ]),
    rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation ?? null,
  ]);
}
