import { setTimeout as pause } from 'node:timers/promises';
import { DeadlineError, describeCause, statusOf } from '../storage/s3-errors.ts';
import { type RuleRefusal, toRuleRefusal } from './rule-refusal.ts';
import type { RuleSet, StoredRules } from './rule-sets.ts';
import type { RuleChange } from './rules-plan.ts';

/** Until all parts of a storage cluster agree on a new configuration; RadosGW was measured at 1.5 s. */
const readBackAttempts = 6;
const readBackPauseMs = 500;

export type RulesOutcome = { changes: RuleChange[]; warnings: string[] } & (
  | { state: 'unchanged' | 'changed' }
  /** `dryRun`: there are changes, and they were not made. */
  | { state: 'different' }
  | { state: 'refused'; refusal: RuleRefusal }
  /** Nothing was written, or what was written is not what the bucket says now. */
  | { state: 'failed'; sentence: string }
  /** All was written but the named rule, which Kuanary can do without; a warning says why. */
  | { state: 'partial'; leftOut: string }
);

interface SetUpOptions {
  dryRun: boolean;
  /** Called before anything is written. */
  onPlan?(changes: readonly RuleChange[]): void;
}

/**
 * Reads one configuration of a bucket, changes our rules in it, writes it and reads it back. The write follows the read
 * at once: S3 has no lock and no condition here, so a change that somebody makes in between is lost.
 *
 * @throws the SDK's error when the configuration cannot be read for another reason than a refusal
 */
export async function setUpRules<Rule, Stored extends StoredRules<Rule>>(
  ruleSet: RuleSet<Rule, Stored>,
  options: SetUpOptions,
): Promise<RulesOutcome> {
  const stored = await ruleSet.read();
  if (stored.state === 'refused') return { state: 'refused', refusal: stored.refusal, changes: [], warnings: [] };
  const { changes, next } = ruleSet.plan(stored.rules);
  const told = { changes, warnings: ruleSet.findWarnings(stored.rules) };
  options.onPlan?.(changes);
  if (changes.length === 0) return { state: 'unchanged', ...told };
  if (stored.unknownElements.length > 0) return { state: 'failed', sentence: explainUnknown(stored), ...told };
  if (options.dryRun) return { state: 'different', ...told };
  try {
    await ruleSet.write(next, stored);
  } catch (error) {
    const { reduced } = ruleSet;
    if (reduced !== undefined && isRefusedContent(error)) {
      const written = await writeReduced(ruleSet, stored, reduced);
      if (written?.state === 'failed') return { ...written, ...told };
      if (written !== null) {
        const warnings = [...told.warnings, explainLeftOut(reduced.leftOut, error)];
        return { state: 'partial', leftOut: reduced.leftOut, changes, warnings };
      }
    }
    const refusal = toRuleRefusal(error);
    if (refusal !== null) return { state: 'refused', refusal, ...told };
    return { state: 'failed', sentence: explainFailedWrite(error), ...told };
  }
  return { ...(await readBack(ruleSet, next)), ...told };
}

type Written = { state: 'changed' } | { state: 'failed'; sentence: string };

async function readBack<Rule, Stored extends StoredRules<Rule>>(
  ruleSet: RuleSet<Rule, Stored>,
  written: readonly Rule[],
): Promise<Written> {
  let seen = 'it gives other ones back. Somebody may have changed them at the same time';
  for (let attempt = 1; attempt <= readBackAttempts; attempt += 1) {
    if (attempt > 1) await pause(readBackPauseMs);
    try {
      const stored = await ruleSet.read();
      if (stored.state === 'read' && holdsAll(ruleSet, stored.rules, written)) return { state: 'changed' };
    } catch (error) {
      seen = `they could not be read back (${describeCause(error)})`;
      if (error instanceof DeadlineError) break; // It has waited long enough for a cluster to agree.
    }
  }
  return { state: 'failed', sentence: `The storage took the rules, but ${seen}: run the command again.` };
}

function holdsAll<Rule, Stored extends StoredRules<Rule>>(
  { isSame, plan }: RuleSet<Rule, Stored>,
  stored: readonly Rule[],
  written: readonly Rule[],
): boolean {
  const kept = stored.length === written.length && written.every((rule) => stored.some((other) => isSame(rule, other)));
  return kept && plan(stored).changes.length === plan(written).changes.length;
}

/**
 * A server that does not know one of the actions refuses the whole configuration (MinIO: aborting multipart uploads).
 * `null` when it refuses the rest of it too.
 */
async function writeReduced<Rule, Stored extends StoredRules<Rule>>(
  ruleSet: RuleSet<Rule, Stored>,
  stored: Stored,
  { plan }: NonNullable<RuleSet<Rule, Stored>['reduced']>,
): Promise<Written | null> {
  const { next, changes } = plan(stored.rules);
  if (changes.length === 0) return { state: 'changed' };
  try {
    await ruleSet.write(next, stored);
  } catch {
    return null; // Then it was not that rule; the first error says more.
  }
  return readBack(ruleSet, next);
}

function explainLeftOut(ruleId: string, refused: unknown): string {
  return `The storage refuses the rule "${ruleId}" (${describeCause(refused)}). Unfinished multipart uploads of other programs are not removed by it; Kuanary makes none.`;
}

/** Without an answer the write may have been carried out, or still be. */
function explainFailedWrite(error: unknown): string {
  return statusOf(error) === undefined
    ? `Whether the storage took the rules is not known: ${describeCause(error)}. Run the command again.`
    : `The storage did not take the rules: ${describeCause(error)}.`;
}

function isRefusedContent(error: unknown): boolean {
  const status = statusOf(error);
  return status === 400 || status === 501;
}

function explainUnknown({ unknownElements }: { unknownElements: readonly string[] }): string {
  const names = unknownElements.map((name) => `<${name}>`).join(', ');
  return `The stored rules hold ${names}, which the S3 API does not define and a write would lose. Nothing was changed: add the rules above in the provider's console.`;
}
