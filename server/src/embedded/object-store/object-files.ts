import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removeUnwantedFiles, replaceFile } from './atomic-file.ts';
import { createChangeGate } from './change-gate.ts';
import { type DataFiles, openDataFiles } from './data-files.ts';
import { loadObjectRecords } from './object-records.ts';
import { S3Error } from './s3-error.ts';
import { createSortedKeys, type SortedKeys } from './sorted-keys.ts';
import type { ObjectDescription, StoredObject, WrittenBytes } from './stored-object.ts';

/** Of what is stored now at a key. It refuses a write by throwing. */
export type WriteCheck = (present: StoredObject | undefined) => void;

export interface Publication {
  written: WrittenBytes;
  description: ObjectDescription;
  check?: WriteCheck;
  uploadId?: string;
}

export interface ObjectFiles {
  readonly keys: Pick<SortedKeys, 'at' | 'indexOfFirst' | 'size'>;
  readonly data: DataFiles;
  get(key: string): StoredObject | undefined;
  /** Makes the object of a key out of written bytes, all at once, or discards the bytes and throws. */
  publish(key: string, publication: Publication): Promise<StoredObject>;
  /** Changes what is known of an object, not its bytes. Null where there is none. */
  change(key: string, changes: Partial<ObjectDescription>): Promise<StoredObject | null>;
  delete(key: string): Promise<void>;
  /** Gives `work` an object and the path of its bytes; once more where it was replaced meanwhile. Null where there is none. */
  use<T>(key: string, work: (object: StoredObject, path: string) => Promise<T>): Promise<T | null>;
  /** No further change from now on. @throws S3Error BucketNotEmpty */
  close(): void;
}

/**
 * Objects as files: the bytes under a random name, and beside them one small record per key, put in place by an atomic
 * rename. A process may die at any moment: bytes without a record are removed by the next start.
 */
export async function openObjectFiles(folder: string, now: () => Date): Promise<ObjectFiles> {
  const recordFolder = join(folder, 'records');
  await mkdir(recordFolder, { recursive: true });
  const data = await openDataFiles(join(folder, 'data'));
  const objects = await loadObjectRecords(recordFolder, data);
  const used = new Set([...objects.values()].map(({ file }) => file));
  await removeUnwantedFiles(data.folder, (name) => used.has(name));
  const keys = createSortedKeys(objects.keys());
  const gate = createChangeGate();

  async function record(object: StoredObject): Promise<void> {
    await replaceFile(recordPath(recordFolder, object.key), JSON.stringify(object));
    objects.set(object.key, object);
    keys.add(object.key);
  }

  /** A conditional write is decided on what is there, and nothing comes between. */
  async function publish(key: string, publication: Publication): Promise<StoredObject> {
    const { written, description, check, uploadId } = publication;
    const madeBy = uploadId === undefined ? {} : { uploadId };
    let replaced: StoredObject | undefined;
    try {
      const object = await gate.run(key, async () => {
        replaced = objects.get(key);
        check?.(replaced);
        const made: StoredObject = { key, ...written, lastModified: now(), ...description, ...madeBy };
        await record(made);
        return made;
      });
      if (replaced !== undefined) await data.remove(replaced.file).catch(() => undefined);
      return object;
    } catch (error) {
      await data.remove(written.file);
      throw error;
    }
  }

  return {
    keys,
    data,
    get: (key) => objects.get(key),
    publish,
    change: (key, changes) =>
      gate.run(key, async () => {
        const present = objects.get(key);
        if (present === undefined) return null;
        const changed = { ...present, ...changes };
        await record(changed);
        return changed;
      }),
    delete: (key) =>
      gate.run(key, async () => {
        const present = objects.get(key);
        if (present === undefined) return;
        await rm(recordPath(recordFolder, key), { force: true });
        objects.delete(key);
        keys.delete(key);
        await data.remove(present.file);
      }),
    use: (key, work) => useObject(objects, data, key, work),
    close() {
      if (objects.size > 0 || !gate.close()) {
        throw new S3Error(409, 'BucketNotEmpty', 'The bucket still holds objects: delete them first.');
      }
    },
  };
}

async function useObject<T>(
  objects: ReadonlyMap<string, StoredObject>,
  data: DataFiles,
  key: string,
  work: (object: StoredObject, path: string) => Promise<T>,
): Promise<T | null> {
  for (;;) {
    const object = objects.get(key);
    if (object === undefined) return null;
    try {
      return await work(object, data.pathOf(object.file));
    } catch (error) {
      // Otherwise it was replaced or deleted meanwhile, and its bytes with it: look again.
      if (objects.get(key) === object) throw error;
    }
  }
}

/** A key may be long and hold any character; its hash is a safe file name. The record says what the key is. */
function recordPath(folder: string, key: string): string {
  return join(folder, `${createHash('sha256').update(key).digest('hex')}.json`);
}
