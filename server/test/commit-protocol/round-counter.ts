import type { ObjectStorage } from '../../src/storage/storage.ts';
import type { BucketModel } from './bucket-model.ts';
import type { CallScheduler } from './call-scheduler.ts';
import { codeRuns } from './code-runs.ts';
import { createSimulatedStorage } from './simulated-storage.ts';

/** A storage without trouble that answers in rounds: all calls that wait at the same time are one round trip. */
export interface RoundCounter {
  storage: ObjectStorage;
  /** Each round's calls, such as `read incoming`, in alphabetical order. */
  rounds: string[][];
  bytesRead: number;
  /** Plays rounds until the work ends, and no further. */
  play<T>(work: Promise<T>): Promise<T>;
  /** Plays rounds until nothing waits. */
  finish(): Promise<void>;
}

export function createRoundCounter(bucket: BucketModel, { copySupported = true } = {}): RoundCounter {
  let waiting: { step: string; carryOut: () => void }[] = [];

  const call: CallScheduler['call'] = (_process, step, _kind, effect) =>
    new Promise((resolve, reject) => {
      const carryOut = (): void => {
        try {
          resolve(effect());
        } catch (error) {
          reject(error);
        }
      };
      waiting.push({ step: step.replace('commit: ', ''), carryOut });
    });

  const process = { name: 'instance', alive: true };
  const storage = createSimulatedStorage({ call }, bucket, { process, role: 'commit', copySupported });
  const counter: RoundCounter = { storage: { ...storage, readRange }, rounds: [], bytesRead: 0, play, finish };
  return counter;

  async function readRange(key: string, start: number, length: number) {
    const read = await storage.readRange(key, start, length);
    counter.bytesRead += read?.bytes.length ?? 0;
    return read;
  }

  async function play<T>(work: Promise<T>): Promise<T> {
    let isRunning = true;
    const stop = (): void => {
      isRunning = false;
    };
    work.then(stop, stop);
    await codeRuns();
    while (isRunning) {
      if (waiting.length === 0) throw new Error('the work waits for something that is no storage call');
      await playRound();
    }
    return work;
  }

  async function finish(): Promise<void> {
    while (waiting.length > 0) await playRound();
  }

  async function playRound(): Promise<void> {
    const round = waiting;
    waiting = [];
    counter.rounds.push(round.map(({ step }) => step).sort());
    for (const { carryOut } of round) carryOut();
    await codeRuns();
  }
}
