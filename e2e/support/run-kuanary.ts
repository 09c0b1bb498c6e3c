import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const repositoryFolder = fileURLToPath(new URL('../../', import.meta.url));
const program = join(repositoryFolder, 'server/src/cli/kuanary.ts');
// An address, because the command runs in a folder that has no packages.
const tsx = pathToFileURL(createRequire(join(repositoryFolder, 'package.json')).resolve('tsx')).href;

const maxLifeMs = 300_000;

export interface Command {
  process: ChildProcess;
  /** Everything printed so far. */
  output(): { stdout: string; stderr: string };
  /** Resolves with the match once the pattern is in stdout. @throws Error with the output if the command ends before */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>;
  /** The exit code; null when a signal ended the command. */
  exit: Promise<number | null>;
  /** Presses Ctrl-C and waits for the end. */
  interrupt(): Promise<number | null>;
}

/**
 * Runs `kuanary <args>` as a person would, from source. Nothing of the surrounding environment reaches it but what a
 * program needs to run, so that no developer's settings or `.env` decide a test.
 *
 * @param options.folder where it runs; `.env` is read from there
 */
export function runKuanary(args: string[], options: { folder: string; settings?: Record<string, string> }): Command {
  const child = spawn(process.execPath, ['--conditions=source', '--import', tsx, program, ...args], {
    cwd: options.folder,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TMPDIR: process.env['TMPDIR'],
      TSX_TSCONFIG_PATH: join(repositoryFolder, 'tsconfig.json'),
      ...options.settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A test that hangs must not leave a server behind.
    timeout: maxLifeMs,
    killSignal: 'SIGKILL',
  });
  const printed = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed.stderr += text;
  });
  const exit = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : null));

  function waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(printed.stdout);
        if (match === null) return;
        child.stdout.off('data', look);
        resolve(match);
      };
      child.stdout.on('data', look);
      look();
      exit.then((code) => {
        reject(new Error(`kuanary ${args.join(' ')} ended with ${code}:\n${printed.stdout}\n${printed.stderr}`));
      }, reject);
    });
  }

  async function interrupt(): Promise<number | null> {
    child.kill('SIGINT');
    return await exit;
  }

  return { process: child, output: () => ({ ...printed }), waitFor, exit, interrupt };
}

/** A folder of its own for one test; `remove` deletes it. */
export async function makeTemporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'kuanary-e2e-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Ports that were free a moment ago, all different. */
export async function findFreePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  try {
    return await Promise.all(
      servers.map(async (server) => {
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        const address = server.address();
        if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');
        return address.port;
      }),
    );
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}
