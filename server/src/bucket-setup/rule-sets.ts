import type { CORSRule, LifecycleRule, S3Client } from '@aws-sdk/client-s3';
import type { CallLimits } from './bucket-call.ts';
import { isSameCorsRule } from './compare-cors.ts';
import { isSameLifecycleRule } from './compare-lifecycle.ts';
import { findCorsConflicts } from './find-cors-conflicts.ts';
import { findLifecycleRisks } from './find-lifecycle-risks.ts';
import { describeOlderRule, findOlderCorsRules } from './find-older-cors-rules.ts';
import { planCors } from './plan-cors.ts';
import { planLifecycle } from './plan-lifecycle.ts';
import { type LifecycleRules, type RulesRead, readCorsRules, readLifecycleRules } from './read-bucket-rules.ts';
import type { RulesPlan } from './rules-plan.ts';
import { wantedCorsRule } from './wanted-cors.ts';
import { lifecycleRuleIds, wantedLifecycleRules } from './wanted-lifecycle.ts';
import { writeCorsRules, writeLifecycleRules } from './write-bucket-rules.ts';

export interface StoredRules<Rule> {
  rules: Rule[];
  unknownElements: string[];
}

/** One of the bucket's two configurations, CORS or lifecycle, with what Kuanary wants in it. */
export interface RuleSet<Rule = unknown, Stored extends StoredRules<Rule> = StoredRules<Rule>> {
  name: 'CORS' | 'lifecycle';
  read(): Promise<RulesRead<Stored>>;
  plan(rules: readonly Rule[]): RulesPlan<Rule>;
  /** Replaces the whole configuration. */
  write(rules: Rule[], stored: Stored): Promise<void>;
  isSame(one: Rule, other: Rule): boolean;
  /** Sentences about rules of others that get in our way. */
  findWarnings(rules: readonly Rule[]): string[];
  /** The same set without what some servers refuse; absent where there is nothing to leave out. */
  reduced?: { leftOut: string; plan(rules: readonly Rule[]): RulesPlan<Rule> };
}

export interface RuleSetTarget {
  client: S3Client;
  bucket: string;
  /** Of each single call. */
  limits?: CallLimits;
}

/** `origins` empty, or `remove`: our rule is to go. */
export function corsRuleSet(
  { client, bucket, limits }: RuleSetTarget,
  origins: readonly string[],
  remove: boolean,
): RuleSet<CORSRule> {
  const wanted = remove ? null : wantedCorsRule(origins);
  return {
    name: 'CORS',
    read: () => readCorsRules(client, bucket, limits),
    plan: (rules) => planCors(rules, wanted),
    write: (rules) => writeCorsRules(client, bucket, rules, limits),
    isSame: isSameCorsRule,
    findWarnings: (rules) => (wanted === null ? [] : findCorsWarnings(rules, wanted)),
  };
}

function findCorsWarnings(rules: readonly CORSRule[], wanted: CORSRule): string[] {
  const conflicts = findCorsConflicts(planCors(rules, wanted).next, wanted);
  return [...conflicts.map(({ sentence }) => sentence), ...findOlderCorsRules(rules, wanted).map(describeOlderRule)];
}

export function lifecycleRuleSet(
  { client, bucket, limits }: RuleSetTarget,
  remove: boolean,
): RuleSet<LifecycleRule, LifecycleRules> {
  const wanted = remove ? [] : wantedLifecycleRules();
  const reduced = wanted.filter(({ ID: id }) => id !== lifecycleRuleIds.multipart);
  return {
    name: 'lifecycle',
    read: () => readLifecycleRules(client, bucket, limits),
    plan: (rules) => planLifecycle(rules, wanted),
    write: (rules, { transitionMinimum }) => writeLifecycleRules(client, bucket, rules, transitionMinimum, limits),
    isSame: isSameLifecycleRule,
    findWarnings: (rules) => (remove ? [] : findLifecycleRisks(rules).map(({ sentence }) => sentence)),
    ...(remove
      ? {}
      : { reduced: { leftOut: lifecycleRuleIds.multipart, plan: (rules) => planLifecycle(rules, reduced) } }),
  };
}
