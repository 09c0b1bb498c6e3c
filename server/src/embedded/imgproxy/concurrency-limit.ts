export interface ConcurrencyLimit {
  /** Runs `work` once a place is free. Returns `undefined`, without running it, where too many are waiting already. */
  run<T>(work: () => Promise<T>): Promise<T> | undefined;
}

/** Lets `maxRunning` pieces of work run at a time and `maxWaiting` wait for their turn, in order. */
export function createConcurrencyLimit(maxRunning: number, maxWaiting: number): ConcurrencyLimit {
  const waiting: (() => void)[] = [];
  let running = 0;

  const acquire = async (): Promise<void> => {
    if (running < maxRunning) {
      running += 1;
      return;
    }
    await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const release = (): void => {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  };

  return {
    run(work) {
      if (running >= maxRunning && waiting.length >= maxWaiting) return undefined;
      return acquire().then(work).finally(release);
    },
  };
}
