export interface UploadRateRule {
  minBytesPerSecond: number;
  /** Length of the windows over which the average is taken; shorter uploads are never too slow. */
  slowAfterSeconds: number;
  /** Milliseconds, of any epoch. */
  now: () => number;
}

export interface UploadRateWatch {
  add(bytes: number): void;
  stop(): void;
}

/** Calls `onSlow` once when fewer than `minBytesPerSecond` came in, on average, over a window. */
export function watchUploadRate(rule: UploadRateRule, onSlow: () => void): UploadRateWatch {
  let windowStart = rule.now();
  let windowBytes = 0;
  const timer = setInterval(() => {
    const elapsedSeconds = (rule.now() - windowStart) / 1000;
    if (windowBytes < rule.minBytesPerSecond * elapsedSeconds) {
      clearInterval(timer);
      onSlow();
      return;
    }
    windowStart = rule.now();
    windowBytes = 0;
  }, rule.slowAfterSeconds * 1000);
  return {
    add(bytes) {
      windowBytes += bytes;
    },
    stop: () => clearInterval(timer),
  };
}
