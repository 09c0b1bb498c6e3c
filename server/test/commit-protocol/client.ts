import { StorageError } from '../../src/storage/storage.ts';
import type { ApiInstance } from './api-instance.ts';
import type { World } from './world.ts';

/** Somebody outside the API who does one thing at a time, some times, whenever the schedule says so. */
export interface Client {
  name: string;
  /** How eager it is to move; 0 when it cannot, or has done all it wanted. */
  eagerness(): number;
  move(instance: ApiInstance): void;
  /** Waits for an answer that can still come. */
  isWaiting(): boolean;
}

export interface CallTracker {
  isWaiting(): boolean;
  track<T>(
    instance: ApiInstance,
    call: Promise<T>,
    on: { resolved: (value: T) => void; rejected: (error: unknown) => void },
  ): void;
}

/** A client whose instance died has lost its connection and waits no more. */
export function trackCalls(): CallTracker {
  let waitsFor: ApiInstance | null = null;
  return {
    isWaiting: () => waitsFor?.alive === true,
    track: (instance, call, on) => {
      waitsFor = instance;
      call.then(
        (value) => {
          waitsFor = null;
          on.resolved(value);
        },
        (error: unknown) => {
          waitsFor = null;
          on.rejected(error);
        },
      );
    },
  };
}

/** "Try again": what a call may end with for as long as the storage is in trouble. */
export function isExcused(world: World, error: unknown): boolean {
  return error instanceof StorageError && !world.isStorageWell;
}
