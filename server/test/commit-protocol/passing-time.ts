import { attemptMinAgeMs } from '../../src/uploads/sweep-uploads.ts';
import type { ApiInstance } from './api-instance.ts';
import { type Client, isExcused } from './client.ts';
import type { World } from './world.ts';

const minuteMs = 60_000;

/** Time passes: mostly seconds, sometimes more than anybody waits for. */
export function createClock({ random, scheduler }: World): () => void {
  let pausesLeft = random.below(4);
  return () => {
    if (pausesLeft === 0 || !random.chance(0.15)) return scheduler.advance(random.below(15_000));
    pausesLeft -= 1;
    scheduler.advance(random.pick([10, 50, 136, 190]) * minuteMs);
  };
}

/** What makes instances sweep: more than one at a time, on the same and on different ones. */
export function createSweepTimer(world: World): Client {
  const { bucket, random } = world;
  const startMs = bucket.nowMs();
  let left = random.below(5);
  return {
    name: 'sweep timer',
    eagerness: () => (left > 0 ? (bucket.nowMs() - startMs > attemptMinAgeMs ? 1.5 : 0.1) : 0),
    move: (instance) => {
      left -= 1;
      startSweep(world, instance);
    },
    isWaiting: () => false,
  };
}

export function startSweep(world: World, instance: ApiInstance): void {
  instance.sweep().catch((error: unknown) => {
    if (!isExcused(world, error)) world.auditor.unexpected(error);
  });
}
