import { DeadlineError, type FailedCall, toStorageError } from './s3-errors.ts';
import { StorageError } from './storage.ts';

export interface S3Call extends FailedCall {
  /** For everything: all attempts, the pauses between them and the answer's body. */
  deadlineMs: number;
}

export interface S3Calls {
  /**
   * Runs one call under its deadline. Ends when `work` does, or at the deadline, whatever `work` then does with the
   * signal. Everything that goes wrong arrives as a `StorageError`.
   */
  run<T>(call: S3Call, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Ends what is running, as `unavailable`, and refuses what comes later. */
  close(): void;
}

export function createS3Calls(): S3Calls {
  const running = new Set<AbortController>();
  let closed = false;

  const closedError = (operation: string): StorageError =>
    new StorageError('unavailable', operation, { detail: 'the storage client is closed' });

  async function run<T>(call: S3Call, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (closed) throw closedError(call.operation);
    const controller = new AbortController();
    running.add(controller);
    const timer = setTimeout(() => controller.abort(new DeadlineError(call.deadlineMs)), call.deadlineMs);
    try {
      return await Promise.race([work(controller.signal), rejectOnAbort(controller.signal)]);
    } catch (error) {
      // After an abort the SDK reports whatever it was doing; the reason is what counts.
      if (closed) throw closedError(call.operation);
      throw toStorageError(controller.signal.aborted ? controller.signal.reason : error, call);
    } finally {
      clearTimeout(timer);
      running.delete(controller);
    }
  }

  return {
    run,
    close() {
      closed = true;
      for (const controller of running) controller.abort();
    },
  };
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
