import { planCors } from '../bucket-setup/plan-cors.ts';
import { planLifecycle } from '../bucket-setup/plan-lifecycle.ts';
import type { RuleChange } from '../bucket-setup/rules-plan.ts';
import { type BucketSetup, type ConfigurationOutcome, explainOutcome } from '../bucket-setup/set-up-bucket.ts';
import { wantedCorsRule } from '../bucket-setup/wanted-cors.ts';
import { wantedLifecycleRules } from '../bucket-setup/wanted-lifecycle.ts';
import type { Config } from '../config.ts';
import { printLines } from './print-lines.ts';

type ConfigurationName = 'CORS' | 'lifecycle';

/** What the command was asked for, and what it found. */
interface SetupFacts {
  storage: Config['storage'];
  origins: readonly string[];
  dryRun: boolean;
  undo: boolean;
  created: boolean;
}

/** The difference, in lines that begin with what happens to them. */
export function printPlan(name: ConfigurationName, changes: readonly RuleChange[]): void {
  if (changes.length === 0) return;
  console.log('');
  printLines([`${titleOf(name)}:`, ...changes.flatMap(diffLines)]);
}

function diffLines({ ruleId, before, after }: RuleChange): string[] {
  const sign = before.length === 0 ? '+' : after.length === 0 ? '-' : ' ';
  const labels = new Set([...before, ...after].map(labelOf));
  return [
    `${sign} rule "${ruleId}"`,
    ...[...labels].flatMap((label) => [
      ...before
        .filter((line) => labelOf(line) === label)
        .map((line) => `${after.includes(line) ? ' ' : '-'}   ${line}`),
      ...after.filter((line) => labelOf(line) === label && !before.includes(line)).map((line) => `+   ${line}`),
    ]),
  ];
}

/** The first word, so that what a line becomes stands below it. */
function labelOf(line: string): string | undefined {
  return line.split(' ')[0];
}

export function printMissingBucketPlan(storage: Config['storage'], origins: readonly string[], json: boolean): void {
  const cors = planCors([], wantedCorsRule(origins)).changes;
  const lifecycle = planLifecycle([], wantedLifecycleRules()).changes;
  if (json) {
    const { bucket, endpoint } = storage;
    const state = 'different';
    const bucketState = { bucket, endpoint, missing: true, dryRun: true };
    console.log(
      JSON.stringify(
        { ...bucketState, cors: { state, changes: cors }, lifecycle: { state, changes: lifecycle } },
        null,
        2,
      ),
    );
    return;
  }
  printLines([`Bucket "${storage.bucket}" at ${storage.endpoint}`, '', '+ the bucket itself, private']);
  printPlan('CORS', cors);
  printPlan('lifecycle', lifecycle);
  console.log('\nNothing was changed (--dry-run).');
}

export function printOutcomes(setup: BucketSetup, facts: SetupFacts): void {
  console.log('');
  for (const [name, outcome] of bothOf(setup))
    printLines([`${titleOf(name)}: ${describeOutcome(name, outcome, facts)}`]);
  for (const [, { warnings }] of bothOf(setup)) for (const warning of warnings) printLines(['', `Warning: ${warning}`]);
  if (facts.dryRun && bothOf(setup).some(([, { state }]) => state === 'different')) {
    console.log('\nNothing was changed (--dry-run).');
  }
}

function describeOutcome(name: ConfigurationName, outcome: ConfigurationOutcome, facts: SetupFacts): string {
  switch (outcome.state) {
    case 'unchanged':
      return facts.undo ? 'none of our rules is there; nothing to change.' : 'as it should be; nothing to change.';
    case 'changed':
      return facts.undo ? 'our rules are removed.' : 'set up, and read back.';
    case 'partial':
      return `set up, and read back, without the rule "${outcome.leftOut}".`;
    case 'different':
      return 'would be changed as shown above.';
    case 'left_alone':
      return 'left alone, because neither ALLOWED_ORIGINS nor ANONYMOUS_ORIGINS is set. Set the origins of the pages that upload, and run this again.';
    default:
      return explainOutcome(name, outcome, facts.origins) ?? '';
  }
}

/** For programs: the same facts, without the storage's own error objects. */
export function toJson(setup: BucketSetup, facts: SetupFacts): object {
  const outcomeToJson = (name: ConfigurationName, outcome: ConfigurationOutcome): object => {
    const problem = explainOutcome(name, outcome, facts.origins);
    const { state, changes, warnings } = outcome;
    return { state, changes, warnings, ...(problem === null ? {} : { problem }) };
  };
  const { storage, origins, dryRun, undo, created } = facts;
  return {
    bucket: storage.bucket,
    endpoint: storage.endpoint,
    origins,
    dryRun,
    undo,
    created,
    cors: outcomeToJson('CORS', setup.cors),
    lifecycle: outcomeToJson('lifecycle', setup.lifecycle),
  };
}

function bothOf({ cors, lifecycle }: BucketSetup): [ConfigurationName, ConfigurationOutcome][] {
  return [
    ['CORS', cors],
    ['lifecycle', lifecycle],
  ];
}

function titleOf(name: ConfigurationName): string {
  return name === 'CORS' ? 'CORS' : 'Lifecycle';
}
