import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** From util-linux, which every Debian has. */
const setpriv = '/usr/bin/setpriv';

export interface Daemon {
  /** Resolves when it has ended, for whatever reason. */
  ended: Promise<void>;
  /** Ends it at once, and waits until it is gone. */
  kill(): Promise<void>;
}

/**
 * Starts a program in a process group of its own, so that Ctrl-C does not reach it before the tests have ended. Where `setpriv` is there,
 * the kernel ends it should this process be killed.
 */
export async function startDaemon([program, args]: [string, string[]], logFile: string): Promise<Daemon> {
  const dieWithUs = existsSync(setpriv) ? [setpriv, '--pdeathsig', 'KILL', '--'] : [];
  const [first = program, ...others] = [...dieWithUs, program, ...args];
  const log = await open(logFile, 'a');
  const child = spawn(first, others, { detached: true, stdio: ['ignore', log.fd, log.fd] });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  await log.close();
  return {
    ended,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
