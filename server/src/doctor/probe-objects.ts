import { randomUUID } from 'node:crypto';
import { probePrefix } from '../storage/conditional-put-probe.ts';
import type { ObjectStorage } from '../storage/storage.ts';
import { attemptsPrefix } from '../uploads/object-keys.ts';

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
  /**
   * Keeps a reserved attempt record in the bucket until the function that is returned is called: while nobody knows
   * whether the picture that it covers was written, or will be. What is held when the removal begins stays for the sweeper.
   */
  hold(key: string): () => void;
  /** What has not been removed, released or left to the sweeper. */
  reserved(): string[];
  /** The held keys: a running Kuanary's sweeper removes them, and what they cover. */
  leftToSweeper(): string[];
  /** Removes everything that is reserved and not held, last first; safe to call again. Returns the keys that could not be removed. */
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
  const held = new Set<string>();
  let removing = false;

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
    const waiting = reserved().filter(wanted).reverse();
    async function removeNext(): Promise<void> {
      for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) {
        if (await remove(key)) release(key);
      }
    }
    await Promise.all(Array.from({ length: maxParallelRemovals }, removeNext));
  }

  function reserved(): string[] {
    return keys.filter((key) => !held.has(key));
  }

  return {
    reserve,
    reserveKey(suffix = '') {
      const key = `${probePrefix}${randomUUID()}${suffix}`;
      reserve(key);
      return key;
    },
    release,
    hold(key) {
      held.add(key);
      return () => {
        // A picture that is written from now on may come behind its own removal.
        if (!removing) held.delete(key);
      };
    },
    reserved,
    leftToSweeper: () => [...held],
    async removeAll() {
      removing = true;
      const isAttempt = (key: string): boolean => key.startsWith(attemptsPrefix);
      await removeThose((key) => !isAttempt(key));
      // A picture that stays keeps its attempt: the sweeper finds it by that.
      if (keys.every(isAttempt)) await removeThose(isAttempt);
      return reserved();
    },
  };
}
