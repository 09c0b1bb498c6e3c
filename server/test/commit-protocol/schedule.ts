import { type ApiInstance, createApiInstance } from './api-instance.ts';
import { type Auditor, createAuditor, type Violation } from './auditor.ts';
import { type BucketModel, createBucketModel } from './bucket-model.ts';
import { type CallScheduler, calm, createCallScheduler, pickByWeight, type Process } from './call-scheduler.ts';
import {
  type Client,
  createCompleter,
  createDeleter,
  createFormUploader,
  createSweepTimer,
  createUploader,
  startSweep,
  ticketMs,
} from './clients.ts';
import type { Protocol } from './protocol-under-test.ts';
import { createSeededRandom, type SeededRandom } from './seeded-random.ts';
import { contents } from './tiny-pictures.ts';

export interface World {
  random: SeededRandom;
  bucket: BucketModel;
  scheduler: CallScheduler;
  auditor: Auditor;
  /** The one upload that everybody is after. */
  uploadId: string;
  /** The instances that run now. */
  instances: ApiInstance[];
  startInstance(): ApiInstance;
  note(what: string): void;
}

export interface ScheduleOptions {
  protocol: Protocol;
  seed: number;
  /** Counts what happened, over many schedules. */
  coverage?: Map<string, number> | undefined;
  /** Takes one line for everything that happens. */
  trace?: string[] | undefined;
}

const startMs = Date.UTC(2026, 0, 1);
/** Some schedules are broken off while much is under way. */
const maxTurns = [30, 60, 120, 400] as const;
const troubles = [null, null, 'copy', 'copy', 'put new', 'put', 'delete', 'receive:', 'sweep:'];
/** How likely the storage is to take the next turn, against the eagerness of all clients together. */
const storageWeight = 12;
const minuteMs = 60_000;
/** Past the age at which anything is swept. */
const longAfterMs = 200 * minuteMs;

/**
 * Plays one schedule: completers of one upload on several instances, somebody who uses the policy again and again, DELETEs,
 * sweeps, form uploads, crashes, a storage in trouble and a clock that jumps, all in the order that the seed decides. Then
 * lets everything come to rest and looks at what is left.
 */
export async function playSchedule({ protocol, seed, coverage, trace }: ScheduleOptions): Promise<Violation | null> {
  const world = createWorld(protocol, seed, { coverage, trace });
  const { random, scheduler, auditor } = world;
  scheduler.weather = {
    fault: random.pick([0, 0.03, 0.1, 0.3]),
    crash: random.pick([0, 0, 0.02, 0.05]),
    trouble: random.pick(troubles),
    heldAnswer: random.pick([0, 0.1, 0.4]),
  };
  const completers = [1, 2, 3].map((number) => createCompleter(world, `completer ${number}`));
  const deleters = [1, 2].slice(random.below(3)).map((number) => createDeleter(world, `deleter ${number}`));
  const clients: Client[] = [
    createUploader(world, random.chance(0.8) ? 'at once' : 'some time'),
    ...completers,
    ...deleters,
    ...(random.chance(0.3) ? [createFormUploader(world, 'form uploader')] : []),
    createSweepTimer(world),
  ];
  await playTurns(world, clients);
  if (auditor.violation() === null) await comeToRest(world, clients, completers, deleters);
  return auditor.violation();
}

function createWorld(
  protocol: Protocol,
  seed: number,
  record: { coverage: Map<string, number> | undefined; trace: string[] | undefined },
): World {
  const { coverage, trace } = record;
  const random = createSeededRandom(seed);
  const note = (what: string): void => {
    coverage?.set(what, (coverage.get(what) ?? 0) + 1);
    trace?.push(what);
  };
  const bucket = createBucketModel(startMs, (key) => {
    trace?.push(`    ${key} ${describe(bucket, key)}`);
    auditor.onChange(key);
  });
  const auditor = createAuditor(bucket);
  const scheduler = createCallScheduler(bucket, random, { note, onCrash: replaceInstance });
  const promote = random.chance(0.1) ? ('stream' as const) : ('copy' as const);
  const copySupported = random.chance(0.9);
  const instances: ApiInstance[] = [];
  let started = 0;

  function startInstance(): ApiInstance {
    started += 1;
    const parts = { protocol, scheduler, bucket, promote, copySupported, newId: random.uuid, note };
    const instance = createApiInstance(`instance ${started}`, parts);
    instances.push(instance);
    return instance;
  }

  function replaceInstance(dead: Process): void {
    instances.splice(instances.findIndex(({ name }) => name === dead.name), 1);
    if (instances.length === 0 || random.chance(0.8)) startInstance();
  }

  for (let count = 2 + random.below(2); count > 0; count -= 1) startInstance();
  return { random, bucket, scheduler, auditor, uploadId: random.uuid(), instances, startInstance, note };
}

