import { randomUUID } from 'node:crypto';
import { type FileHandle, lstat, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

const folderPattern = /^kuanary-spool-(\d{1,10})-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const leftoverAgeMilliseconds = 24 * 60 * 60 * 1000;

/** A private folder (0700) for files that live as long as a request. */
export interface SpoolFolder {
  /** Makes an empty file (0600) under a random name. */
  createFile(): Promise<{ file: string; handle: FileHandle }>;
  /** Removes the folder and all in it. */
  remove(): Promise<void>;
}

/**
 * Makes the folder inside `parent`, which is made where it is missing, and removes what processes that died more than a
 * day ago left there. Where `parent` cannot be written to, `onUnusable` is told, and every `createFile` tries again.
 */
export async function createSpoolFolder(
  parent: string,
  onUnusable: (error: unknown) => void = () => {},
): Promise<SpoolFolder> {
  const folder = join(parent, `kuanary-spool-${process.pid}-${randomUUID()}`);
  try {
    await mkdir(parent, { recursive: true });
    await removeLeftovers(parent);
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    // Nothing but /upload needs it, and its owner may mend it: the rest starts.
    onUnusable(error);
  }

  async function createFile(): Promise<{ file: string; handle: FileHandle }> {
    const file = join(folder, randomUUID());
    return { file, handle: await open(file, 'wx', 0o600) };
  }

  return {
    async createFile() {
      try {
        return await createFile();
      } catch (error) {
        if (!hasCode(error, 'ENOENT')) throw error;
        // It could not be made at the start, or a cleaner of temporary folders has removed it.
        await mkdir(folder, { mode: 0o700, recursive: true });
        return createFile();
      }
    },
    async remove() {
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}

async function removeLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = folderPattern.exec(name)?.[1];
    if (pid === undefined) continue;
    const path = join(parent, name);
    if (!isRunning(Number(pid)) && (await isOldFolderOfOurs(path))) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

/** A folder that bears our own process id is of a predecessor: in a container the id is always the same. */
function isRunning(pid: number): boolean {
  if (pid === process.pid || pid === 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !hasCode(error, 'ESRCH');
  }
}

async function isOldFolderOfOurs(path: string): Promise<boolean> {
  try {
    const stats = await lstat(path);
    const isOurs = stats.isDirectory() && stats.uid === process.getuid?.();
    return isOurs && Date.now() - stats.mtimeMs > leftoverAgeMilliseconds;
  } catch {
    // Gone in the meantime: another instance is tidying up too.
    return false;
  }
}
