import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A server under test, in a process of its own. */
export interface ServerProcess {
  url: string;
  pid: number;
  /** Asks the server to end, and waits until it has. */
  stop(): Promise<void>;
}

const repository = fileURLToPath(new URL('..', import.meta.url));
/** That this version of Node will be too old for the SDK one day. */
const withoutSdkWarning = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };

/**
 * Runs bench/servers/<name>.ts, which says by `announceUrl` where it listens. It gets just these settings, not those of the
 * person who runs the benchmark. What it logs is written, but to nowhere; what it complains of is seen.
 */
export async function startServerProcess(name: string, settings: Record<string, string>): Promise<ServerProcess> {
  const child = fork(new URL(`./servers/${name}.ts`, import.meta.url), {
    cwd: repository,
    execArgv: ['--conditions=source', '--import', 'tsx'],
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...withoutSdkWarning, ...settings },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const url = await Promise.race([
    once(child, 'message').then(([message]: unknown[]) => String(message)),
    ended.then(([code]: unknown[]) => {
      throw new Error(`The server "${name}" ended with exit code ${code} before it listened.`);
    }),
  ]);
  if (child.pid === undefined) throw new Error(`The server "${name}" has no process.`);
  return {
    url,
    pid: child.pid,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
