import { type ApiInstance, createApiInstance } from './api-instance.ts';
import { type Auditor, createAuditor } from './auditor.ts';
import { type BucketModel, createBucketModel } from './bucket-model.ts';
import { type CallScheduler, createCallScheduler, type Process } from './call-scheduler.ts';
import type { Protocol } from './protocol-under-test.ts';
import { createSeededRandom, type SeededRandom } from './seeded-random.ts';
import { contents } from './tiny-pictures.ts';

/** Everything that a schedule plays with. */
export interface World {
  random: SeededRandom;
  bucket: BucketModel;
  scheduler: CallScheduler;
  auditor: Auditor;
  /** The one upload that everybody is after. */
  uploadId: string;
  /** The instances that run now; never none. */
  instances: ApiInstance[];
  startInstance(): ApiInstance;
  /** Set when the storage has recovered and all that was under way has ended: from then on nothing may fail. */
  isStorageWell: boolean;
  /** Counts what happens, and writes it into the trace. */
  note(what: string): void;
}

export interface Recording {
  /** How often what happened, over many schedules. */
  coverage?: Map<string, number> | undefined;
  /** Takes a line for everything that happens. */
  trace?: string[] | undefined;
}

const startMs = Date.UTC(2026, 0, 1);

export function createWorld(protocol: Protocol, seed: number, { coverage, trace }: Recording): World {
  const random = createSeededRandom(seed);
  const note = (what: string, by?: Process): void => {
    coverage?.set(what, (coverage.get(what) ?? 0) + 1);
    trace?.push(by === undefined ? what : `${by.name}: ${what}`);
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
    instances.splice(
      instances.findIndex(({ name }) => name === dead.name),
      1,
    );
    if (instances.length === 0 || random.chance(0.8)) startInstance();
  }

  for (let count = 2 + random.below(2); count > 0; count -= 1) startInstance();
  const uploadId = random.uuid();
  return { random, bucket, scheduler, auditor, uploadId, instances, startInstance, isStorageWell: false, note };
}

function describe(bucket: BucketModel, key: string): string {
  const object = bucket.get(key);
  if (object === undefined) return 'is gone';
  if (key.startsWith('tmp/commits/')) return `= ${Buffer.from(object.bytes).toString()}`;
  return `= ${contents.find(({ bytes }) => bytes === object.bytes)?.name ?? `${object.bytes.length} bytes`}`;
}
