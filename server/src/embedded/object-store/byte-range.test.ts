import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseByteRange } from './byte-range.ts';

describe('parseByteRange', () => {
  it.each([
    ['bytes=0-0', { first: 0, last: 0 }],
    ['bytes=5-', { first: 5, last: 9 }],
    ['bytes=-3', { first: 7, last: 9 }],
    ['bytes=-10', { first: 0, last: 9 }],
    ['bytes=-11', { first: 0, last: 9 }],
    ['bytes=0-99999999999999999999999', { first: 0, last: 9 }],
    [' Bytes = 1 - 2 ', { first: 1, last: 2 }],
    ['bytes=1-2, 4-5', { first: 1, last: 2 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=5-4', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=-', 'unsatisfiable'],
    ['bytes=', 'unsatisfiable'],
    ['bytes=a-b', 'unsatisfiable'],
    ['bytes=1.5-2', 'unsatisfiable'],
    ['lines=0-1', null],
    ['', null],
    [undefined, null],
  ])('reads %j of ten bytes', (header, expected) => {
    expect(parseByteRange(header, 10)).toEqual(expected);
  });

  it('never gives a range outside the object', () => {
    const part = fc.oneof(
      fc.constant(''),
      fc.bigInt({ min: 0n, max: 10n ** 20n }).map(String),
      fc.integer({ min: 0, max: 20 }).map(String),
    );
    fc.assert(
      fc.property(part, part, fc.integer({ min: 0, max: 20 }), (start, end, totalBytes) => {
        const range = parseByteRange(`bytes=${start}-${end}`, totalBytes);
        if (range === null || range === 'unsatisfiable') return;
        expect(range.first).toBeGreaterThanOrEqual(0);
        expect(range.last).toBeGreaterThanOrEqual(range.first);
        expect(range.last).toBeLessThan(totalBytes);
      }),
    );
  });
});
