import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Gravity } from './gravity.ts';
import { exifTurn, placeByGravity, turnRectangle, turnRectangleBack, turnSize } from './rectangle.ts';
import { round, roundToEven } from './rounding.ts';

const size = fc.record({ width: fc.integer({ min: 1, max: 500 }), height: fc.integer({ min: 1, max: 500 }) });
const turn = fc.record({
  angle: fc.constantFrom(0, 90, 180, 270),
  flipHorizontally: fc.boolean(),
  flipVertically: fc.boolean(),
});
const sizeAndPart = size.chain((outer) =>
  fc.record({
    outer: fc.constant(outer),
    inner: fc.record({
      width: fc.integer({ min: 1, max: outer.width }),
      height: fc.integer({ min: 1, max: outer.height }),
    }),
    x: fc.nat(),
    y: fc.nat(),
  }),
);

describe('turnRectangle', () => {
  it('is undone by turnRectangleBack, and stays inside', () => {
    fc.assert(
      fc.property(sizeAndPart, turn, ({ outer, inner, x, y }, by) => {
        const part = {
          left: x % (outer.width - inner.width + 1),
          top: y % (outer.height - inner.height + 1),
          ...inner,
        };
        const turned = turnRectangle(part, outer, by);
        const turnedOuter = turnSize(outer, by.angle);
        expect(turned.left).toBeGreaterThanOrEqual(0);
        expect(turned.left + turned.width).toBeLessThanOrEqual(turnedOuter.width);
        expect(turned.top + turned.height).toBeLessThanOrEqual(turnedOuter.height);
        expect(turnRectangleBack(turned, outer, by)).toEqual(part);
      }),
    );
  });

  it('moves the top left corner clockwise', () => {
    const corner = { left: 0, top: 0, width: 2, height: 1 };
    const outer = { width: 10, height: 20 };
    const turned = (angle: number) =>
      turnRectangle(corner, outer, { angle, flipHorizontally: false, flipVertically: false });
    expect(turned(90)).toEqual({ left: 19, top: 0, width: 1, height: 2 });
    expect(turned(180)).toEqual({ left: 8, top: 19, width: 2, height: 1 });
    expect(turned(270)).toEqual({ left: 0, top: 8, width: 1, height: 2 });
  });
});

describe('placeByGravity', () => {
  it.each<[Gravity, number, number]>([
    [{ type: 'ce', x: 0, y: 0 }, 40, 20],
    [{ type: 'nowe', x: 5, y: 0.1 }, 5, 6],
    [{ type: 'soea', x: 5, y: 0.1 }, 75, 34],
    [{ type: 'no', x: -10, y: 0 }, 30, 0],
    [{ type: 'ea', x: 1000, y: 0 }, 0, 20],
    [{ type: 'fp', x: 0.5, y: 1 }, 40, 40],
    [{ type: 'ce', x: Number.NaN, y: Number.POSITIVE_INFINITY }, 0, 40],
  ])('places by %j', (gravity, left, top) => {
    const placed = placeByGravity({ width: 100, height: 60 }, { width: 20, height: 20 }, gravity, 1);
    expect(placed).toMatchObject({ left, top });
  });

  it('scales offsets in pixels, not shares', () => {
    const placed = placeByGravity(
      { width: 100, height: 60 },
      { width: 20, height: 20 },
      { type: 'nowe', x: 5, y: 0.1 },
      2,
    );
    expect(placed).toMatchObject({ left: 10, top: 6 });
  });

  it('never leaves the picture', () => {
    const offset = fc.oneof(fc.double(), fc.double({ min: -1, max: 1 }), fc.integer({ min: -600, max: 600 }));
    const type = fc.constantFrom<Gravity['type']>('ce', 'no', 'so', 'ea', 'we', 'noea', 'nowe', 'soea', 'sowe', 'fp');
    fc.assert(
      fc.property(sizeAndPart, type, offset, offset, ({ outer, inner }, kind, x, y) => {
        const placed = placeByGravity(outer, inner, { type: kind, x, y }, 1.5);
        expect(placed.left).toBeGreaterThanOrEqual(0);
        expect(placed.top).toBeGreaterThanOrEqual(0);
        expect(placed.left).toBeLessThanOrEqual(outer.width - inner.width);
        expect(placed.top).toBeLessThanOrEqual(outer.height - inner.height);
      }),
    );
  });
});

describe('exifTurn', () => {
  it('knows the eight orientations and takes anything else as upright', () => {
    const described = [undefined, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((orientation) => {
      const { angle, flipHorizontally } = exifTurn(orientation);
      return `${angle}${flipHorizontally ? ' mirrored' : ''}`;
    });
    expect(described).toEqual([
      '0',
      '0',
      '0 mirrored',
      '180',
      '180 mirrored',
      '90 mirrored',
      '90',
      '270 mirrored',
      '270',
      '0',
    ]);
  });
});

describe('rounding', () => {
  it('rounds halves away from zero, or to the even neighbour', () => {
    expect([0.5, 1.5, 2.5, -0.5, -2.5, 0.49999999999999994].map(round)).toEqual([1, 2, 3, -1, -3, 0]);
    expect([0.5, 1.5, 2.5, -1.5, 2.4, 2.6].map(roundToEven)).toEqual([0, 2, 2, -2, 2, 3]);
  });
});
