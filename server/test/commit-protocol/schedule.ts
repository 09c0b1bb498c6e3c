import type { ApiInstance } from './api-instance.ts';
import type { Violation } from './auditor.ts';
import type { Client } from './client.ts';
import { codeRuns } from './code-runs.ts';
import { createDeleter, createReader, type Deleter } from './image-clients.ts';
import { createClock, createSweepTimer, startSweep } from './passing-time.ts';
import type { Protocol } from './protocol-under-test.ts';
import { pickByWeight } from './seeded-random.ts';
import { type Completer, createCompleter, createFormUploader, createUploader, ticketMs } from './uploading-clients.ts';
import { calm } from './weather.ts';
import { createWorld, type Recording, type World } from './world.ts';

interface Cast {
  completers: Completer[];
  deleters: Deleter[];
  clients: Client[];
}

const minuteMs = 60_000;
/** Past the age at which anything is swept. */
const longAfterMs = 200 * minuteMs;
/** Some schedules are broken off while much is under way. */
const turnLimits = [30, 60, 120, 400];
/** How likely the storage is to take the next turn, against the eagerness of all clients together. */
const storageWeight = 12;
/** Steps on which faults gather in a schedule; see `Weather`. */
const troubles = [
  null,
  null,
  'commit: copy',
  'commit: copy',
  'commit: copy',
  'put new',
  'put',
  'delete',
  'receive:',
  'sweep:',
];

/**
 * Plays one schedule: completers of one upload on several instances, somebody who uses the policy again and again, DELETEs,
 * readers, sweeps, form uploads, crashes, a storage in trouble and a clock that jumps, all in the order that the seed
 * decides. Then lets everything come to rest and looks at what is left.
 */
export async function playSchedule(
  protocol: Protocol,
  seed: number,
  recording: Recording = {},
): Promise<Violation | null> {
  const world = createWorld(protocol, seed, recording);
  const { random, scheduler, auditor } = world;
  scheduler.weather = {
    fault: random.pick([0, 0.03, 0.1, 0.3]),
    crash: random.pick([0, 0, 0.02, 0.05]),
    trouble: random.pick(troubles),
    heldAnswer: random.pick([0, 0.1, 0.4]),
  };
  const cast = createCast(world);
  await playTurns(world, cast.clients);
  if (auditor.violation() === null) await comeToRest(world, cast);
  return auditor.violation();
}

function createCast(world: World): Cast {
  const { random } = world;
  const completers = [1, 2, 3].map((number) => createCompleter(world, `completer ${number}`));
  const deleters = [1, 2].slice(random.below(3)).map((number) => createDeleter(world, `deleter ${number}`));
  const others = [
    createUploader(world, random.chance(0.8) ? 'at once' : 'some time'),
    createReader(world, 'reader'),
    createSweepTimer(world),
    ...(random.chance(0.4) ? [createFormUploader(world, 'form uploader')] : []),
  ];
  return { completers, deleters, clients: [...completers, ...deleters, ...others] };
}

async function playTurns(world: World, clients: Client[]): Promise<void> {
  const { random, scheduler, auditor, instances } = world;
  const passTime = createClock(world);
  const turns = random.pick(turnLimits);
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

/** The storage is well again, everything under way ends, and the sweepers come until they find nothing more. */
async function comeToRest(world: World, { clients, completers, deleters }: Cast): Promise<void> {
  const { random, bucket, scheduler, auditor } = world;
  const before = [...world.instances];
  const fate = random.next();
  if (fate < 0.4) await sleepThroughSweep(world, before);
  scheduler.weather = calm;
  if (fate > 0.8) for (const instance of before) scheduler.kill(instance);
  await runDry(world);
  world.isStorageWell = true;

  const [first, second] = [world.startInstance(), world.startInstance()];
  if (random.chance(0.8)) for (const deleter of deleters) deleter.repeat(first);
  await runDry(world);
  if (bucket.nowMs() - bucket.startMs < ticketMs) for (const completer of completers) completer.complete(second);
  await runDry(world);
  for (let moment = -1; moment !== bucket.moment(); ) {
    moment = bucket.moment();
    scheduler.advance(longAfterMs);
    for (const instance of [first, second]) startSweep(world, instance);
    await runDry(world);
  }
  if (clients.some((client) => client.isWaiting())) auditor.unexpected(new Error('a call that never ends'));
  auditor.inspectRemains();
}

/**
 * Whatever the sleepers were waiting for, they hear of it hours later, when everything has been decided. They, and those
 * that swept meanwhile, are likely to die over it.
 */
async function sleepThroughSweep(world: World, sleepers: ApiInstance[]): Promise<void> {
  const { random, scheduler } = world;
  for (const instance of sleepers) scheduler.sleeping.add(instance);
  // Attempts are swept at 135 minutes, incoming objects at 180.
  scheduler.advance(random.pick([140, 200]) * minuteMs);
  scheduler.weather = { ...scheduler.weather, crash: 0.1 };
  startSweep(world, world.startInstance());
  await runDry(world);
  const { weather } = scheduler;
  scheduler.weather = calm;
  startSweep(world, world.startInstance());
  await runDry(world);
  scheduler.weather = weather;
  scheduler.sleeping.clear();
  await runDry(world);
}

async function runDry({ scheduler }: World): Promise<void> {
  do await codeRuns();
  while (scheduler.step());
}
