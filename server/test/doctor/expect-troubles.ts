import { expect } from 'vitest';
import type { Diagnosis } from './diagnose.ts';

/** These checks say that something is wrong, no other one does, and nothing stays in the bucket. */
export function expectTroubles(
  diagnosis: Diagnosis,
  { failed = [], warned = [] }: Partial<Record<'failed' | 'warned', string[]>>,
): void {
  const texts = [...diagnosis.failed, ...diagnosis.warned].map((id) => `${id}: ${diagnosis.textOf(id)}`).join('\n\n');
  expect({ failed: diagnosis.failed, warned: diagnosis.warned, left: diagnosis.leftKeys }, texts).toEqual({
    failed,
    warned,
    left: [],
  });
}