async function playTurns(world: World, clients: Client[]): Promise<void> {
  const { random, scheduler, auditor, instances } = world;
  const passTime = createClock(world);
  const turns = random.pick(maxTurns);
  for (let turn = 0; turn < turns && auditor.violation() === null; turn += 1) {
    if (random.chance(0.05)) passTime();
    const eager = clients.map((client) => ({ client, weight: client.eagerness() })).filter(({ weight }) => weight > 0);
    const eagerness = eager.reduce((sum, { weight }) => sum + weight, 0);
    const chosen = random.chance(eagerness / (eagerness + storageWeight)) ? pickByWeight(random, eager) : undefined;
    if (chosen !== undefined) chosen.client.move(random.pick(instances));
    else if (!scheduler.step() && eager.length === 0) return;
    await codeRuns();
  }
}

/** Time passes: mostly seconds, sometimes more than anybody waits for. */
function createClock({ random, scheduler }: World): () => void {
  let pausesLeft = random.below(4);
  return () => {
    if (pausesLeft === 0 || !random.chance(0.15)) return scheduler.advance(random.below(15_000));
    pausesLeft -= 1;
    scheduler.advance(random.pick([10, 50, 136, 190]) * minuteMs);
  };
}

/** The storage is well again, everything under way ends, and the sweepers come until they find nothing more. */
async function comeToRest(
  world: World,
  clients: Client[],
  completers: { complete(instance: ApiInstance): void }[],
  deleters: { finish(instance: ApiInstance): void }[],
): Promise<void> {
  const { random, bucket, scheduler, auditor } = world;
  const others = [...world.instances];
  const [first, second] = [world.startInstance(), world.startInstance()];
  const fate = random.next();
  if (fate < 0.3) await sleepThroughSweep();
  scheduler.weather = calm;
  if (fate > 0.7) for (const instance of others) scheduler.kill(instance);
  await runDry();
  if (clients.some((client) => client.isWaiting())) auditor.unexpected(new Error('a call that never ends'));
  if (random.chance(0.8)) for (const deleter of deleters) deleter.finish(first);
  await runDry();
  if (bucket.nowMs() - startMs < ticketMs) for (const one of completers) one.complete(second);
  await runDry();
  for (let before = -1; before !== bucket.moment(); ) {
    before = bucket.moment();
    scheduler.advance(longAfterMs);
    await sweepWith([first, second]);
  }
  auditor.inspectRemains();

  /** Whatever the others were waiting for, they hear it hours later, when everything has been decided; and may die then. */
  async function sleepThroughSweep(): Promise<void> {
    const { weather } = scheduler;
    scheduler.weather = calm;
    for (const instance of others) scheduler.sleeping.add(instance);
    scheduler.advance(longAfterMs);
    await sweepWith([first]);
    scheduler.sleeping.clear();
    scheduler.weather = { ...weather, crash: 0.1 };
    for (let turn = 0; turn < 100 && scheduler.step(); turn += 1) await codeRuns();
  }

  async function sweepWith(sweepers: ApiInstance[]): Promise<void> {
    for (const sweeper of sweepers) startSweep(world, sweeper);
    await runDry();
  }

  async function runDry(): Promise<void> {
    do await codeRuns();
    while (scheduler.step());
  }
}

/** The code under test waits for nothing but the simulated storage: when the event loop turns, it has gone as far as it can. */
function codeRuns(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function describe(bucket: BucketModel, key: string): string {
  const object = bucket.get(key);
  if (object === undefined) return 'is gone';
  if (key.startsWith('tmp/commits/')) return `= ${Buffer.from(object.bytes).toString()}`;
  return `= ${contents.find(({ bytes }) => bytes === object.bytes)?.name ?? `${object.bytes.length} bytes`}`;
}
