import type { LifecycleRule } from '@aws-sdk/client-s3';
import { isSameLifecycleRule, scopeOf } from './compare-lifecycle.ts';
import { describeLifecycleRule } from './describe-rules.ts';
import type { RuleChange, RulesPlan } from './rules-plan.ts';
import { isOurLifecycleRule } from './wanted-lifecycle.ts';

/**
 * Ours as wanted, after all others as they are. `wanted: []` removes ours. The order of lifecycle rules means nothing, and
 * some servers sort them. Pure: planning again on `next` changes nothing.
 */
export function planLifecycle(
  current: readonly LifecycleRule[],
  wanted: readonly LifecycleRule[],
): RulesPlan<LifecycleRule> {
  const ours = current.filter(isOurLifecycleRule);
  const foreign = current.filter((rule) => !isOurLifecycleRule(rule));
  const changes = [
    ...wanted.flatMap((rule) => changeTo(rule, ours)),
    ...ours.filter(({ ID: id }) => !wanted.some((rule) => rule.ID === id)).map(removalOf),
  ];
  if (changes.length === 0) return { next: [...current], changes };
  const next = usesOldForm(foreign) ? wanted.map(toOldForm) : [...wanted];
  return { next: [...foreign, ...next], changes };
}

function changeTo(wanted: LifecycleRule, ours: readonly LifecycleRule[]): RuleChange[] {
  const before = ours.find(({ ID: id }) => id === wanted.ID);
  if (before !== undefined && isSameLifecycleRule(before, wanted)) return [];
  return [
    {
      ruleId: wanted.ID ?? '',
      before: before === undefined ? [] : describeLifecycleRule(before),
      after: describeLifecycleRule(wanted),
    },
  ];
}

function removalOf(rule: LifecycleRule): RuleChange {
  return { ruleId: rule.ID ?? '', before: describeLifecycleRule(rule), after: [] };
}

/** AWS refuses a configuration in which some rules have a `Filter` and others the older `Prefix`. */
function usesOldForm(foreign: readonly LifecycleRule[]): boolean {
  return foreign.some(({ Prefix: prefix }) => prefix !== undefined) && foreign.every((rule) => !rule.Filter);
}

function toOldForm(rule: LifecycleRule): LifecycleRule {
  const { Filter: _filter, ...rest } = rule;
  return { ...rest, Prefix: scopeOf(rule).prefix };
}
