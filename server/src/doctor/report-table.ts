import { styleText } from 'node:util';
import type { Finding, Verdict } from './check.ts';
import type { CheckReport, DoctorReport } from './run-doctor.ts';
import { countVerdicts } from './verdicts.ts';
import { wrapText } from './wrap-text.ts';

interface TableStyle {
  /** Columns of the terminal. */
  width: number;
  colour: boolean;
}

const defaultWidth = 80;
/** Longer lines are hard to read. */
const maxWidth = 110;

/** As the stream's terminal allows; no colours for a file or a pipe, nor where the owner wants none (no-color.org). */
export function chooseStyle(
  { isTTY = false, columns = 0 }: { isTTY?: boolean; columns?: number },
  { NO_COLOR: noColour = '', TERM: terminal }: Record<string, string | undefined>,
): TableStyle {
  return {
    width: Math.min(isTTY && columns > 0 ? columns : defaultWidth, maxWidth),
    colour: isTTY && noColour === '' && terminal !== 'dumb',
  };
}

type Colour = 'green' | 'cyan' | 'yellow' | 'red' | 'dim';

/** A sign, a word and a colour: each says it alone. */
const marks: Readonly<Record<Verdict, { sign: string; word: string; colour: Colour }>> = {
  pass: { sign: '✓', word: 'pass', colour: 'green' },
  info: { sign: 'i', word: 'info', colour: 'cyan' },
  warn: { sign: '!', word: 'WARN', colour: 'yellow' },
  fail: { sign: '✗', word: 'FAIL', colour: 'red' },
  skip: { sign: '–', word: 'skip', colour: 'dim' },
};

const indent = ' '.repeat('✓ pass  '.length);
const labels = { cause: 'Cause:  ', remedy: 'Remedy: ' } as const;

/** One check: its mark and title, what was found, and under a trouble its cause and remedy. */
export function formatCheck({ title, verdict, findings }: CheckReport, style: TableStyle): string {
  const heading = `${mark(verdict, style)}  ${paint('bold', title, style)}`;
  const lines = findings.flatMap((finding, index) => formatFinding(finding, findings[index + 1], style));
  return [heading, ...lines].join('\n');
}

function formatFinding(finding: Finding, next: Finding | undefined, style: TableStyle): string[] {
  const found = wrapText(finding.found, style.width, indent, indent);
  if (!('cause' in finding)) return found.map((line) => paint('dim', line, style));
  // Several findings of one cause, such as the mistakes of a configuration, say it once.
  if (next !== undefined && 'cause' in next && next.cause === finding.cause && next.remedy === finding.remedy)
    return found;
  const hanging = indent + ' '.repeat(labels.cause.length);
  return [
    ...found,
    ...wrapText(finding.cause, style.width, indent + labels.cause, hanging),
    ...wrapText(finding.remedy, style.width, indent + labels.remedy, hanging),
  ];
}

/** What was skipped, one paragraph for each reason. */
export function formatSkipped(checks: readonly CheckReport[], style: TableStyle): string[] {
  const byReason = new Map<string, string[]>();
  for (const { id, skippedBecause } of checks) {
    if (skippedBecause !== undefined) byReason.set(skippedBecause, [...(byReason.get(skippedBecause) ?? []), id]);
  }
  return [...byReason].map(([reason, ids]) => {
    const [first = '', ...rest] = wrapText(`${ids.join(', ')}: ${reason}.`, style.width - indent.length, '', '');
    return [
      `${mark('skip', style)}  ${paint('dim', first, style)}`,
      ...rest.map((line) => paint('dim', indent + line, style)),
    ].join('\n');
  });
}

/**
 * The last lines: how many of each verdict, and what to do next.
 *
 * @param options.complete whether all checks were asked for
 */
export function formatClosing(
  report: DoctorReport,
  options: { deep: boolean; complete: boolean },
  style: TableStyle,
): string {
  const counts = countVerdicts(report.checks);
  const total = [
    `${counts.pass + counts.info} fine`,
    plural(counts.warn, 'warning', 'warnings'),
    plural(counts.fail, 'failure', 'failures'),
    ...(counts.skip > 0 ? [`${counts.skip} skipped`] : []),
  ].join(', ');
  const sentences = [...(report.interrupted ? ['Interrupted.'] : []), `${total}.`, nextStep(report, options)];
  const { colour } = marks[report.verdict];
  const lines = wrapText(sentences.join(' '), style.width, '', '').map((line) => paint(colour, line, style));
  return [
    ...lines,
    ...formatKeys('These probe objects could not be removed from the bucket; delete them:', report.leftObjects, style),
    ...formatKeys(
      'The write of a probe picture had no answer, so it may still come. The sweeper of a running Kuanary removes it by this record, which therefore stays:',
      report.leftToSweeper,
      style,
    ),
  ].join('\n');
}

function nextStep(
  { verdict, interrupted }: DoctorReport,
  { deep, complete }: { deep: boolean; complete: boolean },
): string {
  if (verdict === 'fail') {
    return 'Mend the failures from the top, for later ones may follow from earlier ones; then run `kuanary doctor` again.';
  }
  if (interrupted) return 'Run `kuanary doctor` again to know the rest.';
  if (verdict === 'warn') return 'Uploads and pictures work; the warnings say what will hurt later.';
  if (!complete) return 'The other checks were not asked for.';
  return deep
    ? 'The deployment is in order.'
    : 'The deployment is in order. `kuanary doctor --deep` also uploads and renders the largest files that are allowed.';
}

function formatKeys(sentence: string, keys: readonly string[], { width }: TableStyle): string[] {
  return keys.length === 0 ? [] : [...wrapText(sentence, width, '', ''), ...keys.map((key) => `  ${key}`)];
}

function mark(verdict: Verdict, style: TableStyle): string {
  const { sign, word, colour } = marks[verdict];
  return paint(colour, `${sign} ${word}`, style);
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function paint(format: Colour | 'bold', text: string, { colour }: TableStyle): string {
  return colour ? styleText(format, text, { validateStream: false }) : text;
}
