import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../src/cli/kuanary.ts', import.meta.url));

export interface RunningDeployment {
  url: string;
  /** SIGTERM, then the exit code. */
  stop(): Promise<number | null>;
}

/**
 * `kuanary start` in a folder that holds what the older service had: `.env` and `data/presets.json`. Nothing of this
 * process's environment reaches it but the PATH.
 */
export async function startDeployment(
  folder: string,
  settings: Record<string, string>,
  presets: string,
): Promise<RunningDeployment> {
  await mkdir(join(folder, 'data'), { recursive: true });
  await writeFile(join(folder, 'data/presets.json'), presets);
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(join(folder, '.env'), lines.join(''));
  const child = spawn(
    process.execPath,
    ['--conditions=source', '--import', import.meta.resolve('tsx'), program, 'start'],
    { cwd: folder, env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const exited = once(child, 'exit');
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += String(chunk);
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /listening on (http:[^"]+)/.exec(line)?.[1];
    if (url === undefined) continue;
    child.stdout.resume();
    return {
      url: url.replace('0.0.0.0', '127.0.0.1'),
      async stop() {
        child.kill('SIGTERM');
        const [code] = await exited;
        return code;
      },
    };
  }
  throw new Error(`the server did not start:\n${errors}`);
}
