import { setMaxListeners } from 'node:events';
import type { Config } from '../config.ts';
import { createS3Clients } from '../storage/s3-clients.ts';
import { createS3Storage } from '../storage/s3-storage.ts';
import { allChecks } from './all-checks.ts';
import type { Check, DoctorContext, Finding, Verdict } from './check.ts';
import { cleanFinding } from './clean-finding.ts';
import { describeFailure } from './describe-answer.ts';
import { createHttpProbe } from './http-probe.ts';
import { createProbeImages } from './probe-images.ts';
import { createProbeObjects, type ProbeObjects } from './probe-objects.ts';
import { createRedactor } from './redact-secrets.ts';
import { whenAborted, within } from './time-limit.ts';
import { verdictOf, worstOf } from './verdicts.ts';

export interface CheckReport {
  id: string;
  title: string;
  /** The worst of its findings. */
  verdict: Verdict;
  /** Empty when it was skipped. */
  findings: Finding[];
  /** Why it was skipped. */
  skippedBecause?: string;
  milliseconds: number;
}

export interface DoctorReport {
  /** The worst verdict of all checks. */
  verdict: 'pass' | 'warn' | 'fail';
  checks: CheckReport[];
  /** Keys of probe objects that could not be removed. */
  leftObjects: string[];
  /** Attempt records that stay on purpose, beside a picture whose PUT had no answer: the sweeper removes both. */
  leftToSweeper: string[];
  /** The owner stopped it: the checks that had not ended are skipped. */
  interrupted: boolean;
}

export interface DoctorOptions {
  deep: boolean;
  /** Aborting it ends the running check, removes all probes and skips the rest. */
  signal: AbortSignal;
  /** In order. Default: all. */
  checks?: readonly Check[];
  onStart?: (check: Pick<Check, 'id' | 'title'>) => void;
  onCheck?: (report: CheckReport) => void;
  /** Of one check; it fails when it has not ended by then. */
  checkTimeLimitMs?: number;
  /** Of a request that has no limit of its own. Default 10 s. */
  requestTimeoutMs?: number;
}

/** What is the same for all checks. */
type SharedContext = Omit<DoctorContext, 'signal' | 'http' | 'hasFailed'>;
type OneContext = Omit<DoctorContext, 'signal' | 'http'>;

/** Each single request has its own, shorter limit; this one is for checks that make many on a slow server. */
const defaultCheckTimeLimitMs = 60_000;
/** Uploads of `MAX_UPLOAD_BYTES` over a slow line. */
const deepCheckTimeLimitMs = 1_800_000;
/** After an interruption the running check has so long to let go, so that nothing is written behind the clean-up. */
const letGoLimitMs = 2_000;
/** Of the removal of all probes. */
const cleanUpLimitMs = 30_000;

/** Carries out checks one after the other, removes what they wrote, and reports. Never throws for what a check does. */
export async function runDoctor(config: Config, options: DoctorOptions): Promise<DoctorReport> {
  const ended = new AbortController();
  const clients = createS3Clients(config.storage);
  const storage = createS3Storage(config.storage);
  // Its own: the clean-up works while what the checks left running is cut off.
  const cleaningStorage = createS3Storage(config.storage);
  const probes = createProbeObjects(cleaningStorage, AbortSignal.any([options.signal, ended.signal]));
  const images = createProbeImages(storage, probes);
  const context: SharedContext = {
    config,
    deep: options.deep,
    s3: clients,
    storage,
    probes,
    images,
  };
  try {
    const checks = await runChecks(context, options, createRedactor(config));
    ended.abort();
    storage.close();
    clients.destroy();
    const leftObjects = await removeProbes(probes);
    return {
      verdict: worstOf([...checks.map(({ verdict }) => verdict), leftObjects.length > 0 ? 'warn' : 'pass']),
      checks,
      leftObjects,
      leftToSweeper: probes.leftToSweeper(),
      interrupted: options.signal.aborted,
    };
  } finally {
    cleaningStorage.close();
  }
}

