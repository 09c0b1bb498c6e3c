import { AppError } from '../../src/errors.ts';
import { uploadIdOf } from '../../src/images/image-metadata.ts';
import { type ObjectStorage, StorageError } from '../../src/storage/storage.ts';
import type { CommitRecord } from '../../src/uploads/commit-record.ts';
import { commitKey, incomingKey, parseImageNonce } from '../../src/uploads/object-keys.ts';
import { createLedger, type Ledger } from './ledger.ts';
import type { Protocol } from './protocol-under-test.ts';
import { createSeededRandom, type SeededRandom } from './seeded-random.ts';
import { type Actor, createSimulatedBucket, type SimulatedBucket } from './simulated-bucket.ts';
import { tinyPng } from './tiny-png.ts';

const allowedFormats = new Set(['png'] as const);
const limits = { maxPixels: 1_000_000, maxSide: 1000, allowedFormats };
const signedBytes = tinyPng(10, 10, 0).length;
const maxSteps = 3000;

/** What the one who holds the policy may send: the picture, one that looks the same, another one, no picture at all. */
const uploads = [tinyPng(10, 10, 0), tinyPng(10, 10, 1), tinyPng(20, 10, 0), new Uint8Array(signedBytes).fill(7)];

export interface AttackResult {
  violation: string | null;
  trace: readonly string[];
  seen: ReadonlyMap<string, number>;
}

/**
 * One schedule: three completers of one upload on their own instances, deleters, sweepers, somebody who replays the policy,
 * a client of `/upload`; every call interleaved, failing and crashing as the seed says. Then everything settles, the clock
 * goes on, the sweeper comes, and the books are checked.
 */
export async function attack(protocol: Protocol, seed: number): Promise<AttackResult> {
  const random = createSeededRandom(seed);
  const bucket = createSimulatedBucket();
  bucket.copySupported = random.chance(0.85);
  const uploadId = random.uuid();
  const ledger = createLedger(bucket, uploadId);
  const waiting = createActors(protocol, bucket, random, ledger, uploadId);
  if (random.chance(0.85)) bucket.put(incomingKey(uploadId), random.pick(uploads.slice(0, 3)));

  for (let step = 0; step < maxSteps && ledger.violation() === null; step += 1) {
    await settleMicrotasks();
    ledger.observe();
    if (waiting.length > 0 && random.chance(0.25)) {
      waiting.splice(random.below(waiting.length), 1)[0]?.();
      continue;
    }
    if (random.chance(0.06)) replay(bucket, random, uploadId);
    if (random.chance(0.05)) bucket.advance(random.chance(0.3) ? 140 * 60_000 : random.below(40_000));
    if (!bucket.step(random)) {
      if (waiting.length === 0) break;
      waiting.splice(random.below(waiting.length), 1)[0]?.();
    }
  }
  if (ledger.violation() === null) await settle(protocol, bucket, random, ledger);
  return { violation: ledger.violation(), trace: bucket.trace, seen: bucket.seen };
}

/** A schedule is over in microtasks: nothing here waits for anything but the simulated bucket. */
function settleMicrotasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function replay(bucket: SimulatedBucket, random: SeededRandom, uploadId: string): void {
  bucket.trace.push('the policy is used again');
  bucket.seen.set('replay', (bucket.seen.get('replay') ?? 0) + 1);
  bucket.put(incomingKey(uploadId), random.pick(uploads));
}

function createActors(
  protocol: Protocol,
  bucket: SimulatedBucket,
  random: SeededRandom,
  ledger: Ledger,
  uploadId: string,
): (() => void)[] {
  const faultProbability = random.pick([0, 0.05, 0.15, 0.3]);
  const actor = (name: string): Actor => ({ name, crashed: false, mayCrash: random.chance(0.6), faultProbability });
  const committerFor = (storage: ObjectStorage) =>
    protocol.createUploadCommitter({
      storage,
      records: protocol.createCommitRecords(storage, 'conditional-put'),
      limits,
      promote: random.chance(0.1) ? 'stream' : 'copy',
      monotonicMs: bucket.nowMs,
      newId: random.uuid,
    });

  const shared = random.chance(0.25) ? committerFor(bucket.storageFor(actor('instance'))) : null;
  const completers = ['completer 1', 'completer 2', 'completer 3'].map((name, index) => () => {
    const committer = index < 2 && shared !== null ? shared : committerFor(bucket.storageFor(actor(name)));
    void complete(name, committer, ledger, uploadId, 3);
  });
  const deleters = ['deleter 1', 'deleter 2'].slice(0, random.below(3)).map((name) => () => {
    const storage = bucket.storageFor(actor(name));
    const deleter = protocol.createImageDeleter(storage, protocol.createCommitRecords(storage, 'conditional-put'));
    const names = [...bucket.objects.keys()].filter((key) => key.startsWith('image-'));
    if (names.length > 0) void deleteImage(deleter, ledger, random.pick(names), 4);
  });
  const sweepers = ['sweeper 1', 'sweeper 2'].map((name) => () => {
    const storage = bucket.storageFor(actor(name));
    void protocol.sweepUploads(storage, protocol.createCommitRecords(storage, 'conditional-put')).catch(ignoreExpected);
  });
  const form = random.chance(0.3)
    ? [
        () => {
          const storage = bucket.storageFor(actor('form upload'));
          void uploadForm(committerFor(storage), storage, ledger);
        },
      ]
    : [];
  return [...completers, ...deleters, ...sweepers, ...form];
}

