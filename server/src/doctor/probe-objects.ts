import { randomUUID } from 'node:crypto';
import type { ObjectStorage } from '../storage/storage.ts';
import { attemptsPrefix } from '../uploads/object-keys.ts';

/** Where checks write; the bucket's lifecycle removes what a killed doctor leaves there. */
export const probePrefix = 'tmp/probe/';

/** The objects that checks may have written, so that all of them are removed again. */
export interface ProbeObjects {
  /**
   * A new key under `tmp/probe/`, to be removed at the end whether it has been written or not.
   *
   * @throws Error once the examination is over: what is written then would stay
   */
  reserveKey(suffix?: string): string;
  /** The same for a key of the caller's making. Call it before writing. */
  reserve(key: string): void;
  /** The storage refused to write this key (an answer said so), or it has been removed: nothing is there. */
  release(key: string): void;
  /** What has not been removed or released. */
  reserved(): string[];
  /** Removes everything reserved, last first; safe to call again. Returns the keys that could not be removed. */
  removeAll(): Promise<string[]>;
}

/** Removals at a time. */
const maxParallelRemovals = 8;

/** @param ended aborted when no check may write any more */
export function createProbeObjects(
  storage: Pick<ObjectStorage, 'delete' | 'readRange'>,
  ended?: AbortSignal,
): ProbeObjects {
  let keys: string[] = [];

  function reserve(key: string): void {
    if (ended?.aborted) throw new Error('the examination is over: nothing is written any more');
    keys.push(key);
  }

  function release(key: string): void {
    keys = keys.filter((reserved) => reserved !== key);
  }

  /** Whether it is gone. A storage that refuses to delete may never have had it. */
  async function remove(key: string): Promise<boolean> {
    try {
      await storage.delete(key);
      return true;
    } catch {
      return storage.readRange(key, 0, 1).then(
        (found) => found === null,
        () => false,
      );
    }
  }

  async function removeThose(wanted: (key: string) => boolean): Promise<void> {
    const waiting = keys.filter(wanted).reverse();
    async function removeNext(): Promise<void> {
      for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) {
        if (await remove(key)) release(key);
      }
    }
    await Promise.all(Array.from({ length: maxParallelRemovals }, removeNext));
  }

  return {
    reserve,
    reserveKey(suffix = '') {
      const key = `${probePrefix}${randomUUID()}${suffix}`;
      reserve(key);
      return key;
    },
    release,
    reserved: () => [...keys],
    async removeAll() {
      const isAttempt = (key: string): boolean => key.startsWith(attemptsPrefix);
      await removeThose((key) => !isAttempt(key));
      // A picture that stays keeps its attempt: the sweeper finds it by that.
      if (keys.every(isAttempt)) await removeThose(isAttempt);
      return [...keys];
    },
  };
}
