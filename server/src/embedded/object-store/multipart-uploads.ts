import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openDataFiles } from './data-files.ts';
import { createKeyQueue } from './key-queue.ts';
import { noSuchUpload } from './s3-error.ts';
import { compareKeys } from './sorted-keys.ts';
import type { ObjectDescription } from './stored-object.ts';
import {
  buildPartName,
  loadUploads,
  type MultipartUpload,
  type UploadPart,
  writeUploadRecord,
} from './upload-records.ts';

export interface MultipartUploads {
  /** In the order of keys, then of their beginning. */
  list(): MultipartUpload[];
  /** An upload is not found under another key. */
  find(id: string, key: string): MultipartUpload | undefined;
  /** @throws S3Error NoSuchUpload */
  get(id: string, key: string): MultipartUpload;
  begin(key: string, description: ObjectDescription): Promise<MultipartUpload>;
  /** The part of that number takes the place of an earlier one. @throws S3Error NoSuchUpload */
  putPart(upload: MultipartUpload, number: number, source: AsyncIterable<Uint8Array>): Promise<UploadPart>;
  /** The bytes of the parts, one after the other. */
  readParts(upload: MultipartUpload, parts: readonly UploadPart[]): AsyncIterable<Uint8Array>;
  /** Runs `work` while nothing else completes, aborts or changes that upload. */
  exclusively<T>(id: string, work: () => Promise<T>): Promise<T>;
  remove(upload: MultipartUpload): Promise<void>;
}

/** One folder per upload, its parts in files. */
export async function openMultipartUploads(folder: string, now: () => Date): Promise<MultipartUploads> {
  await mkdir(folder, { recursive: true });
  const uploads = await loadUploads(folder);
  const queue = createKeyQueue();
  const folderOf = (upload: MultipartUpload): string => join(folder, upload.id);

  function find(id: string, key: string): MultipartUpload | undefined {
    const upload = uploads.get(id);
    return upload?.key === key ? upload : undefined;
  }

  async function putPart(
    upload: MultipartUpload,
    number: number,
    source: AsyncIterable<Uint8Array>,
  ): Promise<UploadPart> {
    const data = await openDataFiles(folderOf(upload));
    const written = await data.write(source);
    const part = { ...written, number, file: buildPartName(number, written), lastModified: now() };
    return queue.run(upload.id, async () => {
      if (!uploads.has(upload.id)) {
        // Completed or aborted while the part came in.
        await rm(data.folder, { recursive: true, force: true });
        throw noSuchUpload();
      }
      const replaced = upload.parts.get(number);
      await rename(data.pathOf(written.file), data.pathOf(part.file));
      upload.parts.set(number, part);
      if (replaced !== undefined) await data.remove(replaced.file);
      return part;
    });
  }

  return {
    list: () =>
      [...uploads.values()].sort((a, b) => compareKeys(a.key, b.key) || a.initiated.getTime() - b.initiated.getTime()),
    find,
    get(id, key) {
      const upload = find(id, key);
      if (upload === undefined) throw noSuchUpload();
      return upload;
    },
    async begin(key, description) {
      const upload = { id: randomUUID(), key, initiated: now(), description, parts: new Map<number, UploadPart>() };
      await mkdir(folderOf(upload));
      await writeUploadRecord(folderOf(upload), upload);
      uploads.set(upload.id, upload);
      return upload;
    },
    putPart,
    async *readParts(upload, parts) {
      for (const part of parts) yield* createReadStream(join(folderOf(upload), part.file));
    },
    exclusively: queue.run,
    async remove(upload) {
      uploads.delete(upload.id);
      await rm(folderOf(upload), { recursive: true, force: true });
    },
  };
}

/** `md5(md5s)-n`, as S3 makes it. */
export function buildMultipartETag(parts: readonly UploadPart[]): string {
  const md5 = createHash('md5');
  for (const { etag } of parts) md5.update(etag, 'hex');
  return `${md5.digest('hex')}-${parts.length}`;
}
