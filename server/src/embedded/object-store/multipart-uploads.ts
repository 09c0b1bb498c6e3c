import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readJsonFile, replaceFile } from './atomic-file.ts';
import { openDataFiles } from './data-files.ts';
import { createKeyQueue } from './key-queue.ts';
import { noSuchUpload } from './s3-error.ts';
import { compareKeys } from './sorted-keys.ts';
import { StoredObject, type WrittenBytes } from './stored-object.ts';

const UploadRecord = z.object({
  key: z.string(),
  initiated: z.iso.datetime().transform((text) => new Date(text)),
  description: StoredObject.pick({ contentType: true, headers: true, metadata: true, tags: true, publicRead: true }),
});

export interface UploadPart {
  number: number;
  file: string;
  bytes: number;
  etag: string;
  lastModified: Date;
}

export interface MultipartUpload extends z.infer<typeof UploadRecord> {
  id: string;
  parts: ReadonlyMap<number, UploadPart>;
}

export interface MultipartUploads {
  /** In the order of keys, then of their beginning. */
  list(): MultipartUpload[];
  /** An upload is not found under another key. */
  find(id: string, key: string): MultipartUpload | undefined;
  /** @throws S3Error NoSuchUpload */
  get(id: string, key: string): MultipartUpload;
  begin(key: string, description: MultipartUpload['description']): Promise<MultipartUpload>;
  /** The part of that number takes the place of an earlier one. */
  putPart(upload: MultipartUpload, number: number, source: AsyncIterable<Uint8Array>): Promise<UploadPart>;
  /** The bytes of the parts, one after the other. */
  readParts(upload: MultipartUpload, parts: readonly UploadPart[]): AsyncIterable<Uint8Array>;
  /** Runs `work` while nothing else completes, aborts or changes that upload. */
  exclusively<T>(id: string, work: () => Promise<T>): Promise<T>;
  remove(upload: MultipartUpload): Promise<void>;
}

/** One folder per upload. A part's file says in its name all that is known of it, so one rename puts it in place. */
export async function openMultipartUploads(folder: string, now: () => Date): Promise<MultipartUploads> {
  await mkdir(folder, { recursive: true });
  const uploads = new Map<string, MultipartUpload & { parts: Map<number, UploadPart> }>();
  for (const id of await readdir(folder)) {
    const upload = await loadUpload(join(folder, id));
    if (upload === null) await rm(join(folder, id), { recursive: true, force: true });
    else uploads.set(id, { id, ...upload });
  }
  const queue = createKeyQueue();
  const exclusively = queue.run;
  const folderOf = (upload: MultipartUpload): string => join(folder, upload.id);

  function find(id: string, key: string): MultipartUpload | undefined {
    const upload = uploads.get(id);
    return upload?.key === key ? upload : undefined;
  }

  return {
    list: () =>
      [...uploads.values()].sort((a, b) => compareKeys(a.key, b.key) || a.initiated.getTime() - b.initiated.getTime()),
    exclusively,
    find,
    get(id, key) {
      const upload = find(id, key);
      if (upload === undefined) throw noSuchUpload();
      return upload;
    },
    async begin(key, description) {
      const upload = { id: randomUUID(), key, initiated: now(), description, parts: new Map<number, UploadPart>() };
      await mkdir(folderOf(upload));
      await replaceFile(
        join(folderOf(upload), 'upload.json'),
        JSON.stringify({ key, initiated: upload.initiated, description }),
      );
      uploads.set(upload.id, upload);
      return upload;
    },
    async putPart({ id }, number, source) {
      const data = await openDataFiles(join(folder, id));
      const written = await data.write(source);
      const part = { ...written, number, file: partFileName(number, written), lastModified: now() };
      return exclusively(id, async () => {
        const upload = uploads.get(id);
        if (upload === undefined) {
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
    },
    async *readParts(upload, parts) {
      for (const part of parts) yield* createReadStream(join(folderOf(upload), part.file));
    },
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

function partFileName(number: number, { file, bytes, etag }: WrittenBytes): string {
  return `part_${number}_${etag}_${bytes}_${file}`;
}

/** Null for an upload that was torn while it began. Torn parts are removed. */
async function loadUpload(
  folder: string,
): Promise<(Omit<MultipartUpload, 'id'> & { parts: Map<number, UploadPart> }) | null> {
  const record = UploadRecord.safeParse(await readJsonFile(join(folder, 'upload.json')));
  if (!record.success) return null;
  const parts = new Map<number, UploadPart>();
  for (const file of await readdir(folder)) {
    if (file === 'upload.json') continue;
    const [, number, etag = '', bytes] = /^part_(\d+)_([0-9a-f]{32})_(\d+)_[0-9a-f-]{36}$/.exec(file) ?? [];
    const { size, mtime } = await stat(join(folder, file));
    const part = { number: Number(number), file, etag, bytes: Number(bytes), lastModified: mtime };
    const other = parts.get(part.number);
    const isTorn = etag === '' || size !== part.bytes;
    if (isTorn || (other !== undefined && other.lastModified > mtime)) {
      await rm(join(folder, file));
      continue;
    }
    if (other !== undefined) await rm(join(folder, other.file));
    parts.set(part.number, part);
  }
  return { ...record.data, parts };
}
