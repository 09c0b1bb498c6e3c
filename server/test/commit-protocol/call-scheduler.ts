import { StorageError } from '../../src/storage/storage.ts';
import type { BucketModel } from './bucket-model.ts';
import { pickByWeight, type SeededRandom } from './seeded-random.ts';
import { type CallKind, calm, fates, type Weather } from './weather.ts';

/** A running program. When it dies, nothing that it waits for ever comes. */
export interface Process {
  name: string;
  alive: boolean;
}

export interface CallScheduler {
  weather: Weather;
  /** A storage call; it waits until it is picked. `step` names it in traces and coverage. */
  call<T>(process: Process, step: string, kind: CallKind, effect: () => T): Promise<T>;
  /** Picks one call, answer or late effect and lets it happen. False when nothing is under way. */
  step(): boolean;
  /** Moves the storage's clock. What was sent long before has happened by then, or never will. */
  advance(ms: number): void;
  /** Processes in here are asleep: their calls go on, the answers wait. */
  sleeping: Set<Process>;
  /** The process dies; of what it has sent, some is carried out, some later, some never. */
  kill(process: Process): void;
}

interface Waiting {
  process: Process;
  step: string;
  kind: CallKind;
  sentMs: number;
  weight: number;
  effect: () => unknown;
  resolve: (result: unknown) => void;
  reject: (error: unknown) => void;
}

interface Answer {
  process: Process;
  weight: number;
  deliver: () => void;
}

interface LateEffect {
  step: string;
  landsByMs: number;
  weight: number;
  effect: () => unknown;
}

/** A request times out after 30 s; what it asked for may come true for as long again and more, but not for ever. */
const landsWithinMs = 90_000;
/** A longer pause ends what is under way. */
const longPauseMs = 20_000;
/** Some calls are overtaken by nearly everything else; most of what lands late is. */
const weights = [1, 1, 1, 0.2, 0.03];
const lateWeights = [1, 0.05, 0.01];

export function createCallScheduler(
  bucket: BucketModel,
  random: SeededRandom,
  hooks: { note: (what: string, by?: Process) => void; onCrash: (process: Process) => void },
): CallScheduler {
  let waiting: Waiting[] = [];
  let answers: Answer[] = [];
  let late: LateEffect[] = [];
  const { note } = hooks;

  const scheduler: CallScheduler = { weather: calm, call, step, advance, sleeping: new Set(), kill };
  return scheduler;

  function call<T>(process: Process, stepName: string, kind: CallKind, effect: () => T): Promise<T> {
    return new Promise<unknown>((resolve, reject) => {
      if (!process.alive) return;
      const weight = random.pick(weights);
      waiting.push({ process, step: stepName, kind, sentMs: bucket.nowMs(), weight, effect, resolve, reject });
    }) as Promise<T>;
  }

  function step(): boolean {
    const awake =
      scheduler.sleeping.size === 0 ? answers : answers.filter((one) => !scheduler.sleeping.has(one.process));
    const picked = pickByWeight(random, [...waiting, ...awake, ...late]);
    if (picked === undefined) return false;
    if ('deliver' in picked) {
      answers = answers.filter((one) => one !== picked);
      picked.deliver();
    } else if ('resolve' in picked) {
      waiting = waiting.filter((one) => one !== picked);
      decide(picked);
    } else {
      late = late.filter((one) => one !== picked);
      land(picked);
    }
    return true;
  }

  function decide(picked: Waiting): void {
    const { weather } = scheduler;
    if (isTooOld(picked)) {
      fail(picked, 'lost');
      return;
    }
    const isTroubled = weather.trouble !== null && picked.step.includes(weather.trouble);
    if (random.chance(isTroubled ? weather.crash * 5 : weather.crash)) crashAt(picked);
    else if (random.chance(isTroubled ? 0.5 : weather.fault)) goWrong(picked);
    else {
      note(picked.step, picked.process);
      carryOut(picked);
    }
  }

  function isTooOld({ sentMs }: Waiting): boolean {
    return bucket.nowMs() - sentMs > landsWithinMs;
  }

  function crashAt(picked: Waiting): void {
    const isAfter = random.chance(0.5);
    note(`crash ${isAfter ? 'after' : 'before'} ${picked.step}`, picked.process);
    if (isAfter) attempt(picked.effect);
    kill(picked.process);
    hooks.onCrash(picked.process);
  }

  function goWrong(picked: Waiting): void {
    const fate = random.pick(fates[picked.kind]);
    if (fate === 'carried out') attempt(picked.effect);
    if (fate === 'late' || fate === 'again') delay(picked);
    if (fate === 'again') {
      note(`${picked.step}, again later`, picked.process);
      carryOut(picked);
    } else fail(picked, fate);
  }

  function carryOut(picked: Waiting): void {
    const outcome = attempt(picked.effect);
    answer(picked, () => ('error' in outcome ? picked.reject(outcome.error) : picked.resolve(outcome.result)));
  }

  function fail(picked: Waiting, fate: string): void {
    note(`${picked.step}: error, ${fate}`, picked.process);
    const error = new StorageError(random.chance(0.5) ? 'timeout' : 'unavailable', picked.step);
    answer(picked, () => picked.reject(error));
  }

  function answer({ process, weight }: Waiting, settle: () => void): void {
    const deliver = (): void => {
      if (process.alive) settle();
    };
    const isHeld = scheduler.sleeping.has(process) || random.chance(scheduler.weather.heldAnswer);
    if (isHeld) answers.push({ process, weight, deliver });
    else deliver();
  }

  function delay({ step: stepName, effect }: Waiting): void {
    late.push({ step: stepName, landsByMs: bucket.nowMs() + landsWithinMs, weight: random.pick(lateWeights), effect });
  }

  function land({ step: stepName, effect }: LateEffect): void {
    note(`late: ${stepName}`);
    attempt(effect);
  }

  function advance(ms: number): void {
    const untilMs = bucket.nowMs() + ms;
    for (const effect of late.filter(({ landsByMs }) => landsByMs < untilMs)) {
      late = late.filter((one) => one !== effect);
      land(effect);
    }
    if (ms > longPauseMs) settleAll();
    bucket.advance(ms);
    note(ms > longPauseMs ? 'hours pass' : 'seconds pass');
  }

  /** Everything sent has been carried out or not, and all answers wait for whoever sleeps through the pause. */
  function settleAll(): void {
    const { weather } = scheduler;
    scheduler.weather = { ...weather, heldAnswer: 1 };
    for (const picked of waiting.splice(0)) {
      if (!picked.process.alive) continue;
      if (isTooOld(picked) || random.chance(weather.fault)) fail(picked, 'lost');
      else {
        note(picked.step, picked.process);
        carryOut(picked);
      }
    }
    scheduler.weather = weather;
  }

  function kill(process: Process): void {
    process.alive = false;
    const sent = waiting.filter((one) => one.process === process);
    waiting = waiting.filter((one) => one.process !== process);
    answers = answers.filter((one) => one.process !== process);
    for (const one of sent) {
      const fate = one.kind === 'read' ? 'lost' : random.pick(['carried out', 'late', 'lost']);
      if (fate === 'carried out') attempt(one.effect);
      if (fate === 'late') delay(one);
    }
  }
}

function attempt(effect: () => unknown): { result: unknown } | { error: StorageError } {
  try {
    return { result: effect() };
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    return { error };
  }
}
