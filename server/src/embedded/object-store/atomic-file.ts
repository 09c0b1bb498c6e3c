import { randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Ending of files that are being written; those that a start finds were left by a process that died. */
export const temporaryEnding = '.tmp';

/** Writes beside and renames over: a reader sees the old content or the new, never half of one. */
export async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}${temporaryEnding}`;
  try {
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The document in a file; undefined where there is no file, or one that is not whole. */
export async function readJsonFile(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      return undefined;
    throw error;
  }
}

/** Deletes the files of a folder that `isWanted` does not want. */
export async function removeUnwantedFiles(folder: string, isWanted: (name: string) => boolean): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!isWanted(name)) await rm(join(folder, name), { recursive: true, force: true });
  }
}
