import type { CORSRule } from '@aws-sdk/client-s3';
import { matchesOrigin } from '../bucket-setup/find-cors-conflicts.ts';

/** What the stored rules say about a page of an origin that posts forms. */
export type CorsRuleVerdict =
  | { kind: 'allowed' }
  | { kind: 'empty' }
  | { kind: 'method-missing'; methods: string[] }
  | { kind: 'near-miss'; written: string; difference: string }
  | { kind: 'not-listed' };

/** @param meant all origins that the settings list: a rule for one of them is no misspelling of another */
export function judgeCorsRules(rules: readonly CORSRule[], origin: string, meant: readonly string[]): CorsRuleVerdict {
  if (rules.length === 0) return { kind: 'empty' };
  const matching = rules.filter(({ AllowedOrigins: patterns = [] }) =>
    patterns.some((pattern) => matchesOrigin(pattern, origin)),
  );
  const methods = [...new Set(matching.flatMap(({ AllowedMethods: names = [] }) => names))];
  if (methods.includes('POST')) return { kind: 'allowed' };
  if (matching.length > 0) return { kind: 'method-missing', methods };
  for (const written of rules.flatMap(({ AllowedOrigins: patterns = [] }) => patterns)) {
    if (meant.includes(written)) continue;
    const difference = describeDifference(written, origin);
    if (difference !== undefined) return { kind: 'near-miss', written, difference };
  }
  return { kind: 'not-listed' };
}

/** How an entry that was meant for this origin differs from it; undefined where it was meant for another. */
function describeDifference(written: string, origin: string): string | undefined {
  if (written.replace(/\/+$/, '') === origin) return 'it ends with a slash';
  if (written.trim() === origin) return 'there are spaces around it';
  if (written.toLowerCase() === origin.toLowerCase()) return 'it has capital letters';
  if (written.startsWith(`${origin}/`)) return 'it has a path';
  const { protocol, host, hostname } = new URL(origin);
  if (written === host) return `it lacks ${protocol}//`;
  const other = URL.canParse(written) ? new URL(written) : undefined;
  if (other === undefined) return undefined;
  if (other.host === host) return `it says ${other.protocol}//, the page has ${protocol}//`;
  if (other.hostname === hostname) return 'it has another port';
  const withoutWww = (name: string): string => name.replace(/^www\./, '');
  if (withoutWww(other.hostname) === withoutWww(hostname)) return 'one has www., the other has not';
  return undefined;
}
