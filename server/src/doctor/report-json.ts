import { z } from 'zod';
import type { DoctorReport } from './run-doctor.ts';
import { checkVerdicts, countVerdicts } from './verdicts.ts';

const verdict = z.enum(checkVerdicts);
const count = z.int().nonnegative();

/**
 * What `kuanary doctor --json` prints. Fields may be added under the same `version`; a change that breaks readers raises it.
 */
export const DoctorDocument = z.strictObject({
  version: z.literal(1),
  /** The worst of all checks. */
  verdict: z.enum(['pass', 'warn', 'fail']),
  /** Checks, not findings, by verdict. */
  counts: z.strictObject({ pass: count, info: count, warn: count, fail: count, skip: count }),
  /** Stopped by a signal: what had not ended then is `skip`. */
  interrupted: z.boolean(),
  /** Keys of probe objects that could not be removed from the bucket. */
  leftObjects: z.array(z.string()),
  /** Keys of records that stay because the answer to a write did not come: the sweeper removes them. */
  leftToSweeper: z.array(z.string()),
  /** In the order in which they ran. */
  checks: z.array(
    z.strictObject({
      id: z.string(),
      title: z.string(),
      /** The worst of its findings. */
      verdict,
      milliseconds: count,
      /** Present exactly when the verdict is `skip`. */
      skippedBecause: z.string().optional(),
      findings: z.array(
        z.discriminatedUnion('verdict', [
          z.strictObject({ verdict: z.enum(['pass', 'info']), found: z.string() }),
          z.strictObject({
            verdict: z.enum(['warn', 'fail']),
            found: z.string(),
            cause: z.string(),
            remedy: z.string(),
          }),
        ]),
      ),
    }),
  ),
});
export type DoctorDocument = z.infer<typeof DoctorDocument>;

export function reportToDocument({ verdict: worst, checks, ...rest }: DoctorReport): DoctorDocument {
  return { version: 1, verdict: worst, counts: countVerdicts(checks), ...rest, checks };
}
