import type { CORSRule } from '@aws-sdk/client-s3';
import { isSameCorsRule } from './compare-cors.ts';
import { corsRuleId } from './wanted-cors.ts';

/** Two rules that answer for the same origin and method: S3 uses the first of them and does not look at the second. */
interface CorsConflict {
  /** The other rule's ID; empty where it has none. */
  ruleId: string;
  /** - `hides_ours`: it comes first, so browsers get its answer - `hidden_by_ours`: it comes later, and no longer decides */
  effect: 'hides_ours' | 'hidden_by_ours';
  methods: string[];
  sentence: string;
}

/**
 * Conflicts between the rule that Kuanary wants and the others of the bucket, in the bucket's order. Without our rule
 * among them it is taken to come first, as `setup-bucket` puts it.
 */
export function findCorsConflicts(rules: readonly CORSRule[], wanted: CORSRule): CorsConflict[] {
  const place = rules.findIndex(({ ID: id }) => id === corsRuleId);
  return rules.flatMap((rule, index) => {
    if (index === place || isSameCorsRule(rule, wanted)) return [];
    const methods = sharedMethods(rule, wanted);
    if (methods.length === 0 || !sharesOrigin(rule, wanted)) return [];
    return [describeConflict(rule, methods, index < place ? 'hides_ours' : 'hidden_by_ours')];
  });
}

function describeConflict(rule: CORSRule, methods: string[], effect: CorsConflict['effect']): CorsConflict {
  const ruleId = rule.ID ?? '';
  const name = ruleId === '' ? 'A CORS rule without an ID' : `The CORS rule "${ruleId}"`;
  const sentence =
    effect === 'hides_ours'
      ? `${name} comes before ours and answers ${methods.join(', ')} for the same origins: uploads get its headers.`
      : `${name} answers ${methods.join(', ')} for the same origins: ours comes first and decides for them.`;
  return { ruleId, effect, methods, sentence };
}

function sharedMethods(rule: CORSRule, wanted: CORSRule): string[] {
  return (wanted.AllowedMethods ?? []).filter((method) => rule.AllowedMethods?.includes(method));
}

function sharesOrigin(rule: CORSRule, wanted: CORSRule): boolean {
  const origins = wanted.AllowedOrigins ?? [];
  return (rule.AllowedOrigins ?? []).some((pattern) =>
    origins.some((origin) => origin === '*' || matchesOrigin(pattern, origin)),
  );
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html: an origin may have one `*`. */
export function matchesOrigin(pattern: string, origin: string): boolean {
  const [before = '', after] = pattern.split('*');
  if (after === undefined) return pattern === origin;
  return origin.length >= before.length + after.length && origin.startsWith(before) && origin.endsWith(after);
}
