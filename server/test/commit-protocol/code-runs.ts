/** The code under test waits for nothing but the simulated storage: when the event loop turns, it has gone as far as it can. */
export function codeRuns(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
