import { type Config, ConfigError, loadConfig } from '../config.ts';
import type { Check } from '../doctor/check.ts';
import { reportToDocument } from '../doctor/report-json.ts';
import { chooseStyle, formatCheck, formatClosing, formatSkipped } from '../doctor/report-table.ts';
import { type CheckReport, type DoctorReport, runDoctor } from '../doctor/run-doctor.ts';
import { reportBadConfiguration, selectChecks, UnknownCheckError } from '../doctor/select-checks.ts';
import { parseCommandLine } from './command-line.ts';
import { exitCodes, UsageError } from './exit-codes.ts';
import { showProgressLine } from './progress-line.ts';

interface Options {
  json: boolean;
  deep: boolean;
  checks: Check[] | undefined;
}

const help = `Usage: kuanary doctor [--json] [--deep] [--only <id>,<id>]

Proves a deployment by what its servers do, and says what is wrong and how to mend it. Writes
probe objects into the bucket and removes them. docs/doctor.md describes every check.

  --json   print one JSON document instead of the table
  --deep   also upload and render the largest files that are allowed
  --only   these checks, and those that they need

Exit codes: 0 fine (warnings included), 1 a check failed or was interrupted, 2 wrong usage,
78 bad configuration.`;

/** `kuanary doctor`: proves a deployment, and says what is wrong and what to do. */
export async function runDoctorCommand(args: string[]): Promise<void> {
  const options = readOptions(args);
  if (options === null) return;
  let config: Config;
  try {
    config = loadConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const report = reportBadConfiguration(error.problems);
    if (!options.json) printChecks(report.checks);
    printEnd(report, options);
    process.exitCode = exitCodes.badConfiguration;
    return;
  }
  const report = await examine(config, options);
  printEnd(report, options);
  process.exitCode = report.verdict === 'fail' || report.interrupted ? exitCodes.finding : exitCodes.fine;
}

/** `null` when the help was asked for. @throws UsageError */
function readOptions(args: string[]): Options | null {
  const line = parseCommandLine(args, { help, flags: ['json', 'deep'], options: ['only'] });
  if (line === null) return null;
  const { only } = line.options;
  return { ...line.flags, checks: only === undefined ? undefined : parseChecks(only) };
}

function parseChecks(only: string): Check[] {
  const ids = only.split(',').map((id) => id.trim());
  try {
    return selectChecks(ids.filter((id) => id !== ''));
  } catch (error) {
    throw error instanceof UnknownCheckError ? new UsageError(error.message) : error;
  }
}

async function examine(config: Config, { json, deep, checks }: Options): Promise<DoctorReport> {
  const stop = new AbortController();
  const forget = stopOnSignals(stop);
  // A reader that goes away (`| head`) ends the examination as a signal does. Other commands end at once, but here the
  // bucket is to be tidied up first.
  process.stdout.removeAllListeners('error').on('error', () => stop.abort());
  try {
    return await runDoctor(config, {
      deep,
      signal: stop.signal,
      ...(checks === undefined ? {} : { checks }),
      onStart: ({ title }) => showProgressLine(`… ${title}`),
      onCheck: (report) => {
        showProgressLine('');
        if (!json) printChecks([report]);
      },
    });
  } finally {
    showProgressLine('');
    forget();
  }
}

/** The first signal ends the examination, and the bucket is tidied up; the second ends the program at once. */
function stopOnSignals(stop: AbortController): () => void {
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(exitCodes.finding);
    stop.abort();
    showProgressLine('Stopping, and removing the probe objects …');
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
}

/** Skipped ones are gathered at the end. */
function printChecks(reports: readonly CheckReport[]): void {
  const ended = reports.filter(({ verdict }) => verdict !== 'skip');
  for (const report of ended)
    process.stdout.write(`${formatCheck(report, chooseStyle(process.stdout, process.env))}\n`);
}

function printEnd(report: DoctorReport, { json, deep, checks }: Options): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(reportToDocument(report), null, 2)}\n`);
    return;
  }
  const style = chooseStyle(process.stdout, process.env);
  const lines = [
    ...formatSkipped(report.checks, style),
    '',
    formatClosing(report, { deep, complete: checks === undefined }, style),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
