import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import {
  type ObjectDescription,
  type ObjectFiles,
  openObjectFiles,
  replaceFile,
  type WrittenBytes,
} from './object-files.ts';
import { invalidArgument, noSuchUpload, S3Error } from './s3-error.ts';

/** Parts but the last are at least this large. https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const minPartBytes = 5 * 1024 * 1024;
const maxPartNumber = 10_000;

const UploadRecord = z.object({
  key: z.string(),
  initiated: z.coerce.date(),
  description: z.object({
    contentType: z.string(),
    headers: z.record(z.string(), z.string()),
    metadata: z.record(z.string(), z.string()),
  }),
});

export interface MultipartUpload {
  id: string;
  key: string;
  initiated: Date;
  description: ObjectDescription;
  parts: ObjectFiles;
}

export interface UploadedPart {
  number: number;
  bytes: number;
  etag: string;
  lastModified: Date;
}

export interface MultipartUploads {
  create(key: string, description: ObjectDescription): Promise<MultipartUpload>;
  /** @throws S3Error NoSuchUpload */
  get(id: string, key: string): MultipartUpload;
  list(): MultipartUpload[];
  listParts(upload: MultipartUpload): UploadedPart[];
  putPart(upload: MultipartUpload, partNumber: string, body: AsyncIterable<Uint8Array>): Promise<string>;
  /** Joins the named parts into bytes of the object store. @throws S3Error InvalidPart, InvalidPartOrder, EntityTooSmall */
  join(
    upload: MultipartUpload,
    named: readonly { number: number; etag: string }[],
    into: ObjectFiles,
  ): Promise<WrittenBytes>;
  remove(upload: MultipartUpload): Promise<void>;
}

/** Uploads under way, a folder each: their parts are kept as objects are. */
export async function openMultipartUploads(folder: string, now: () => Date): Promise<MultipartUploads> {
  await mkdir(folder, { recursive: true });
  const uploads = new Map<string, MultipartUpload>();
  for (const id of await readdir(folder)) {
    const text = await readFile(join(folder, id, 'upload.json'), 'utf8').catch(() => null);
    if (text === null) await rm(join(folder, id), { recursive: true, force: true });
    else
      uploads.set(id, {
        id,
        ...UploadRecord.parse(JSON.parse(text)),
        parts: await openObjectFiles(join(folder, id), now),
      });
  }

  async function create(key: string, description: ObjectDescription): Promise<MultipartUpload> {
    const id = randomUUID();
    const parts = await openObjectFiles(join(folder, id), now);
    const upload: MultipartUpload = { id, key, initiated: now(), description, parts };
    await replaceFile(
      join(folder, id, 'upload.json'),
      JSON.stringify({ key, initiated: upload.initiated, description }),
    );
    uploads.set(id, upload);
    return upload;
  }

  function get(id: string, key: string): MultipartUpload {
    const upload = uploads.get(id);
    if (upload === undefined || upload.key !== key) throw noSuchUpload();
    return upload;
  }

  async function putPart(
    upload: MultipartUpload,
    partNumber: string,
    body: AsyncIterable<Uint8Array>,
  ): Promise<string> {
    if (!/^\d{1,5}$/.test(partNumber) || Number(partNumber) < 1 || Number(partNumber) > maxPartNumber) {
      throw invalidArgument(`partNumber must be 1 to ${maxPartNumber}.`);
    }
    const written = await upload.parts.write(body);
    await upload.parts.publish(partKey(Number(partNumber)), written, { contentType: '', headers: {}, metadata: {} });
    return written.etag;
  }

  function listParts(upload: MultipartUpload): UploadedPart[] {
    return upload.parts.keys().flatMap((key) => {
      const part = upload.parts.get(key);
      return part === undefined
        ? []
        : [{ number: Number(key), bytes: part.bytes, etag: part.etag, lastModified: part.lastModified }];
    });
  }

  async function joinParts(
    upload: MultipartUpload,
    named: readonly { number: number; etag: string }[],
    into: ObjectFiles,
  ): Promise<WrittenBytes> {
    assertParts(upload, named);
    const written = await into.write(readParts(upload, named));
    const md5s = Buffer.concat(named.map(({ etag }) => Buffer.from(etag, 'hex')));
    return { ...written, etag: `${createHash('md5').update(md5s).digest('hex')}-${named.length}` };
  }

  async function remove(upload: MultipartUpload): Promise<void> {
    uploads.delete(upload.id);
    await rm(join(folder, upload.id), { recursive: true, force: true });
  }

  return { create, get, list: () => [...uploads.values()], listParts, putPart, join: joinParts, remove };
}

function assertParts(upload: MultipartUpload, named: readonly { number: number; etag: string }[]): void {
  let previous = 0;
  for (const [index, { number, etag }] of named.entries()) {
    const part = upload.parts.get(partKey(number));
    if (number <= previous || part === undefined || part.etag !== etag) {
      throw new S3Error(400, 'InvalidPart', `Part ${number} is missing, out of order, or has another ETag.`);
    }
    if (part.bytes < minPartBytes && index < named.length - 1) {
      throw new S3Error(400, 'EntityTooSmall', `Part ${number} is smaller than ${minPartBytes} bytes.`);
    }
    previous = number;
  }
}

async function* readParts(upload: MultipartUpload, named: readonly { number: number }[]): AsyncGenerator<Uint8Array> {
  for (const { number } of named) {
    const part = await upload.parts.open(partKey(number));
    if (part === undefined) throw noSuchUpload();
    yield* part.handle.createReadStream();
  }
}

/** Padded, so that byte order is the order of numbers. */
function partKey(number: number): string {
  return String(number).padStart(5, '0');
}
