import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { S3Error } from './s3-error.ts';

/** What is known of a stored object. `file` is the name of its bytes in the bucket's data folder. */
export const StoredObject = z.object({
  key: z.string(),
  file: z.string(),
  bytes: z.int().nonnegative(),
  etag: z.string(),
  lastModified: z.coerce.date(),
  contentType: z.string(),
  /** Further headers that were stored with the object, lower-case: cache-control, content-disposition and their like. */
  headers: z.record(z.string(), z.string()),
  metadata: z.record(z.string(), z.string()),
});
export type StoredObject = z.infer<typeof StoredObject>;

export type ObjectDescription = Pick<StoredObject, 'contentType' | 'headers' | 'metadata'>;

/** Bytes that lie on disk and belong to no object yet. */
export interface WrittenBytes {
  file: string;
  bytes: number;
  etag: string;
}

export interface ObjectFiles {
  get(key: string): StoredObject | undefined;
  /** All keys in byte order. */
  keys(): readonly string[];
  /** Streams bytes to disk. They show nowhere until `publish`; `discard` removes them. */
  write(body: AsyncIterable<Uint8Array>): Promise<WrittenBytes>;
  discard(written: WrittenBytes): Promise<void>;
  /** Makes the object of a key out of written bytes, all at once. `admit` sees what is there now and may refuse by throwing. */
  publish(
    key: string,
    written: WrittenBytes,
    description: ObjectDescription,
    admit?: (present: StoredObject | undefined) => void,
  ): Promise<StoredObject>;
  delete(key: string): Promise<void>;
  /** The open bytes of an object, with what is known of it; they stay readable whatever becomes of the key. */
  open(key: string): Promise<{ object: StoredObject; handle: FileHandle } | undefined>;
}

/**
 * Objects as files: the bytes under a random name, and beside them one small record per key, put in place by an atomic
 * rename. A torn write leaves bytes without a record, which the next start removes.
 */
export async function openObjectFiles(folder: string, now: () => Date): Promise<ObjectFiles> {
  const dataFolder = join(folder, 'data');
  const recordFolder = join(folder, 'records');
  await mkdir(dataFolder, { recursive: true });
  await mkdir(recordFolder, { recursive: true });
  const objects = await loadRecords(recordFolder);
  await removeOrphans(dataFolder, new Set([...objects.values()].map(({ file }) => file)));
  const turns = new Map<string, Promise<unknown>>();
  let sortedKeys: string[] | null = null;

  function keys(): readonly string[] {
    sortedKeys ??= [...objects.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return sortedKeys;
  }

  async function write(body: AsyncIterable<Uint8Array>): Promise<WrittenBytes> {
    const file = randomUUID();
    const path = join(dataFolder, file);
    const md5 = createHash('md5');
    let bytes = 0;
    const handle = await open(path, 'wx');
    try {
      for await (const chunk of body) {
        md5.update(chunk);
        bytes += chunk.length;
        await handle.writeFile(chunk);
      }
    } catch (error) {
      await handle.close();
      await rm(path, { force: true });
      throw error;
    }
    await handle.close();
    return { file, bytes, etag: md5.digest('hex') };
  }

  async function discard(written: WrittenBytes): Promise<void> {
    await rm(join(dataFolder, written.file), { force: true });
  }

  function publish(
    key: string,
    written: WrittenBytes,
    description: ObjectDescription,
    admit: (present: StoredObject | undefined) => void = () => {},
  ): Promise<StoredObject> {
    return inTurn(key, async () => {
      const present = objects.get(key);
      admit(present);
      const object: StoredObject = { key, ...written, lastModified: now(), ...description };
      await replaceFile(recordPath(recordFolder, key), JSON.stringify(object));
      objects.set(key, object);
      if (present === undefined) sortedKeys = null;
      else await rm(join(dataFolder, present.file), { force: true });
      return object;
    });
  }

  function deleteObject(key: string): Promise<void> {
    return inTurn(key, async () => {
      const present = objects.get(key);
      if (present === undefined) return;
      await rm(recordPath(recordFolder, key), { force: true });
      objects.delete(key);
      sortedKeys = null;
      await rm(join(dataFolder, present.file), { force: true });
    });
  }

  async function openObject(key: string): Promise<{ object: StoredObject; handle: FileHandle } | undefined> {
    for (;;) {
      const object = objects.get(key);
      if (object === undefined) return undefined;
      try {
        return { object, handle: await open(join(dataFolder, object.file), 'r') };
      } catch (error) {
        // Replaced or deleted between the look-up and the open: look again. Otherwise the file is really missing.
        if (objects.get(key) === object) throw error;
      }
    }
  }

  /** One change of a key at a time: conditional writes are decided against what is there, and nothing comes between. */
  async function inTurn<T>(key: string, run: () => Promise<T>): Promise<T> {
    const turn = (turns.get(key) ?? Promise.resolve()).then(run, run);
    turns.set(key, turn);
    try {
      return await turn;
    } finally {
      if (turns.get(key) === turn) turns.delete(key);
    }
  }

  return { get: (key) => objects.get(key), keys, write, discard, publish, delete: deleteObject, open: openObject };
}

/** Writes beside and renames over: a reader sees the old content or the new, never half of one. */
export async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  await writeFile(temporary, content);
  await rename(temporary, path);
}

/** A key may be long and hold any character; its hash is a safe file name. The record says what the key is. */
function recordPath(folder: string, key: string): string {
  return join(folder, `${createHash('sha256').update(key).digest('hex')}.json`);
}

async function loadRecords(folder: string): Promise<Map<string, StoredObject>> {
  const objects = new Map<string, StoredObject>();
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (name.endsWith('.tmp')) {
      await rm(path, { force: true });
      continue;
    }
    const record = StoredObject.safeParse(JSON.parse(await readFile(path, 'utf8')));
    if (!record.success) throw new S3Error(500, 'InternalError', `${path} is not a record of this store`);
    objects.set(record.data.key, record.data);
  }
  return objects;
}

async function removeOrphans(folder: string, known: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!known.has(name)) await rm(join(folder, name), { force: true });
  }
}
