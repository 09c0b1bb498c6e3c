import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readJsonFile, replaceFile } from './atomic-file.ts';
import { CorsRule } from './bucket-cors.ts';
import { createKeyQueue } from './key-queue.ts';
import { type MultipartUploads, openMultipartUploads } from './multipart-uploads.ts';
import { type ObjectFiles, openObjectFiles } from './object-files.ts';
import { noSuchBucket, S3Error } from './s3-error.ts';

const BucketSettings = z.object({
  created: z.iso.datetime().transform((text) => new Date(text)),
  cors: z.array(CorsRule).nullable(),
  /** Kept as it was put; this store runs no lifecycle. */
  lifecycleXml: z.string().nullable(),
});
export type BucketSettings = z.infer<typeof BucketSettings>;

export interface Bucket {
  name: string;
  settings: BucketSettings;
  objects: ObjectFiles;
  uploads: MultipartUploads;
}

export interface Buckets {
  /** In the order of their names. */
  list(): Bucket[];
  /** @throws S3Error NoSuchBucket */
  get(name: string): Bucket;
  find(name: string | undefined): Bucket | undefined;
  /** Making a bucket that is there already is fine: there is one owner. @throws S3Error InvalidBucketName */
  create(name: string): Promise<void>;
  /** @throws S3Error NoSuchBucket, BucketNotEmpty */
  delete(name: string): Promise<void>;
  change(name: string, settings: Partial<BucketSettings>): Promise<void>;
}

/** One folder per bucket; the name of a bucket is a safe folder name by S3's own rules. */
export async function openBuckets(dataFolder: string, now: () => Date): Promise<Buckets> {
  const bucketFolder = join(dataFolder, 'buckets');
  const deletedFolder = join(dataFolder, 'deleted');
  await mkdir(bucketFolder, { recursive: true });
  await rm(deletedFolder, { recursive: true, force: true });
  await mkdir(deletedFolder);
  const buckets = new Map<string, Bucket>();
  const queue = createKeyQueue();
  const settingsPath = (name: string): string => join(bucketFolder, name, 'bucket.json');

  async function load(name: string): Promise<void> {
    const document = await readJsonFile(settingsPath(name));
    // Torn while it was made: nothing can be in it.
    if (document === undefined) return;
    const settings = BucketSettings.safeParse(document);
    if (!settings.success) throw new Error(`${settingsPath(name)} is not a bucket of this object store`);
    const folder = join(bucketFolder, name);
    const objects = await openObjectFiles(folder, now);
    const uploads = await openMultipartUploads(join(folder, 'uploads'), now);
    for (const upload of uploads.list()) {
      // Completed by a process that died before it could tidy up.
      if (objects.get(upload.key)?.uploadId === upload.id) await uploads.remove(upload);
    }
    buckets.set(name, { name, settings: settings.data, objects, uploads });
  }

  function get(name: string): Bucket {
    const bucket = buckets.get(name);
    if (bucket === undefined) throw noSuchBucket(name);
    return bucket;
  }

  for (const entry of await readdir(bucketFolder, { withFileTypes: true })) {
    if (entry.isDirectory() && isBucketName(entry.name)) await load(entry.name);
  }

  return {
    list: () => [...buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    get,
    find: (name) => (name === undefined ? undefined : buckets.get(name)),
    async create(name) {
      if (!isBucketName(name)) {
        throw new S3Error(
          400,
          'InvalidBucketName',
          'A bucket name has 3 to 63 lower-case letters, digits, dots and hyphens, begins and ends with a letter or digit, and is no IP address.',
        );
      }
      await queue.run(name, async () => {
        if (buckets.has(name)) return;
        await mkdir(join(bucketFolder, name), { recursive: true });
        const settings: BucketSettings = { created: now(), cors: null, lifecycleXml: null };
        await replaceFile(settingsPath(name), JSON.stringify(settings));
        await load(name);
      });
    },
    delete: (name) =>
      queue.run(name, async () => {
        get(name).objects.close();
        buckets.delete(name);
        // Gone at once for every reader; what it held (unfinished uploads) is cleaned up afterwards.
        const deleted = join(deletedFolder, randomUUID());
        await rename(join(bucketFolder, name), deleted);
        await rm(deleted, { recursive: true, force: true });
      }),
    change: (name, settings) =>
      queue.run(name, async () => {
        const bucket = get(name);
        const changed = { ...bucket.settings, ...settings };
        await replaceFile(settingsPath(name), JSON.stringify(changed));
        bucket.settings = changed;
      }),
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, the part that RadosGW checks too */
function isBucketName(name: string): boolean {
  return (
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !/\.\.|\.-|-\./.test(name) && !/^\d+\.\d+\.\d+\.\d+$/.test(name)
  );
}
