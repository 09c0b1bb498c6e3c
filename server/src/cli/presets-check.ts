import { documentedPresets } from '@kuanary/shared/presets';
import { loadSettings } from '../config.ts';
import { type CheckedPresets, checkPresets } from './check-presets.ts';
import { parseCommandLine } from './command-line.ts';
import { comparePresets, type PresetDifference } from './compare-presets.ts';
import { exitCodes } from './exit-codes.ts';
import { PresetsSourceError, readPresetsDocument } from './presets-source.ts';
import { printLines } from './print-lines.ts';

export const presetsCheckHelp = `Usage: kuanary presets check [file] [--against <file or address>] [--json]

Checks a presets file (PRESETS_FILE without one) and names every problem at once: wrong values, unknown fields, what
only imgproxy Pro can do while IMGPROXY_EDITION is oss. Then it compares with another document and says per preset
whether its URLs change.

  --against   a file, or an address such as https://images.example.com/presets.
              Default: /presets at PUBLIC_URL, when that is set and answers; otherwise nothing is compared.
  --json      one JSON document on stdout

A changed preset has new signed URLs: its pictures are rendered and cached again. A removed one: links
/i/<name>/… answer 400; signed URLs that were stored go on working.

Exit codes: 0 no problem, whatever changes; 1 a problem, or a document that cannot be read; 2 wrong usage; 78 bad settings.
Settings, all optional: PRESETS_FILE IMGPROXY_EDITION DEFAULT_PRESET PUBLIC_URL`;

interface Comparison {
  against: string;
  differences: PresetDifference[];
}

/** `kuanary presets check` */
export async function runPresetsCheck(args: string[]): Promise<void> {
  const commandLine = parseCommandLine(args, {
    help: presetsCheckHelp,
    flags: ['json'],
    options: ['against'],
    operands: { name: 'The presets file', min: 0, max: 1 },
  });
  if (commandLine === null) return;
  const settings = loadSettings(process.env, ['PRESETS_FILE', 'IMGPROXY_EDITION', 'DEFAULT_PRESET', 'PUBLIC_URL']);
  const [file] = commandLine.operands;
  const { source, document, notes } = await readChecked(file, settings.PRESETS_FILE);
  const checked = checkPresets(document, settings.IMGPROXY_EDITION);
  if (settings.DEFAULT_PRESET !== undefined && !checked.compiled.has(settings.DEFAULT_PRESET)) {
    checked.warnings.push(`DEFAULT_PRESET is "${settings.DEFAULT_PRESET}", and there is no such valid preset.`);
  }
  const compare = async (against: string): Promise<Comparison> => {
    const other = checkPresets(await readPresetsDocument(against), settings.IMGPROXY_EDITION);
    return { against, differences: comparePresets(checked.compiled, other.compiled, checked.names) };
  };
  const { against } = commandLine.options;
  const comparison = await (against === undefined
    ? compareWithService(settings.PUBLIC_URL, compare, notes)
    : compare(against));

  const report = { source, checked, comparison, notes };
  if (commandLine.flags.json) console.log(JSON.stringify(reportToJson(report), null, 2));
  else printReport(report);
  if (checked.problems.length > 0) process.exitCode = exitCodes.finding;
}

interface Report {
  source: string;
  checked: CheckedPresets;
  comparison: Comparison | null;
  notes: string[];
}

/** A missing PRESETS_FILE is no mistake: the documented presets apply then, as they do in the API. */
async function readChecked(
  file: string | undefined,
  defaultFile: string,
): Promise<{ source: string; document: unknown; notes: string[] }> {
  if (file !== undefined) return { source: file, document: await readPresetsDocument(file), notes: [] };
  try {
    return { source: defaultFile, document: await readPresetsDocument(defaultFile), notes: [] };
  } catch (error) {
    if (!(error instanceof PresetsSourceError && error.missing)) throw error;
    const note = `There is no ${defaultFile}: the four documented presets apply, and were checked.`;
    return { source: 'the documented presets', document: documentedPresets, notes: [note] };
  }
}

async function compareWithService(
  publicUrl: string | undefined,
  compare: (against: string) => Promise<Comparison>,
  notes: string[],
): Promise<Comparison | null> {
  if (publicUrl === undefined) return null;
  const address = `${publicUrl.replace(/\/+$/, '')}/presets`;
  try {
    return await compare(address);
  } catch (error) {
    if (!(error instanceof PresetsSourceError)) throw error;
    notes.push(`Nothing was compared: ${error.message}`);
    return null;
  }
}

function printReport({ source, checked, comparison, notes }: Report): void {
  const { problems, warnings, names } = checked;
  printLines([...notes, ...warnings.map((warning) => `Warning: ${warning}`)], console.error);
  if (problems.length === 0) printLines([`${source}: ${names.length} presets, no problem.`]);
  else printLines([`${source}: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}.`, '']);
  printLines(problems.map((problem) => `  - ${problem}`));
  if (comparison !== null) printLines(describeComparison(comparison));
}

function describeComparison({ against, differences }: Comparison): string[] {
  const lines = differences.flatMap(({ preset, change, before, after }) => {
    switch (change) {
      case 'unchanged':
        return `  = ${preset}`;
      case 'new':
        return `  + ${preset}: ${(after ?? []).join(' | ')}`;
      case 'removed':
        return `  - ${preset}: links /i/${preset}/… will answer 400; stored signed URLs go on working`;
      case 'invalid':
        return `  ! ${preset}: not compared, because it has a problem`;
      default:
        return [
          `  ~ ${preset}: cached pictures are rendered again`,
          `      before  ${(before ?? []).join(' | ')}`,
          `      after   ${(after ?? []).join(' | ')}`,
        ];
    }
  });
  return ['', `Compared with ${against}:`, ...lines];
}

function reportToJson({ source, checked, comparison, notes }: Report): object {
  const { problems, warnings, names } = checked;
  return { source, presets: names, problems, warnings, notes, comparison };
}
