import type { Finding, Verdict } from './check.ts';
import type { CheckReport } from './run-doctor.ts';

export const checkVerdicts = ['pass', 'info', 'warn', 'fail', 'skip'] as const satisfies readonly Verdict[];

/** How many checks have each verdict. */
export function countVerdicts(checks: readonly CheckReport[]): Record<Verdict, number> {
  const counts: Record<Verdict, number> = { pass: 0, info: 0, warn: 0, fail: 0, skip: 0 };
  for (const { verdict } of checks) counts[verdict] += 1;
  return counts;
}

/** Of one check. */
export function verdictOf(findings: readonly Finding[]): Finding['verdict'] {
  const worst = worstOf(findings.map(({ verdict }) => verdict));
  return worst === 'pass' && findings.every(({ verdict }) => verdict === 'info') ? 'info' : worst;
}

export function worstOf(verdicts: readonly Verdict[]): 'pass' | 'warn' | 'fail' {
  if (verdicts.includes('fail')) return 'fail';
  return verdicts.includes('warn') ? 'warn' : 'pass';
}
