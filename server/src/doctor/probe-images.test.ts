import { describe, expect, it } from 'vitest';
import { StorageError } from '../storage/storage.ts';
import { attemptsPrefix } from '../uploads/object-keys.ts';
import { createProbeImages } from './probe-images.ts';
import { createProbeObjects } from './probe-objects.ts';

const size = { width: 2, height: 1 };

/** A bucket, and probes in it, whose PUTs of pictures are answered by the test. */
function setUp(answerPicture: (land: () => void) => Promise<void>) {
  const left = new Set<string>();
  const storage = {
    async put(key: string): Promise<void> {
      const land = (): unknown => left.add(key);
      if (key.startsWith(attemptsPrefix)) land();
      else await answerPicture(land);
    },
    async delete(key: string): Promise<void> {
      left.delete(key);
    },
    readRange: async () => null,
  };
  const probes = createProbeObjects(storage);
  return { images: createProbeImages(storage, probes), probes, left };
}

function refusal(status: number): StorageError {
  return new StorageError('unavailable', 'put', { cause: { $metadata: { httpStatusCode: status } } });
}

describe('createProbeImages', () => {
  it('removes the picture and its attempt when the PUT was answered', async () => {
    const { images, probes, left } = setUp(async (land) => land());
    await images.rootImage(size);
    expect(left.size).toBe(2);
    expect(await probes.removeAll()).toEqual([]);
    expect([left.size, probes.leftToSweeper()]).toEqual([0, []]);
  });

  it('leaves the attempt to the sweeper when the PUT had no answer, for the picture may come later', async () => {
    let landLater = (): void => {};
    const { images, probes, left } = setUp(async (land) => {
      landLater = land;
      throw new StorageError('unavailable', 'put', { cause: new DOMException('no answer in time', 'TimeoutError') });
    });
    await expect(images.rootImage(size)).rejects.toThrow(StorageError);
    expect(await probes.removeAll()).toEqual([]);
    landLater();
    const attempts = [...left].filter((key) => key.startsWith(attemptsPrefix));
    expect([attempts.length, left.size]).toEqual([1, 2]);
    expect(probes.leftToSweeper()).toEqual(attempts);
  });

  it('leaves the attempt while the PUT is under way, as when the doctor is interrupted', async () => {
    const { images, probes, left } = setUp(() => new Promise(() => {}));
    void images.rootImage(size);
    await expect.poll(() => left.size).toBe(1);
    expect(await probes.removeAll()).toEqual([]);
    expect(probes.leftToSweeper()).toEqual([...left]);
  });

  it.each([
    [403, 0],
    [500, 1],
  ])('takes HTTP %i for an answer that leaves %i attempts behind', async (status, count) => {
    const { images, probes, left } = setUp(() => Promise.reject(refusal(status)));
    await expect(images.rootImage(size)).rejects.toThrow(StorageError);
    await probes.removeAll();
    expect(left.size).toBe(count);
  });
});
