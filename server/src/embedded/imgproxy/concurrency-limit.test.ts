import { describe, expect, it } from 'vitest';
import { createConcurrencyLimit } from './concurrency-limit.ts';

describe('createConcurrencyLimit', () => {
  it('runs so many at a time, the others in order, and refuses more than may wait', async () => {
    const limit = createConcurrencyLimit(2, 2);
    const finish: (() => void)[] = [];
    const started: number[] = [];
    const work = (id: number) => (): Promise<number> => {
      started.push(id);
      return new Promise((resolve) => finish.push(() => resolve(id)));
    };
    const runs = [1, 2, 3, 4, 5].map((id) => limit.run(work(id)));
    await Promise.resolve();
    expect(started).toEqual([1, 2]);
    expect(runs[4]).toBeUndefined();
    finish[0]?.();
    expect(await runs[0]).toBe(1);
    await Promise.resolve();
    expect(started).toEqual([1, 2, 3]);
    finish[1]?.();
    await runs[1];
    finish[2]?.();
    await runs[2];
    finish[3]?.();
    expect(await runs[3]).toBe(4);
  });

  it('gives a place back when work fails', async () => {
    const limit = createConcurrencyLimit(1, 0);
    await expect(limit.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await limit.run(async () => 'next')).toBe('next');
  });
});
