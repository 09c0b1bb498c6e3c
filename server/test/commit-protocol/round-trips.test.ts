import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ObjectStorage } from '../../src/storage/storage.ts';
import { createCommitRecords } from '../../src/uploads/commit-record.ts';
import { createUploadCommitter, type UploadCommitter } from '../../src/uploads/commit-upload.ts';
import { commitKey, incomingKey } from '../../src/uploads/object-keys.ts';
import { insertPngChunks, pngChunk } from '../support/sample-images.ts';
import { type BucketModel, createBucketModel } from './bucket-model.ts';
import { createRoundCounter, type RoundCounter } from './round-counter.ts';
import { tinyPng } from './tiny-png.ts';

const picture = tinyPng(40, 30, 0);
const facts = { width: 40, height: 30, format: 'png', bytes: picture.length, animated: false } as const;
const uploaded = { contentType: 'image/png', metadata: {} };

function createBucket(): BucketModel {
  return createBucketModel(Date.UTC(2026, 0, 1), () => undefined);
}

function upload(bucket: BucketModel, bytes: Uint8Array): { uploadId: string; bytes: number } {
  const uploadId = randomUUID();
  bucket.put(incomingKey(uploadId), bytes, uploaded);
  return { uploadId, bytes: bytes.length };
}

function createCommitter(
  storage: ObjectStorage,
  overrides: Partial<Parameters<typeof createUploadCommitter>[0]> = {},
): UploadCommitter {
  return createUploadCommitter({
    storage,
    records: createCommitRecords(storage, 'conditional-put'),
    limits: { maxPixels: 1_000_000, maxSide: 1000, allowedFormats: new Set(['png'] as const) },
    promote: 'copy',
    monotonicMs: () => 0,
    ...overrides,
  });
}

function imagesIn(bucket: BucketModel): string[] {
  return bucket.keys().filter((key) => key.startsWith('image-'));
}

/** Somebody has decided the upload already. */
function putRecord(bucket: BucketModel, uploadId: string, record: object): void {
  bucket.put(commitKey(uploadId), Buffer.from(JSON.stringify(record)), uploaded);
}

describe('round trips of a commit', () => {
  it('are five on the winning path, and the clean-up is not waited for', async () => {
    const bucket = createBucket();
    const counter = createRoundCounter(bucket);
    const committer = createCommitter(counter.storage);
    const signed = upload(bucket, picture);
    const image = await counter.play(committer.commit(signed));
    expect(counter.rounds).toEqual([
      ['read incoming', 'read record'],
      ['put attempt'],
      ['copy image'],
      ['read image'],
      ['put new record'],
    ]);
    expect(image.facts).toEqual(facts);
    await counter.finish();
    await committer.settled();
    expect(counter.rounds.slice(5)).toEqual([['delete attempt', 'delete incoming']]);
    expect(bucket.keys().sort()).toEqual([image.filename, commitKey(signed.uploadId)]);
  });

  it('are one for a repeat, on any instance', async () => {
    const bucket = createBucket();
    const signed = upload(bucket, picture);
    const first = createRoundCounter(bucket);
    const image = await first.play(createCommitter(first.storage).commit(signed));
    const second = createRoundCounter(bucket);
    expect(await second.play(createCommitter(second.storage).commit(signed))).toEqual(image);
    expect(second.rounds).toEqual([['read incoming', 'read record']]);
  });

  it('are three for a received file, its own PUT included', async () => {
    const bucket = createBucket();
    const counter = createRoundCounter(bucket);
    const received = createCommitter(counter.storage).commitReceived(facts, (filename, description) =>
      counter.storage.put(filename, picture, description),
    );
    const { filename } = await counter.play(received);
    expect(counter.rounds).toEqual([['put attempt'], ['put image'], ['put new record']]);
    expect(imagesIn(bucket)).toEqual([filename]);
  });

  it.each([0, 30_000_000])(
    'read at most 256 KiB when the header is far into the file, with %d bytes behind it',
    async (bytesBehind) => {
      const metadata = pngChunk('tEXt', Buffer.alloc(120_000, 'metadata'));
      const far = Buffer.concat([insertPngChunks(Buffer.from(picture), [metadata]), Buffer.alloc(bytesBehind)]);
      const bucket = createBucket();
      const counter = createRoundCounter(bucket);
      const image = await counter.play(createCommitter(counter.storage).commit(upload(bucket, far)));
      expect(image.facts).toEqual({ ...facts, bytes: far.length });
      expect(counter.bytesRead).toBeGreaterThan(2 * 65_536);
      expect(counter.bytesRead).toBeLessThanOrEqual(262_144);
      expect(counter.rounds.flat().filter((step) => step === 'read image')).toHaveLength(2);
    },
  );
});

