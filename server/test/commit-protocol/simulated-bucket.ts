import {
  type ListOptions,
  type ObjectDescription,
  type ObjectStorage,
  type PutOptions,
  StorageError,
} from '../../src/storage/storage.ts';
import type { SeededRandom } from './seeded-random.ts';

export interface SimulatedObject {
  bytes: Uint8Array;
  contentType: string;
  metadata: Record<string, string>;
  lastModifiedMs: number;
}

/** A process that calls the storage; once crashed, none of its calls ever settles. */
export interface Actor {
  name: string;
  crashed: boolean;
  mayCrash: boolean;
  /** How often its calls fail in one way or another. */
  faultProbability: number;
}

interface PendingCall {
  actor: Actor;
  /** What and on what, such as `copy image`: the steps of the protocol, by the calls they make. */
  step: string;
  sentMs: number;
  writes: boolean;
  effect: () => unknown;
  answer: (result: unknown) => void;
  fail: (error: unknown) => void;
}

interface LateEffect {
  step: string;
  dueMs: number;
  effect: () => unknown;
}

export interface SimulatedBucket {
  objects: ReadonlyMap<string, SimulatedObject>;
  nowMs(): number;
  storageFor(actor: Actor): ObjectStorage;
  put(key: string, bytes: Uint8Array): void;
  /** Carries out one pending call, or lands one late effect, as chance has it. False when nothing is under way. */
  step(random: SeededRandom): boolean;
  advance(ms: number): void;
  /** Steps seen so far, with how they ended: `crash before copy image`, `late copy image landed`. */
  seen: Map<string, number>;
  trace: string[];
  copySupported: boolean;
}

/** A request ends within its timeout of 30 s, and may still take effect for a while after that. */
const maxLateMs = 90_000;

/**
 * A bucket in memory whose every call waits until the schedule picks it, and then ends in one of the ways in which calls
 * to a storage end: carried out and answered; carried out and answered with an error; not carried out; answered with an
 * error and carried out later; the caller dead before or after it.
 */
