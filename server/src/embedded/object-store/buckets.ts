import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CorsRule } from './bucket-cors.ts';
import { type MultipartUploads, openMultipartUploads } from './multipart-uploads.ts';
import { type ObjectFiles, openObjectFiles, replaceFile } from './object-files.ts';
import { noSuchBucket, S3Error } from './s3-error.ts';

const BucketSettings = z.object({
  created: z.coerce.date(),
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
  list(): Bucket[];
  /** @throws S3Error NoSuchBucket */
  get(name: string): Bucket;
  find(name: string): Bucket | undefined;
  /** Making a bucket that is there already is fine: there is one owner. @throws S3Error InvalidBucketName */
  create(name: string): Promise<void>;
  /** @throws S3Error NoSuchBucket, BucketNotEmpty */
  delete(name: string): Promise<void>;
  change(bucket: Bucket, settings: Partial<BucketSettings>): Promise<void>;
}

/** One folder per bucket; a bucket's name is a safe folder name by S3's own rules. */
export async function openBuckets(dataFolder: string, now: () => Date): Promise<Buckets> {
  await mkdir(dataFolder, { recursive: true });
  const buckets = new Map<string, Bucket>();
  for (const entry of await readdir(dataFolder, { withFileTypes: true })) {
    if (entry.isDirectory() && isBucketName(entry.name)) await load(entry.name);
  }

  async function load(name: string): Promise<void> {
    const folder = join(dataFolder, name);
    const text = await readFile(join(folder, 'bucket.json'), 'utf8').catch(() => null);
    if (text === null) return; // torn creation
    buckets.set(name, {
      name,
      settings: BucketSettings.parse(JSON.parse(text)),
      objects: await openObjectFiles(folder, now),
      uploads: await openMultipartUploads(join(folder, 'uploads'), now),
    });
  }

  async function create(name: string): Promise<void> {
    if (!isBucketName(name)) {
      throw new S3Error(400, 'InvalidBucketName', 'A bucket name has 3 to 63 of a-z, 0-9, dot and hyphen.');
    }
    if (buckets.has(name)) return;
    const folder = join(dataFolder, name);
    await mkdir(folder, { recursive: true });
    const settings: BucketSettings = { created: now(), cors: null, lifecycleXml: null };
    await replaceFile(join(folder, 'bucket.json'), JSON.stringify(settings));
    if (!buckets.has(name)) await load(name);
  }

  function get(name: string): Bucket {
    const bucket = buckets.get(name);
    if (bucket === undefined) throw noSuchBucket(name);
    return bucket;
  }

  async function deleteBucket(name: string): Promise<void> {
    const bucket = get(name);
    if (bucket.objects.keys().length > 0) throw new S3Error(409, 'BucketNotEmpty', 'The bucket still holds objects.');
    buckets.delete(name);
    await rm(join(dataFolder, name), { recursive: true, force: true });
  }

  async function change(bucket: Bucket, settings: Partial<BucketSettings>): Promise<void> {
    const changed = { ...bucket.settings, ...settings };
    await replaceFile(join(dataFolder, bucket.name, 'bucket.json'), JSON.stringify(changed));
    bucket.settings = changed;
  }

  return {
    list: () => [...buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    get,
    find: (name) => buckets.get(name),
    create,
    delete: deleteBucket,
    change,
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, the part that RadosGW checks too */
function isBucketName(name: string): boolean {
  return /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes('..') && !/^\d+\.\d+\.\d+\.\d+$/.test(name);
}
