import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readJsonFile, replaceFile } from './atomic-file.ts';
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
  parts: Map<number, UploadPart>;
}

const recordName = 'upload.json';

export async function writeUploadRecord(
  folder: string,
  { key, initiated, description }: MultipartUpload,
): Promise<void> {
  await replaceFile(join(folder, recordName), JSON.stringify({ key, initiated, description }));
}

/** A part's file says in its name all that is known of it, so one rename puts it in place. */
export function buildPartName(number: number, { file, bytes, etag }: WrittenBytes): string {
  return `part_${number}_${etag}_${bytes}_${file}`;
}

/** All uploads of a bucket, by id. Those that were torn while they began are removed, and torn parts. */
export async function loadUploads(folder: string): Promise<Map<string, MultipartUpload>> {
  const uploads = new Map<string, MultipartUpload>();
  for (const id of await readdir(folder)) {
    const record = UploadRecord.safeParse(await readJsonFile(join(folder, id, recordName)));
    if (record.success) uploads.set(id, { ...record.data, id, parts: await loadParts(join(folder, id)) });
    else await rm(join(folder, id), { recursive: true, force: true });
  }
  return uploads;
}

async function loadParts(folder: string): Promise<Map<number, UploadPart>> {
  const parts = new Map<number, UploadPart>();
  for (const file of await readdir(folder)) {
    if (file === recordName) continue;
    const part = await loadPart(folder, file);
    const other = part === null ? undefined : parts.get(part.number);
    // Of two with one number the later one counts: the other was about to be removed.
    if (part === null || (other !== undefined && other.lastModified > part.lastModified)) await rm(join(folder, file));
    else {
      if (other !== undefined) await rm(join(folder, other.file));
      parts.set(part.number, part);
    }
  }
  return parts;
}

async function loadPart(folder: string, file: string): Promise<UploadPart | null> {
  const [, number, etag, bytes] = /^part_(\d+)_([0-9a-f]{32})_(\d+)_[0-9a-f-]{36}$/.exec(file) ?? [];
  if (etag === undefined) return null;
  const { size, mtime } = await stat(join(folder, file));
  return size === Number(bytes) ? { number: Number(number), file, bytes: size, etag, lastModified: mtime } : null;
}
