import { explainRefusal } from './explain-refusal.ts';
import { corsRuleSet, lifecycleRuleSet, type RuleSetTarget } from './rule-sets.ts';
import type { RuleChange } from './rules-plan.ts';
import { type RulesOutcome, setUpRules } from './set-up-rules.ts';

interface BucketSetupOptions {
  /** Pages that upload; `*` stands for all. Without any, CORS is left alone. */
  origins: readonly string[];
  /** Compare only. */
  dryRun?: boolean;
  /** Remove our rules instead. */
  undo?: boolean;
  /** Called for each configuration before anything is written to it. */
  onPlan?(configuration: 'CORS' | 'lifecycle', changes: readonly RuleChange[]): void;
}

export type ConfigurationOutcome = RulesOutcome | { state: 'left_alone'; changes: []; warnings: [] };

export interface BucketSetup {
  cors: ConfigurationOutcome;
  lifecycle: ConfigurationOutcome;
}

/**
 * Gives a bucket the CORS rule and the lifecycle rules that Kuanary wants, or takes them away. Rules of others stay as
 * they are; no object is touched. One configuration that is refused does not stop the other.
 *
 * @throws the error of `callBucket` when the bucket cannot be read at all
 */
export async function setUpBucket(target: RuleSetTarget, options: BucketSetupOptions): Promise<BucketSetup> {
  const { origins, dryRun = false, undo = false, onPlan } = options;
  const optionsFor = (name: 'CORS' | 'lifecycle') => ({
    dryRun,
    onPlan: (changes: readonly RuleChange[]) => onPlan?.(name, changes),
  });
  const cors: ConfigurationOutcome =
    origins.length === 0 && !undo
      ? { state: 'left_alone', changes: [], warnings: [] }
      : await setUpRules(corsRuleSet(target, origins, undo), optionsFor('CORS'));
  const lifecycle = await setUpRules(lifecycleRuleSet(target, undo), optionsFor('lifecycle'));
  return { cors, lifecycle };
}

/** What keeps an outcome from being what was asked for; `null` when nothing does. */
export function explainOutcome(
  name: 'CORS' | 'lifecycle',
  outcome: ConfigurationOutcome,
  origins: readonly string[],
): string | null {
  if (outcome.state === 'refused') return explainRefusal(name, outcome.refusal, origins);
  return outcome.state === 'failed' ? outcome.sentence : null;
}
