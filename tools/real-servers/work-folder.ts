import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Makes a folder that belongs to this process alone, and removes those that killed processes have left behind: the name carries the
 * process id.
 */
export async function makeWorkFolder(parent: string, prefix: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  const names = await readdir(parent);
  const left = names.filter((name) => name.startsWith(`${prefix}-`) && !isOwnerAlive(name.slice(prefix.length + 1)));
  for (const name of left) await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  return mkdtemp(join(parent, `${prefix}-${process.pid}-`));
}

function isOwnerAlive(suffix: string): boolean {
  const [, pid] = /^(\d+)-/.exec(suffix) ?? [];
  if (pid === undefined) return true; // none of ours
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
