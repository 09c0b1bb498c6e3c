import type { Logger } from 'pino';
import type { ConditionalPutProbe } from '../storage/conditional-put-probe.ts';
import type { ObjectStorage } from '../storage/storage.ts';
import type { CommitRecords } from './commit-record.ts';
import { sweepUploads } from './sweep-uploads.ts';

/** Instances started together do not sweep together: each wait is between 0.8 and 1.2 of the interval. */
const jitter = 0.2;

export interface ScheduledSweeps {
  /** Ends the sweep under way at its next object. */
  stop(): Promise<void>;
}

/** Sweeps for as long as the process runs; 0 seconds = never. A sweep that fails is logged and tried again next time. */
export function scheduleSweeps(options: {
  storage: ObjectStorage;
  records: CommitRecords;
  probe: ConditionalPutProbe;
  log: Logger;
  intervalSeconds: number;
}): ScheduledSweeps {
  const { log } = options;
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let sweeping: Promise<void> = Promise.resolve();

  function scheduleNext(): void {
    if (options.intervalSeconds === 0 || stopping.signal.aborted) return;
    const factor = 1 - jitter + Math.random() * 2 * jitter;
    timer = setTimeout(
      () => {
        sweeping = sweep().finally(scheduleNext);
      },
      options.intervalSeconds * 1000 * factor,
    );
    timer.unref();
  }

  async function sweep(): Promise<void> {
    try {
      // Where a second conditional PUT is not refused, `expired` could overwrite the record of an image.
      await options.probe.assertSafe();
      const report = await sweepUploads(options.storage, options.records, stopping.signal);
      log.info({ ...report, attemptsTooOld: report.attemptsTooOld.length, failures: report.failures.length }, 'swept');
      if (report.attemptsTooOld.length > 0) {
        log.warn(
          { keys: report.attemptsTooOld.slice(0, 20) },
          'attempt records older than 60 days: look at them by hand',
        );
      }
    } catch (error) {
      log.warn({ err: error }, 'sweep failed; the next one tries again');
    }
  }

  scheduleNext();
  return {
    stop: async () => {
      stopping.abort();
      clearTimeout(timer);
      await sweeping;
    },
  };
}
