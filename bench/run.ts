import { parseArgs } from 'node:util';
import { complete } from './complete.ts';
import { formUpload } from './form-upload.ts';
import type { Benchmark, Measurement } from './measurement.ts';
import { installPeers } from './peer-packages.ts';
import { signPresetUrl } from './sign-preset-url.ts';
import { signUpload } from './sign-upload.ts';

const benchmarks: Record<string, Benchmark> = {
  'sign-preset-url': signPresetUrl,
  'sign-upload': signUpload,
  complete,
  'form-upload': formUpload,
};

const exitCodes = { allMet: 0, goalMissed: 1, wrongUsage: 2 };

process.exitCode = await run(process.argv.slice(2));

async function run(args: string[]): Promise<number> {
  const wanted = parseCommandLine(args);
  if (wanted === null) return exitCodes.wrongUsage;
  const progress = (message: string): void => console.error(`# ${message}`);
  await installPeers(progress);

  let allMet = true;
  if (!wanted.json) console.log(tableLine(['', 'value', 'reference', 'ratio', 'goal', '']));
  for (const name of wanted.names) {
    const measurements = (await benchmarks[name]?.((message) => progress(`${name}: ${message}`))) ?? [];
    for (const measurement of measurements) {
      console.log(wanted.json ? JSON.stringify(measurement) : tableLine(tableRow(measurement)));
      allMet &&= measurement.met;
    }
  }
  return allMet ? exitCodes.allMet : exitCodes.goalMissed;
}

function parseCommandLine(args: string[]): { names: string[]; json: boolean } | null {
  const known = Object.keys(benchmarks);
  try {
    const { values, positionals } = parseArgs({ args, options: { json: { type: 'boolean' } }, allowPositionals: true });
    const unknown = positionals.find((name) => !known.includes(name));
    if (unknown !== undefined) throw new Error(`There is no benchmark "${unknown}".`);
    return { names: positionals.length > 0 ? positionals : known, json: values.json ?? false };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error(`Usage: pnpm bench [name ...] [--json], where a name is one of ${known.join(', ')}.`);
    return null;
  }
}

function tableRow({ name, unit, value, reference, ratio, goal, met }: Measurement): string[] {
  return [name, `${value} ${unit}`, `${reference} ${unit}`, String(ratio), goal, met ? 'met' : 'MISSED'];
}

function tableLine(cells: string[]): string {
  const widths = [44, 18, 18, 8, 15, 6];
  return cells
    .map((cell, index) => cell.padEnd(widths[index] ?? 0))
    .join('  ')
    .trimEnd();
}
