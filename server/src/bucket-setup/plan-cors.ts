import type { CORSRule } from '@aws-sdk/client-s3';
import { isSameCorsRule } from './compare-cors.ts';
import { describeCorsRule } from './describe-rules.ts';
import type { RulesPlan } from './rules-plan.ts';
import { corsRuleId } from './wanted-cors.ts';

/**
 * Our rule first, because the first rule that matches a request decides; all others as they are, in their order.
 * `wanted: null` removes ours. Pure: planning again on `next` changes nothing.
 */
export function planCors(current: readonly CORSRule[], wanted: CORSRule | null): RulesPlan<CORSRule> {
  const ours = current.filter(isOurs);
  const foreign = current.filter((rule) => !isOurs(rule));
  if (wanted === null ? ours.length === 0 : isInPlace(current, wanted)) return { next: [...current], changes: [] };
  const before = ours.flatMap(describeCorsRule);
  const after = wanted === null ? [] : describeCorsRule(wanted);
  const moved = wanted !== null && ours.length > 0 && !(current[0] && isOurs(current[0]));
  return {
    next: wanted === null ? foreign : [wanted, ...foreign],
    changes: [{ ruleId: corsRuleId, before, after: moved ? [...after, 'place    before all others'] : after }],
  };
}

/** First, as wanted, and once. A server that does not keep the IDs of CORS rules gives it back without one. */
function isInPlace(current: readonly CORSRule[], wanted: CORSRule): boolean {
  const [first, ...others] = current;
  return first !== undefined && (isOurs(first) || !first.ID) && isSameCorsRule(first, wanted) && !others.some(isOurs);
}

function isOurs({ ID: id }: CORSRule): boolean {
  return id === corsRuleId;
}
