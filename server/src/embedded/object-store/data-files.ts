import { createHash, randomUUID } from 'node:crypto';
import { copyFile, link, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { WrittenBytes } from './stored-object.ts';

/** Files of bytes under random names. A file never changes once it is written, so that copies may share it. */
export interface DataFiles {
  readonly folder: string;
  pathOf(file: string): string;
  /** Streams bytes to a new file. What was written is removed when the source throws. */
  write(source: AsyncIterable<Uint8Array>): Promise<WrittenBytes>;
  /** A second name for the bytes of `original`, in this folder: takes no time and no space where the disk knows links. */
  copy(original: string): Promise<string>;
  remove(file: string): Promise<void>;
}

export async function openDataFiles(folder: string): Promise<DataFiles> {
  await mkdir(folder, { recursive: true });
  const pathOf = (file: string): string => join(folder, file);
  const remove = (file: string): Promise<void> => rm(pathOf(file), { force: true });

  return {
    folder,
    pathOf,
    remove,
    async write(source) {
      const file = randomUUID();
      const md5 = createHash('md5');
      let bytes = 0;
      const handle = await open(pathOf(file), 'wx');
      try {
        for await (const chunk of source) {
          md5.update(chunk);
          bytes += chunk.length;
          await handle.writeFile(chunk);
        }
      } catch (error) {
        await handle.close();
        await remove(file);
        throw error;
      }
      await handle.close();
      return { file, bytes, etag: md5.digest('hex') };
    },
    async copy(original) {
      const file = randomUUID();
      try {
        await link(original, pathOf(file));
      } catch {
        await copyFile(original, pathOf(file));
      }
      return file;
    },
  };
}
