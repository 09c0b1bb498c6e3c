import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { largestSize } from './imgproxy-limits.ts';

describe('largestSize', () => {
  it.each([
    [50_000_000, 16_384, { width: 6250, height: 8000 }],
    [1_000_000, 16_384, { width: 1000, height: 1000 }],
    [2_000_000_000, 16_384, { width: 16_384, height: 16_384 }],
    [7, 16_384, { width: 1, height: 7 }],
    // A prime number of pixels that no side may hold: the next smaller picture.
    [1_000_003, 16_384, { width: 1000, height: 1000 }],
  ])('splits %i pixels with sides up to %i', (maxPixels, maxSide, size) => {
    expect(largestSize(maxPixels, maxSide)).toEqual(size);
  });

  it('never exceeds a limit, and wastes at most one row', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2_000_000_000 }),
        fc.integer({ min: 1, max: 100_000 }),
        (maxPixels, maxSide) => {
          const { width, height } = largestSize(maxPixels, maxSide);
          expect(Math.max(width, height)).toBeLessThanOrEqual(maxSide);
          expect(width * height).toBeLessThanOrEqual(maxPixels);
          const isSquareOfSides = width === maxSide && height === maxSide;
          expect(isSquareOfSides || width * height >= maxPixels - width).toBe(true);
        },
      ),
    );
  });
});
