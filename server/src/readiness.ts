import { AppError } from './errors.ts';
import type { PresetStore } from './images/preset-store.ts';
import type { ConditionalPutProbe } from './storage/conditional-put-probe.ts';

export interface ReadinessReport {
  ready: boolean;
  checks: {
    storage: 'ok' | 'unreachable';
    conditionalPut: 'ok' | 'unsafe' | 'unknown';
    imgproxy: 'ok' | 'unreachable' | 'unsigned';
    presets: 'ok' | 'stale';
    draining: boolean;
  };
  /** What to do, when something is to be done. */
  remedies: string[];
}

export interface Readiness {
  report(): Promise<ReadinessReport>;
  startDraining(): void;
  isDraining(): boolean;
}

export interface ReadinessOptions {
  bucketReachable: () => Promise<void>;
  probe: ConditionalPutProbe;
  presets: PresetStore;
  /** What imgproxy answers to an unsigned URL. */
  askUnsignedImgproxy: () => Promise<{ status: number; text: string }>;
  monotonicMs: () => number;
}

/** `/readyz` is public: whoever asks more often than this gets the last answer again, and the storage is left alone. */
const reportKeptMs = 2_000;

/** A missing imgproxy is no reason to turn uploads away (URLs are only computed); one that takes unsigned URLs is. */
export function createReadiness(options: ReadinessOptions): Readiness {
  let draining = false;
  let kept: { report: Promise<ReadinessReport>; atMs: number } | null = null;

  function report(): Promise<ReadinessReport> {
    if (kept === null || options.monotonicMs() - kept.atMs > reportKeptMs) {
      kept = { report: makeReport(), atMs: options.monotonicMs() };
    }
    return kept.report;
  }

  async function makeReport(): Promise<ReadinessReport> {
    const [storage, conditionalPut, imgproxy] = await Promise.all([
      options.bucketReachable().then(
        () => 'ok' as const,
        () => 'unreachable' as const,
      ),
      checkConditionalPut(),
      checkImgproxy(),
    ]);
    const presets = options.presets.problem() === null ? 'ok' : 'stale';
    const checks = { storage, conditionalPut, imgproxy, presets, draining } as const;
    const ready = storage === 'ok' && conditionalPut === 'ok' && imgproxy !== 'unsigned' && !draining;
    return { ready, checks, remedies: remediesFor(checks) };
  }

  async function checkConditionalPut(): Promise<'ok' | 'unsafe' | 'unknown'> {
    try {
      await options.probe.assertSafe();
      return 'ok';
    } catch (error) {
      return error instanceof AppError ? 'unsafe' : 'unknown';
    }
  }

  async function checkImgproxy(): Promise<'ok' | 'unreachable' | 'unsigned'> {
    try {
      const { status, text } = await options.askUnsignedImgproxy();
      if (status === 403) return 'ok';
      // A 404 without words comes from in front of the signature check: the path prefix of IMGPROXY_URL is another one.
      if (status === 404 && text.trim() === '') return 'unreachable';
      // What imgproxy answers behind its signature check; anything else is somebody in between.
      return [200, 404, 422].includes(status) ? 'unsigned' : 'unreachable';
    } catch {
      return 'unreachable';
    }
  }

  return {
    report,
    startDraining: () => {
      draining = true;
      kept = null;
    },
    isDraining: () => draining,
  };
}

function remediesFor(checks: ReadinessReport['checks']): string[] {
  const remedies: string[] = [];
  if (checks.storage !== 'ok')
    remedies.push('The bucket does not answer: check S3_ENDPOINT, S3_REGION, S3_BUCKET and the S3 keys.');
  if (checks.conditionalPut === 'unsafe') remedies.push(new AppError('storage_unsafe').message);
  if (checks.imgproxy === 'unsigned')
    remedies.push('imgproxy serves unsigned URLs: set IMGPROXY_KEY and IMGPROXY_SALT there too.');
  if (checks.imgproxy === 'unreachable')
    remedies.push('imgproxy does not answer at IMGPROXY_URL: pictures will not load.');
  if (checks.presets === 'stale')
    remedies.push('The presets file was edited to something invalid; the last valid presets are in use. See the log.');
  return remedies;
}
