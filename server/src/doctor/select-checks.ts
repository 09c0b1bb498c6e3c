import { printable } from '../printable-text.ts';
import { allChecks } from './all-checks.ts';
import type { Check, Finding } from './check.ts';
import type { DoctorReport } from './run-doctor.ts';

/** An id that no check has. */
export class UnknownCheckError extends Error {
  constructor(ids: readonly string[]) {
    super(
      `There is no check ${ids.map((id) => `"${id}"`).join(', ')}. There are: ${allChecks.map(({ id }) => id).join(', ')}.`,
    );
    this.name = 'UnknownCheckError';
  }
}

/** The checks of these ids and those that they need, in the order in which all run. @throws UnknownCheckError */
export function selectChecks(ids: readonly string[]): Check[] {
  if (ids.length === 0) throw new UnknownCheckError(['']);
  const unknown = ids.filter((id) => allChecks.every((check) => check.id !== id));
  if (unknown.length > 0) throw new UnknownCheckError(unknown);
  const wanted = new Set(ids);
  // Needs come before what needs them, so one pass from the end finds them all.
  for (const check of allChecks.toReversed()) {
    if (wanted.has(check.id)) for (const need of check.needs) wanted.add(need);
  }
  return allChecks.filter(({ id }) => wanted.has(id));
}

/** The report where the settings cannot be loaded: nothing else can be checked. */
export function reportBadConfiguration(problems: readonly string[]): DoctorReport {
  const checks = allChecks.map(({ id, title }) => {
    if (id !== 'configuration') {
      const skippedBecause = 'the settings cannot be loaded';
      return { id, title, verdict: 'skip' as const, findings: [], skippedBecause, milliseconds: 0 };
    }
    const findings = problems.map(
      (problem): Finding => ({
        verdict: 'fail',
        found: `${printable(problem)}.`,
        cause: 'The API does not start with these settings.',
        remedy: 'Correct them in the environment or in ./.env; the README lists all settings.',
      }),
    );
    return { id, title, verdict: 'fail' as const, findings, milliseconds: 0 };
  });
  return { verdict: 'fail', checks, leftObjects: [], leftToSweeper: [], interrupted: false };
}