export function createSimulatedBucket(): SimulatedBucket {
  const objects = new Map<string, SimulatedObject>();
  const pending: PendingCall[] = [];
  const late: LateEffect[] = [];
  const seen = new Map<string, number>();
  const trace: string[] = [];
  let nowMs = Date.UTC(2026, 0, 1);

  function note(what: string): void {
    seen.set(what, (seen.get(what) ?? 0) + 1);
    trace.push(what);
  }

  function call<T>(actor: Actor, operation: string, key: string, writes: boolean, effect: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (actor.crashed) return;
      const step = `${operation} ${kindOf(key)}`;
      pending.push({
        actor,
        step,
        sentMs: nowMs,
        writes,
        effect,
        answer: (result) => resolve(result as T),
        fail: reject,
      });
    });
  }

  function storageFor(actor: Actor): ObjectStorage {
    return {
      readRange: (key, start, length) => call(actor, 'read', key, false, () => readRange(key, start, length)),
      put: (key, body, options) =>
        call(actor, options.onlyIfAbsent === true ? 'put once' : 'put', key, true, () => putObject(key, body, options)),
      copy: (source, target, options) =>
        call(actor, 'copy', target, true, () => copyObject(source, target, options, bucket.copySupported)),
      copyByStreaming: (source, target, options) =>
        call(actor, 'stream', target, true, () => copyObject(source, target, options, true)),
      delete: (key) => call(actor, 'delete', key, true, () => void objects.delete(key)),
      list: (options) => call(actor, 'list', options.prefix ?? '', false, () => list(options)),
      presignGet: async (key) => key,
    };
  }

  function readRange(key: string, start: number, length: number) {
    const object = objects.get(key);
    if (object === undefined) return null;
    const { bytes, contentType, metadata } = object;
    const lastModified = new Date(object.lastModifiedMs);
    return {
      bytes: bytes.subarray(start, start + length),
      totalBytes: bytes.length,
      contentType,
      metadata,
      lastModified,
    };
  }

  function putObject(key: string, body: Uint8Array | { file: string }, options: PutOptions): void {
    if (options.onlyIfAbsent === true && objects.has(key)) throw new StorageError('precondition_failed', 'put');
    if (!(body instanceof Uint8Array)) throw new Error('the simulated bucket takes bytes only');
    store(key, body, options);
  }

  function copyObject(source: string, target: string, options: ObjectDescription, supported: boolean): 'copied' | null {
    if (!supported) throw new StorageError('copy_unsupported', 'copy');
    const object = objects.get(source);
    if (object === undefined) return null;
    store(target, object.bytes, options);
    return 'copied';
  }

  function store(key: string, bytes: Uint8Array, { contentType, metadata }: ObjectDescription): void {
    objects.set(key, { bytes, contentType, metadata, lastModifiedMs: nowMs });
  }

  function list({ prefix = '', after = '', limit, delimiter }: ListOptions) {
    const keys = [...objects.keys()]
      .filter(
        (key) =>
          key.startsWith(prefix) &&
          key > after &&
          (delimiter === undefined || !key.slice(prefix.length).includes(delimiter)),
      )
      .sort();
    const found = keys.slice(0, limit).map((key) => {
      const object = objects.get(key);
      return { key, bytes: object?.bytes.length ?? 0, lastModified: new Date(object?.lastModifiedMs ?? 0) };
    });
    const last = found.at(-1);
    return {
      objects: found,
      serverTime: new Date(nowMs),
      ...(keys.length > limit && last !== undefined ? { next: last.key } : {}),
    };
  }

  function step(random: SeededRandom): boolean {
    for (let at = pending.length - 1; at >= 0; at -= 1) if (pending[at]?.actor.crashed === true) pending.splice(at, 1);
    const choices = pending.length + late.length;
    if (choices === 0) return false;
    const choice = random.below(choices);
    if (choice >= pending.length) landLate(choice - pending.length);
    else decide(random, choice);
    return true;
  }

  function decide(random: SeededRandom, at: number): void {
    const [picked] = pending.splice(at, 1);
    if (picked === undefined) return;
    const { actor, step: name } = picked;
    if (!random.chance(actor.faultProbability)) {
      note(`${actor.name}: ${name}`);
      carryOut(picked);
      return;
    }
    const fates = [
      ...(actor.mayCrash ? ['crash before', 'crash after'] : []),
      'refused',
      ...(picked.writes ? ['lost', 'late'] : []),
    ];
    const fate = random.pick(fates);
    seen.set(`${fate} ${name}`, (seen.get(`${fate} ${name}`) ?? 0) + 1);
    trace.push(`${actor.name}: ${fate} ${name}`);
    if (fate === 'crash before' || fate === 'crash after') {
      actor.crashed = true;
      if (fate === 'crash after') ignoreErrors(picked.effect);
      return;
    }
    if (fate === 'lost') ignoreErrors(picked.effect);
    if (fate === 'late') late.push({ step: name, dueMs: nowMs + random.below(maxLateMs), effect: picked.effect });
    picked.fail(new StorageError(random.chance(0.5) ? 'timeout' : 'unavailable', name));
  }

  function carryOut(picked: PendingCall): void {
    try {
      picked.answer(picked.effect());
    } catch (error) {
      picked.fail(error);
    }
  }

  function landLate(at: number): void {
    const [effect] = late.splice(at, 1);
    if (effect === undefined) return;
    note(`late ${effect.step} landed`);
    ignoreErrors(effect.effect);
  }

  /** Time passes for everybody. What must have happened by then happens first: late effects that are due, images on their way. */
  function advance(ms: number): void {
    const thenMs = nowMs + ms;
    for (let at = late.length - 1; at >= 0; at -= 1) if ((late[at]?.dueMs ?? 0) <= thenMs) landLate(at);
    for (let at = pending.length - 1; at >= 0; at -= 1) {
      const sent = pending[at];
      if (sent === undefined || !/^(copy|stream|put) image/.test(sent.step) || thenMs - sent.sentMs <= maxLateMs)
        continue;
      pending.splice(at, 1);
      carryOut(sent);
    }
    nowMs = thenMs;
    trace.push(`clock +${Math.round(ms / 1000)} s`);
  }

  const bucket: SimulatedBucket = {
    objects,
    nowMs: () => nowMs,
    storageFor,
    put: (key, bytes) => store(key, bytes, { contentType: 'image/png', metadata: {} }),
    step,
    advance,
    seen,
    trace,
    copySupported: true,
  };
  return bucket;
}

function ignoreErrors(effect: () => unknown): void {
  try {
    effect();
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
  }
}

function kindOf(key: string): string {
  return /^tmp\/(incoming|attempts|commits)/.exec(key)?.[1] ?? 'image';
}
