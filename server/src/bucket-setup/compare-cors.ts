import type { CORSRule } from '@aws-sdk/client-s3';

/** Whether two rules mean the same, whatever the order in which a server gives their lists. The IDs are not compared. */
export function isSameCorsRule(one: CORSRule, other: CORSRule): boolean {
  return corsMeaning(one) === corsMeaning(other);
}

function corsMeaning(rule: CORSRule): string {
  return JSON.stringify([
    sorted(rule.AllowedOrigins),
    sorted(rule.AllowedMethods),
    // Header names have no case.
    sorted(rule.AllowedHeaders?.map((name) => name.toLowerCase())),
    sorted(rule.ExposeHeaders?.map((name) => name.toLowerCase())),
    rule.MaxAgeSeconds ?? null,
  ]);
}

function sorted(values: readonly string[] | undefined): string[] {
  return [...new Set(values)].sort();
}
