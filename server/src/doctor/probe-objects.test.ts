import { describe, expect, it } from 'vitest';
import { type RangeRead, StorageError } from '../storage/storage.ts';
import { attemptKey } from '../uploads/object-keys.ts';
import { createProbeObjects } from './probe-objects.ts';

const attempt = attemptKey('an-upload', 'a-nonce');
const image = 'image-a-nonce.png';
const found: RangeRead = {
  bytes: new Uint8Array(1),
  totalBytes: 1,
  contentType: 'image/png',
  metadata: {},
  lastModified: new Date(0),
};

/** A bucket in which deleting these keys is refused. */
function bucketOf(keys: string[], undeletable: string[] = []) {
  const left = new Set(keys);
  const deleted: string[] = [];
  const storage = {
    async delete(key: string): Promise<void> {
      if (undeletable.includes(key)) throw new StorageError('unavailable', 'delete');
      left.delete(key);
      deleted.push(key);
    },
    readRange: async (key: string) => (left.has(key) ? found : null),
  };
  return { storage, left, deleted };
}

describe('createProbeObjects', () => {
  it('removes everything reserved, an image before the attempt that covers it', async () => {
    const { storage, left, deleted } = bucketOf([attempt, image]);
    const probes = createProbeObjects(storage);
    probes.reserve(attempt);
    probes.reserve(image);
    expect(await probes.removeAll()).toEqual([]);
    expect(deleted).toEqual([image, attempt]);
    expect(left.size).toBe(0);
  });

  it('leaves the attempt where its image cannot be removed, so that the sweeper finds the image', async () => {
    const { storage, left } = bucketOf([attempt, image], [image]);
    const probes = createProbeObjects(storage);
    probes.reserve(attempt);
    probes.reserve(image);
    expect((await probes.removeAll()).toSorted()).toEqual([image, attempt].toSorted());
    expect(left.has(attempt)).toBe(true);
  });

  it('does not report a key that was never written where deleting is refused', async () => {
    const probes = createProbeObjects(bucketOf([], ['tmp/probe/never']).storage);
    probes.reserve('tmp/probe/never');
    expect(await probes.removeAll()).toEqual([]);
  });

  it('tries again what it could not remove, when it is asked again', async () => {
    const undeletable = ['tmp/probe/a'];
    const probes = createProbeObjects(bucketOf(['tmp/probe/a'], undeletable).storage);
    probes.reserve('tmp/probe/a');
    expect(await probes.removeAll()).toEqual(['tmp/probe/a']);
    undeletable.pop();
    expect(await probes.removeAll()).toEqual([]);
  });

  it('leaves a held attempt in the bucket, and what it covers to be removed', async () => {
    const { storage, left } = bucketOf([attempt, image]);
    const probes = createProbeObjects(storage);
    probes.reserve(attempt);
    probes.hold(attempt);
    probes.reserve(image);
    expect(await probes.removeAll()).toEqual([]);
    expect([...left]).toEqual([attempt]);
    expect(probes.leftToSweeper()).toEqual([attempt]);
  });

  it('removes an attempt that is no longer held', async () => {
    const { storage, left } = bucketOf([attempt]);
    const probes = createProbeObjects(storage);
    probes.reserve(attempt);
    probes.hold(attempt)();
    expect(await probes.removeAll()).toEqual([]);
    expect(left.size).toBe(0);
    expect(probes.leftToSweeper()).toEqual([]);
  });

  it('keeps holding what was held when the removal began', async () => {
    const { storage, left } = bucketOf([attempt]);
    const probes = createProbeObjects(storage);
    probes.reserve(attempt);
    const letGo = probes.hold(attempt);
    const removed = probes.removeAll();
    letGo();
    await removed;
    expect(await probes.removeAll()).toEqual([]);
    expect(left.has(attempt)).toBe(true);
  });

  it('reserves nothing any more when the examination is over', () => {
    const probes = createProbeObjects(bucketOf([]).storage, AbortSignal.abort());
    expect(() => probes.reserveKey()).toThrow('over');
  });
});
