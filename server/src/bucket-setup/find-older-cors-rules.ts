import type { CORSRule } from '@aws-sdk/client-s3';
import { isSameCorsRule } from './compare-cors.ts';

/**
 * Rules that look as if we had written them for other origins. A server that does not keep IDs gives ours back without
 * one, so that nobody can tell any more whose they are once the origins have changed: they stay.
 */
export function findOlderCorsRules(rules: readonly CORSRule[], wanted: CORSRule): CORSRule[] {
  return rules.filter((rule) => {
    const { AllowedOrigins: origins } = rule;
    return !rule.ID && !isSameCorsRule(rule, wanted) && isSameCorsRule(rule, { ...wanted, AllowedOrigins: origins });
  });
}

export function describeOlderRule({ AllowedOrigins: origins = [] }: CORSRule): string {
  return `A CORS rule without an ID, for ${origins.join(' ')}, looks like an older one of ours: this server does not keep the IDs of CORS rules. It is left alone; remove it in the provider's console if these pages shall not upload any more.`;
}
