import { printable } from '../printable-text.ts';

/** What every command's exit code means. */
export const exitCodes = { fine: 0, finding: 1, wrongUsage: 2, badConfiguration: 78 } as const;

/** The command line itself is wrong; the message says what it takes. */
export class UsageError extends Error {}

/**
 * The command could not do what it was asked for; the message, one line, says why and what to do. It may quote servers,
 * and is safe to show. Exit code: a finding.
 */
export class CommandError extends Error {
  constructor(message: string) {
    super(printable(message));
  }
}
