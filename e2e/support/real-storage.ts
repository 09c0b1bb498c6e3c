import type { BrowserContext } from 'playwright';
import { createS3Storage, type S3Storage } from '../../server/src/storage/s3-storage.ts';
import { attemptsPrefix, commitKey, incomingKey } from '../../server/src/uploads/object-keys.ts';
import { testSetting } from '../../server/test/support/given-storage.ts';
import { createTestBucket } from '../../server/test/support/test-bucket.ts';

/** The real S3 server that the environment names, if it names one. */
export const realStorageEndpoint = process.env['KUANARY_TEST_S3_ENDPOINT'];
/** The real imgproxy that the environment names. Without it `kuanary dev` chooses. */
export const realImgproxyUrl = process.env['KUANARY_TEST_IMGPROXY_URL'];

export interface RealStorage {
  endpoint: string;
  bucket: string;
  /** Settings of `kuanary`: the bucket, and imgproxy where one is given. */
  settings: Record<string, string>;
  storage: S3Storage;
  /** Remembers what a page makes, for `remove`. */
  watch(context: BrowserContext): void;
  rememberUpload(uploadId: string): void;
  rememberImage(filename: string): void;
  /** Deletes what was made: the bucket where it is our own, otherwise the objects that were remembered. */
  remove(): Promise<void>;
}

function setting(name: string): string {
  return testSetting(name, 'S3_ENDPOINT');
}

/**
 * A bucket on the real server: a fresh one, or the given one where imgproxy is given too, because that imgproxy may read no other.
 *
 * @throws {Error} if a variable is missing
 */
export async function openRealStorage(endpoint: string): Promise<RealStorage> {
  const address = {
    endpoint,
    region: setting('S3_REGION'),
    accessKey: setting('S3_ACCESS_KEY'),
    secretKey: setting('S3_SECRET_KEY'),
  };
  const own = realImgproxyUrl === undefined ? await createTestBucket(address) : undefined;
  const bucket = own?.bucket ?? setting('S3_BUCKET');
  const storage = createS3Storage({ ...address, publicEndpoint: endpoint, bucket, forcePathStyle: true });
  const uploadIds = new Set<string>();
  const filenames = new Set<string>();

  async function remove(): Promise<void> {
    for (const filename of filenames) {
      const uploadId = (await storage.readRange(filename, 0, 1))?.metadata['kuanary-upload'];
      if (uploadId !== undefined) uploadIds.add(uploadId);
      await storage.delete(filename);
    }
    for (const uploadId of uploadIds) {
      const attempts = await storage.list({ prefix: `${attemptsPrefix}${uploadId}/`, limit: 1000 });
      const keys = [incomingKey(uploadId), commitKey(uploadId), ...attempts.objects.map(({ key }) => key)];
      for (const key of keys) await storage.delete(key);
    }
    storage.close();
    await own?.remove();
  }

  return {
    endpoint,
    bucket,
    settings: {
      S3_ENDPOINT: endpoint,
      S3_REGION: address.region,
      S3_BUCKET: bucket,
      S3_ACCESS_KEY: address.accessKey,
      S3_SECRET_KEY: address.secretKey,
      ...(realImgproxyUrl === undefined
        ? {}
        : {
            IMGPROXY_URL: realImgproxyUrl,
            IMGPROXY_KEY: setting('IMGPROXY_KEY'),
            IMGPROXY_SALT: setting('IMGPROXY_SALT'),
          }),
    },
    storage,
    watch(context) {
      context.on('response', async (response) => {
        if (response.request().method() !== 'POST' || !response.ok()) return;
        const answer: unknown = await response.json().catch(() => null);
        if (typeof answer !== 'object' || answer === null) return;
        if ('uploadId' in answer && typeof answer.uploadId === 'string') uploadIds.add(answer.uploadId);
        if ('filename' in answer && typeof answer.filename === 'string') filenames.add(answer.filename);
      });
    },
    rememberUpload: (uploadId) => uploadIds.add(uploadId),
    rememberImage: (filename) => filenames.add(filename),
    remove,
  };
}
