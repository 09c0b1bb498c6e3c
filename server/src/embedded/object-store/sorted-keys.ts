/** Keys in the order of their UTF-8 bytes, which is the order of S3 listings. */
export interface SortedKeys {
  add(key: string): void;
  delete(key: string): void;
  readonly size: number;
  at(index: number): string | undefined;
  /** Index of the first key for which `isBehind` holds; it must hold for every key behind that one. */
  indexOfFirst(isBehind: (key: string) => boolean): number;
}

export function createSortedKeys(initial: Iterable<string>): SortedKeys {
  const keys = [...new Set(initial)].sort(compareKeys);

  function indexOfFirst(isBehind: (key: string) => boolean): number {
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBehind(keys[middle] ?? '')) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  const indexOf = (key: string): number => indexOfFirst((other) => compareKeys(other, key) >= 0);

  return {
    add(key) {
      const index = indexOf(key);
      if (keys[index] !== key) keys.splice(index, 0, key);
    },
    delete(key) {
      const index = indexOf(key);
      if (keys[index] === key) keys.splice(index, 1);
    },
    get size() {
      return keys.length;
    },
    at: (index) => keys[index],
    indexOfFirst,
  };
}

/** Orders by UTF-8 bytes, that is by code points; JavaScript's own order differs beyond U+FFFF. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const unitA = a.charCodeAt(at);
    const unitB = b.charCodeAt(at);
    if (unitA === unitB) continue;
    if (isSurrogate(unitA) === isSurrogate(unitB)) return unitA - unitB;
    // A surrogate stands for a code point behind all that one unit can hold.
    return isSurrogate(unitA) ? 1 : -1;
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
