import {
  type ListOptions,
  type ListPage,
  type ObjectDescription,
  type RangeRead,
  StorageError,
} from '../../src/storage/storage.ts';

export interface StoredObject extends ObjectDescription {
  bytes: Uint8Array;
  lastModifiedMs: number;
}

/** What a key held from one moment to another, both included. */
export interface Span {
  from: number;
  to: number;
  object: StoredObject | undefined;
}

/** An S3 bucket as it would be if every call took no time: the truth that calls arrive at, with a memory of its past. */
export interface BucketModel {
  startMs: number;
  /** The storage's clock. */
  nowMs(): number;
  advance(ms: number): void;
  /** Counts the changes so far: a point in the bucket's past. */
  moment(): number;
  /** What the key held between two moments, oldest first. */
  spans(key: string, from: number, to: number): Span[];
  get(key: string): StoredObject | undefined;
  keys(): string[];
  readRange(key: string, start: number, length: number): RangeRead | null;
  /** @throws StorageError `precondition_failed` */
  put(key: string, bytes: Uint8Array, description: ObjectDescription, onlyIfAbsent?: boolean): void;
  delete(key: string): void;
  list(options: ListOptions): ListPage;
}

/** @param onChange hears of every change after it was made */
export function createBucketModel(startMs: number, onChange: (key: string) => void): BucketModel {
  const objects = new Map<string, StoredObject>();
  const past = new Map<string, { moment: number; object: StoredObject | undefined }[]>();
  let nowMs = startMs;
  let moment = 0;

  function change(key: string, object: StoredObject | undefined): void {
    if (object === undefined && !objects.delete(key)) return;
    if (object !== undefined) objects.set(key, object);
    moment += 1;
    const versions = past.get(key);
    if (versions === undefined) past.set(key, [{ moment, object }]);
    else versions.push({ moment, object });
    onChange(key);
  }

  function spans(key: string, from: number, to: number): Span[] {
    const versions = [{ moment: 0, object: undefined }, ...(past.get(key) ?? [])];
    return versions.flatMap((version, index) => {
      const first = Math.max(from, version.moment);
      const last = Math.min(to, (versions[index + 1]?.moment ?? Number.POSITIVE_INFINITY) - 1);
      return first > last ? [] : [{ from: first, to: last, object: version.object }];
    });
  }

  function readRange(key: string, start: number, length: number): RangeRead | null {
    const object = objects.get(key);
    if (object === undefined) return null;
    return {
      bytes: object.bytes.subarray(start, start + length),
      totalBytes: object.bytes.length,
      contentType: object.contentType,
      metadata: object.metadata,
      lastModified: wholeSeconds(object.lastModifiedMs),
    };
  }

  function put(key: string, bytes: Uint8Array, description: ObjectDescription, onlyIfAbsent = false): void {
    if (onlyIfAbsent && objects.has(key)) throw new StorageError('precondition_failed', `put of ${key}`);
    const { contentType, metadata } = description;
    change(key, { bytes, contentType, metadata, lastModifiedMs: nowMs });
  }

  function list({ prefix = '', after = '', limit, delimiter }: ListOptions): ListPage {
    const listed = [...objects]
      .filter(([key]) => key.startsWith(prefix) && key > after)
      .filter(([key]) => delimiter === undefined || !key.slice(prefix.length).includes(delimiter))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, { bytes, lastModifiedMs }]) => ({
        key,
        bytes: bytes.length,
        lastModified: wholeSeconds(lastModifiedMs),
      }));
    const last = listed.length > limit ? listed[limit - 1] : undefined;
    const next = last === undefined ? {} : { next: last.key };
    return { objects: listed.slice(0, limit), serverTime: wholeSeconds(nowMs), ...next };
  }

  return {
    startMs,
    nowMs: () => nowMs,
    advance: (ms) => {
      nowMs += ms;
    },
    moment: () => moment,
    spans,
    get: (key) => objects.get(key),
    keys: () => [...objects.keys()],
    readRange,
    put,
    delete: (key) => change(key, undefined),
    list,
  };
}

/** `Date` and `Last-Modified` are whole seconds on the wire. */
function wholeSeconds(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}
