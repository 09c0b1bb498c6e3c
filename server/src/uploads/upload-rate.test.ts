import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchUploadRate } from './upload-rate.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('watchUploadRate', () => {
  function watch(onSlow: () => void) {
    return watchUploadRate({ minBytesPerSecond: 100, slowAfterSeconds: 10, now: Date.now }, onSlow);
  }

  it('lets an upload at the minimum go on for hours', () => {
    const onSlow = vi.fn();
    const rate = watch(onSlow);
    for (let second = 0; second < 7200; second += 1) {
      rate.add(100);
      vi.advanceTimersByTime(1000);
    }
    rate.stop();
    expect(onSlow).not.toHaveBeenCalled();
  });

  it('calls once at the end of the first window below the minimum, however fast it was before', () => {
    const onSlow = vi.fn();
    const rate = watch(onSlow);
    rate.add(1_000_000);
    vi.advanceTimersByTime(10_000);
    rate.add(999);
    vi.advanceTimersByTime(9999);
    expect(onSlow).not.toHaveBeenCalled();
    vi.advanceTimersByTime(100_000);
    expect(onSlow).toHaveBeenCalledTimes(1);
  });
});