describe('a storage that cannot copy', () => {
  it('has the object streamed once, and says so', async () => {
    const bucket = createBucket();
    const counter = createRoundCounter(bucket, { copySupported: false });
    let warnings = 0;
    const onCopyUnsupported = (): void => {
      warnings += 1;
    };
    const committer = createCommitter(counter.storage, { onCopyUnsupported });
    const { filename } = await counter.play(committer.commit(upload(bucket, picture)));
    expect(warnings).toBe(1);
    expect(counter.rounds.slice(2, 5)).toEqual([['copy image'], ['open incoming'], ['stream image']]);
    expect(bucket.get(filename)?.bytes).toBe(picture);
  });

  it('is not asked to copy where STORAGE_PROMOTE=stream', async () => {
    const bucket = createBucket();
    const counter = createRoundCounter(bucket, { copySupported: false });
    const committer = createCommitter(counter.storage, { promote: 'stream' });
    await counter.play(committer.commit(upload(bucket, picture)));
    expect(counter.rounds.flat()).not.toContain('copy image');
    expect(imagesIn(bucket)).toHaveLength(1);
  });
});

describe('an upload that has been decided', () => {
  it.each([
    { record: { deleted: true, filename: `image-${randomUUID()}.png` }, code: 'image_deleted' },
    { record: { expired: true }, code: 'upload_expired' },
  ])('is answered 410 $code, and nothing is written', async ({ record, code }) => {
    const bucket = createBucket();
    const signed = upload(bucket, picture);
    putRecord(bucket, signed.uploadId, record);
    const before = bucket.moment();
    const counter = createRoundCounter(bucket);
    const call = counter.play(createCommitter(counter.storage).commit(signed));
    await expect(call).rejects.toMatchObject({ code, status: 410 });
    expect(bucket.moment()).toBe(before);
  });

  it('is not believed when the record is none that we write', async () => {
    const bucket = createBucket();
    const signed = upload(bucket, picture);
    putRecord(bucket, signed.uploadId, { filename: 'image-1.png' });
    const counter = createRoundCounter(bucket);
    const call = counter.play(createCommitter(counter.storage).commit(signed));
    await expect(call).rejects.toMatchObject({ name: 'StorageError', failure: 'unavailable' });
    expect(imagesIn(bucket)).toEqual([]);
  });
});

describe('calls for one upload at the same time', () => {
  it('share one run on one instance', async () => {
    const bucket = createBucket();
    const counter = createRoundCounter(bucket);
    const committer = createCommitter(counter.storage);
    const signed = upload(bucket, picture);
    const images = await counter.play(Promise.all(Array.from({ length: 50 }, () => committer.commit(signed))));
    expect(counter.rounds.flat()).toHaveLength(6);
    expect(new Set(images.map(({ filename }) => filename)).size).toBe(1);
  });

  it('leave one image, one record and nothing else on twenty instances', async () => {
    const bucket = createBucket();
    const counter = createRoundCounter(bucket);
    const signed = upload(bucket, picture);
    const committers = Array.from({ length: 20 }, () => createCommitter(counter.storage));
    const images = await counter.play(Promise.all(committers.map((committer) => committer.commit(signed))));
    await counter.finish();
    expect(new Set(images.map(({ filename }) => filename)).size).toBe(1);
    expect(bucket.keys().sort()).toEqual([images[0]?.filename, commitKey(signed.uploadId)]);
  });
});

describe('SINGLE_INSTANCE on a storage that ignores If-None-Match', () => {
  function careless({ storage }: RoundCounter): ObjectStorage {
    return { ...storage, put: (key, body, options) => storage.put(key, body, { ...options, onlyIfAbsent: false }) };
  }

  async function race(atomicity: 'conditional-put' | 'process-lock'): Promise<Set<string>> {
    const bucket = createBucket();
    const counter = createRoundCounter(bucket);
    const storage = careless(counter);
    const records = createCommitRecords(storage, atomicity);
    const signed = upload(bucket, picture);
    const committers = Array.from({ length: 20 }, () => createCommitter(storage, { records }));
    const images = await counter.play(Promise.all(committers.map((committer) => committer.commit(signed))));
    return new Set(images.map(({ filename }) => filename));
  }

  it('has one winner of twenty, through the lock of the process', async () => {
    expect((await race('process-lock')).size).toBe(1);
  });

  it('would have twenty without the lock', async () => {
    expect((await race('conditional-put')).size).toBe(20);
  });
});
