import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../src/cli/kuanary.ts', import.meta.url));
const tsx = import.meta.resolve('tsx');

export interface CommandRun {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `kuanary` as its users do, with no setting but the given ones. Neither output is a terminal. */
export async function runKuanary(
  args: string[],
  settings: Record<string, string> = {},
  folder: string = tmpdir(),
): Promise<CommandRun> {
  const child = spawn(process.execPath, ['--conditions=source', '--import', tsx, program, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { exitCode, stdout, stderr };
}