type Committer = ReturnType<Protocol['createUploadCommitter']>;

async function complete(
  name: string,
  committer: Committer,
  ledger: Ledger,
  uploadId: string,
  tries: number,
): Promise<void> {
  const call = ledger.beginComplete(name);
  try {
    call.succeed(await committer.commit({ uploadId, bytes: signedBytes }));
  } catch (error) {
    if (error instanceof AppError) call.reject(error.code);
    else if (!(error instanceof StorageError)) throw error;
    if (tries > 1) await complete(name, committer, ledger, uploadId, tries - 1);
  }
}

async function deleteImage(
  deleter: ReturnType<Protocol['createImageDeleter']>,
  ledger: Ledger,
  filename: string,
  tries: number,
): Promise<void> {
  const call = ledger.beginDelete(filename);
  try {
    await deleter.deleteImage(filename);
    call.succeed();
  } catch (error) {
    if (error instanceof StorageError && tries > 1) await deleteImage(deleter, ledger, filename, tries - 1);
    else if (!(error instanceof StorageError || error instanceof AppError)) throw error;
  }
}

async function uploadForm(committer: Committer, storage: ObjectStorage, ledger: Ledger): Promise<void> {
  const picture = tinyPng(30, 30, 3);
  const facts = { width: 30, height: 30, format: 'png', bytes: picture.length, animated: false } as const;
  try {
    const image = await committer.commitReceived(facts, (key, description) => storage.put(key, picture, description));
    ledger.recordFormUpload(image);
  } catch (error) {
    ignoreExpected(error);
  }
}

/** After the chaos: what is under way ends, time passes, a sweeper without faults comes twice, unfinished DELETEs are repeated. */
async function settle(
  protocol: Protocol,
  bucket: SimulatedBucket,
  random: SeededRandom,
  ledger: Ledger,
): Promise<void> {
  const patient: Actor = { name: 'settling', crashed: false, mayCrash: false, faultProbability: 0 };
  const storage = bucket.storageFor(patient);
  const records = protocol.createCommitRecords(storage, 'conditional-put');
  const run = async (work: () => Promise<unknown>): Promise<void> => {
    let done = false;
    const finished = work()
      .catch(ignoreExpected)
      .finally(() => {
        done = true;
      });
    for (let step = 0; !done && step < maxSteps; step += 1) {
      await settleMicrotasks();
      bucket.step(random);
    }
    await finished;
  };
  while (bucket.step(random)) await settleMicrotasks();
  for (let round = 0; round < 2; round += 1) {
    bucket.advance(4 * 3_600_000);
    await run(() => protocol.sweepUploads(storage, records));
  }
  for (const [key, object] of [...bucket.objects]) {
    const uploadId = uploadIdOf(object.metadata);
    if (parseImageNonce(key) === null || uploadId === undefined) continue;
    const record = parseRecord(bucket, uploadId);
    if (record === null || !('deleted' in record) || record.filename !== key) continue;
    ledger.beginDelete(key);
    await run(() => protocol.createImageDeleter(storage, records).deleteImage(key));
  }
  ledger.observe();
  ledger.audit((id) => parseRecord(bucket, id));
}

function ignoreExpected(error: unknown): void {
  if (!(error instanceof StorageError || error instanceof AppError)) throw error;
}

function parseRecord(bucket: SimulatedBucket, uploadId: string): CommitRecord | null {
  const object = bucket.objects.get(commitKey(uploadId));
  return object === undefined ? null : (JSON.parse(new TextDecoder().decode(object.bytes)) as CommitRecord);
}
