import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startObjectStore } from '../../src/embedded/object-store/object-store-server.ts';
import { createS3Storage, type S3Settings, type S3Storage } from '../../src/storage/s3-storage.ts';
import { givenStorage, isStorageGiven } from '../support/given-storage.ts';
import { createTestBucket, type TestBucket, type TestStorageAddress } from '../support/test-bucket.ts';
import { describeUploadPolicies } from './post-policy-contract.ts';
import { describeObjectStorage } from './storage-contract.ts';

interface MadeStorage extends Omit<TestBucket, 'remove'> {
  storage: S3Storage;
  settings: S3Settings;
  remove(): Promise<void>;
}

async function makeStorage(address: TestStorageAddress): Promise<MadeStorage> {
  const { bucket, client, remove } = await createTestBucket(address);
  const settings = { ...address, publicEndpoint: address.endpoint, bucket, forcePathStyle: true };
  const storage = createS3Storage(settings);
  return {
    storage,
    settings,
    client,
    bucket,
    async remove() {
      storage.close();
      await remove();
    },
  };
}

async function makeEmbeddedStorage(): Promise<MadeStorage> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'kuanary-store-'));
  const keys = { accessKey: 'embedded-access-key', secretKey: 'embedded-secret-key-for-tests' };
  const store = await startObjectStore({ dataFolder, host: '127.0.0.1', port: 0, region: 'us-east-1', ...keys });
  const made = await makeStorage({ endpoint: store.url, region: 'us-east-1', ...keys });
  return {
    ...made,
    async remove() {
      await made.remove();
      await store.close();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

function describeBucketReachable(name: string, make: () => Promise<MadeStorage>): void {
  describe(`bucketReachable on ${name}`, () => {
    it('passes for the bucket and names what is wrong otherwise', async () => {
      const { storage, settings, remove } = await make();
      try {
        await storage.bucketReachable();
        const reasonWith = async (changes: Partial<S3Settings>): Promise<void> => {
          const wrong = createS3Storage({ ...settings, ...changes });
          await wrong.bucketReachable().finally(() => wrong.close());
        };
        const missing = reasonWith({ bucket: `${settings.bucket}-missing` });
        await expect(missing).rejects.toThrow(
          `missing bucket: ${settings.endpoint} has no bucket "${settings.bucket}-missing"`,
        );
        await expect(reasonWith({ secretKey: 'wrong' })).rejects.toThrow('refused credentials');
        await expect(reasonWith({ accessKey: 'wrong' })).rejects.toThrow('refused credentials');
        await expect(reasonWith({ secretKey: 'wrong' })).rejects.toMatchObject({ failure: 'unavailable' });
      } finally {
        await remove();
      }
    });

    it('does not take objects of a missing bucket for missing objects', async () => {
      const { settings, remove } = await make();
      const storage = createS3Storage({ ...settings, bucket: `${settings.bucket}-missing` });
      const description = { contentType: 'text/plain', metadata: {} };
      try {
        const unavailable = { name: 'StorageError', failure: 'unavailable' };
        await expect(storage.readRange('a', 0, 1)).rejects.toMatchObject(unavailable);
        await expect(storage.put('a', new Uint8Array(1), description)).rejects.toMatchObject(unavailable);
        await expect(storage.copy('a', 'b', description)).rejects.toMatchObject(unavailable);
        await expect(storage.copyByStreaming('a', 'b', description)).rejects.toMatchObject(unavailable);
        await expect(storage.delete('a')).rejects.toMatchObject(unavailable);
        await expect(storage.list({ limit: 1 })).rejects.toMatchObject(unavailable);
      } finally {
        storage.close();
        await remove();
      }
    });
  });
}

describeObjectStorage('the embedded store', makeEmbeddedStorage);
describeUploadPolicies('the embedded store', makeEmbeddedStorage);
describeBucketReachable('the embedded store', makeEmbeddedStorage);

describe.skipIf(!isStorageGiven)('a given S3 server (KUANARY_TEST_S3_ENDPOINT)', () => {
  const make = (): Promise<MadeStorage> => makeStorage(givenStorage);
  describeObjectStorage(givenStorage.endpoint, make);
  describeUploadPolicies(givenStorage.endpoint, make);
  describeBucketReachable(givenStorage.endpoint, make);
});
