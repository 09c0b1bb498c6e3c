import closeWithGrace from 'close-with-grace';

/** Longer than every grace period inside, so that a clean stop is never cut short by the clean-up itself. */
const extraMs = 5_000;

/** SIGTERM or Ctrl-C stops once and cleanly, exit code 0; a second signal, or an error nobody caught, exits with 1. */
export function stopOnSignal(stop: () => Promise<void>, graceSeconds: number): void {
  closeWithGrace({ delay: graceSeconds * 1000 + extraMs, logger: console }, async ({ err }) => {
    if (err !== undefined) console.error(err);
    await stop();
  });
}
