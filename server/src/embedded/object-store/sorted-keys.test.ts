import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeys, createSortedKeys } from './sorted-keys.ts';

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({
    unit: fc.constantFrom('a', '\0', '\u007f', '\u0080', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'),
  }),
);

describe('compareKeys', () => {
  it('orders like the bytes of UTF-8', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('createSortedKeys', () => {
  it('holds what was added and not deleted, in order', () => {
    const change = fc.tuple(fc.boolean(), fc.constantFrom('a', 'b', 'ab', 'a/', 'ü', '～', '🎉'));
    fc.assert(
      fc.property(fc.array(text), fc.array(change), (initial, changes) => {
        const keys = createSortedKeys(initial);
        const expected = new Set(initial);
        for (const [isAdded, key] of changes) {
          keys[isAdded ? 'add' : 'delete'](key);
          expected[isAdded ? 'add' : 'delete'](key);
        }
        const listed = Array.from({ length: keys.size }, (_, index) => keys.at(index));
        expect(listed).toEqual([...expected].sort(compareKeys));
        expect(keys.at(keys.size)).toBeUndefined();
        for (const [index, key] of listed.entries()) {
          expect(keys.indexOfFirst((other) => compareKeys(other, key ?? '') >= 0)).toBe(index);
        }
      }),
    );
  });
});