async function runChecks(
  context: SharedContext,
  options: DoctorOptions,
  redact: (text: string) => string,
): Promise<CheckReport[]> {
  const reports: CheckReport[] = [];
  const hasFailed = (id: string): boolean => reports.some((report) => report.id === id && isUnmet(report));
  for (const check of options.checks ?? allChecks) {
    const skippedBecause = options.signal.aborted ? 'interrupted' : unmetNeed(check, reports);
    if (skippedBecause === undefined) options.onStart?.(check);
    const report =
      skippedBecause === undefined
        ? await runCheck(check, { ...context, hasFailed }, options)
        : { ...skipped(check, skippedBecause), milliseconds: 0 };
    const clean = { ...report, findings: report.findings.map((finding) => cleanFinding(finding, redact)) };
    reports.push(clean);
    options.onCheck?.(clean);
  }
  return reports;
}

function unmetNeed(check: Check, reports: readonly CheckReport[]): string | undefined {
  const unmet = reports.find((report) => check.needs.includes(report.id) && isUnmet(report));
  if (unmet === undefined) return undefined;
  // Of a chain of needs only the first link matters: it is what is to be mended.
  return unmet.skippedBecause ?? `needs ${unmet.id} ("${unmet.title}"), which failed`;
}

function isUnmet({ verdict }: CheckReport): boolean {
  return verdict === 'fail' || verdict === 'skip';
}

function skipped({ id, title }: Check, because: string): Omit<CheckReport, 'milliseconds'> {
  return { id, title, verdict: 'skip', findings: [], skippedBecause: because };
}

async function runCheck(check: Check, shared: OneContext, options: DoctorOptions): Promise<CheckReport> {
  const limitMs = options.checkTimeLimitMs ?? (options.deep ? deepCheckTimeLimitMs : defaultCheckTimeLimitMs);
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), limitMs);
  const signal = AbortSignal.any([options.signal, limit.signal]);
  // Every request under way listens, and some checks send many at once.
  setMaxListeners(0, signal);
  const startedMs = performance.now();
  const running = runToFindings(check, { ...shared, signal, http: createHttpProbe(signal, options.requestTimeoutMs) });
  const outcome = await Promise.race([running, whenAborted(signal)]);
  clearTimeout(timer);
  const milliseconds = Math.round(performance.now() - startedMs);
  if (outcome === 'aborted') await within(letGoLimitMs, running);
  // A check that fails because its requests were cut off says nothing about the server.
  if (options.signal.aborted) return { ...skipped(check, 'interrupted'), milliseconds };
  const findings = outcome === 'aborted' ? [tooSlow(limitMs)] : outcome;
  const verdict = verdictOf(findings);
  return { id: check.id, title: check.title, verdict, findings, milliseconds };
}

async function runToFindings(check: Check, context: DoctorContext): Promise<Finding[]> {
  try {
    const findings = await check.run(context);
    return Array.isArray(findings) ? findings : [findings];
  } catch (error) {
    return [unforeseen(error)];
  }
}

function unforeseen(error: unknown): Finding {
  return {
    verdict: 'fail',
    found: `The check could not be carried out: ${describeFailure(error)}.`,
    cause: 'A server answered in a way that this check did not expect, or stopped answering in the middle of it.',
    remedy:
      'Run `kuanary doctor` again. If it stays, look at the log of the server named above, or of the proxy in front of it, for this moment.',
  };
}

function tooSlow(limitMs: number): Finding {
  return {
    verdict: 'fail',
    found: `The check had not ended after ${limitMs / 1000} s.`,
    cause: 'The servers answer, but so slowly that uploads would time out, or one request hangs.',
    remedy: 'Look at the load of the storage and of imgproxy, and at the line between them and this machine.',
  };
}

async function removeProbes(probes: ProbeObjects): Promise<string[]> {
  return (await within(cleanUpLimitMs, probes.removeAll())) ?? probes.reserved();
}
