import { printable } from '../printable-text.ts';
import type { Finding } from './check.ts';

/** Of a sentence; none of the doctor's own is half as long. */
const maxTextCharacters = 2_000;
/** Of an address, a name or whatever else a server puts there without a space. */
const maxWordCharacters = 300;

/** Makes texts that servers, buckets and settings have put into a finding safe to show and to pass on. */
export function cleanFinding(finding: Finding, redact: (text: string) => string): Finding {
  const clean = (text: string): string => limitText(redact(text));
  const found = clean(finding.found);
  if (!('cause' in finding)) return { ...finding, found };
  return { ...finding, found, cause: clean(finding.cause), remedy: clean(finding.remedy) };
}

function limitText(text: string): string {
  return printable(
    text.replace(/\S+/g, (word) => printable(word, maxWordCharacters)),
    maxTextCharacters,
  );
}
