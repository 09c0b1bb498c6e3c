import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readJsonFile, temporaryEnding } from './atomic-file.ts';
import type { DataFiles } from './data-files.ts';
import { StoredObject } from './stored-object.ts';

const recordsAtOnce = 32;

/**
 * All records of a bucket, by key. A record that is half written, or whose bytes are not all there, was torn by a crash of
 * the machine: it is removed.
 *
 * @throws Error for a whole record that is not one of this store: another program's folder is not to be cleaned up
 */
export async function loadObjectRecords(folder: string, data: DataFiles): Promise<Map<string, StoredObject>> {
  const objects = new Map<string, StoredObject>();
  const names = await readdir(folder);
  async function loadNext(): Promise<void> {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      const path = join(folder, name);
      const object = name.endsWith(temporaryEnding) ? null : await loadRecord(path);
      if (object !== null && (await hasItsBytes(object, data))) objects.set(object.key, object);
      else await rm(path, { force: true });
    }
  }
  await Promise.all(Array.from({ length: recordsAtOnce }, loadNext));
  return objects;
}

async function loadRecord(path: string): Promise<StoredObject | null> {
  const document = await readJsonFile(path);
  if (document === undefined) return null;
  const record = StoredObject.safeParse(document);
  if (record.success) return record.data;
  throw new Error(`${path} is not a record of this object store: move the folder away, or use another data folder`);
}

async function hasItsBytes(object: StoredObject, data: DataFiles): Promise<boolean> {
  const file = await stat(data.pathOf(object.file)).catch(() => null);
  return file?.size === object.bytes;
}
