import { AppError } from '../../src/errors.ts';
import { StorageError } from '../../src/storage/storage.ts';
import { incomingKey } from '../../src/uploads/object-keys.ts';
import { attemptMinAgeMs } from '../../src/uploads/sweep-uploads.ts';
import type { ApiInstance } from './api-instance.ts';
import type { World } from './world.ts';
import { contents } from './tiny-pictures.ts';

/** Somebody outside the API who does one thing at a time, some times, whenever the schedule says so. */
export interface Client {
  name: string;
  /** How eager it is to move; 0 when it cannot, or has done all it wanted. */
  eagerness(): number;
  move(instance: ApiInstance): void;
  /** Waits for an answer that can still come. */
  isWaiting(): boolean;
}

const policyMs = 60 * 60_000;
export const ticketMs = 120 * 60_000;

/** The first upload is mostly a picture; what is sent with the same policy afterwards is anything. */
export function createUploader(world: World, firstUpload: 'at once' | 'some time'): Client {
  const { bucket, random } = world;
  const endsMs = bucket.nowMs() + policyMs;
  const eagerness = random.pick([0.3, 0.6, 2]);
  let left = 1 + random.below(8);
  let isFirst = true;
  const upload = (): void => {
    const content = isFirst && random.chance(0.85) ? random.pick(contents.slice(0, 4)) : random.pick(contents);
    world.note(isFirst ? 'upload' : 'the policy is used again');
    bucket.put(incomingKey(world.uploadId), content.bytes, { contentType: 'image/png', metadata: {} });
    isFirst = false;
    left -= 1;
  };
  if (firstUpload === 'at once') upload();
  return {
    name: 'uploader',
    eagerness: () => (left > 0 && bucket.nowMs() < endsMs ? eagerness : 0),
    move: upload,
    isWaiting: () => false,
  };
}

export interface Completer extends Client {
  complete(instance: ApiInstance): void;
}

export function createCompleter(world: World, name: string): Completer {
  const { bucket, random, auditor, uploadId } = world;
  const endsMs = bucket.nowMs() + ticketMs;
  let left = 1 + random.below(4);
  const calls = trackCalls();

  function complete(instance: ApiInstance): void {
    const { since, image } = instance.complete(uploadId);
    const isFirst = auditor.answered(uploadId) === null;
    calls.track(instance, image, {
      resolved: (answer) => {
        world.note(isFirst && auditor.answered(uploadId) === null ? `${name} is told first` : `${name} is told`);
        auditor.succeeded(uploadId, answer, since);
      },
      rejected: (error) => {
        if (error instanceof AppError) {
          world.note(`complete: ${error.code}`);
          auditor.rejected(uploadId, error.code, since);
        } else if (!(error instanceof StorageError)) auditor.unexpected(error);
      },
    });
  }

  return {
    name,
    eagerness: () => (left > 0 && !calls.isWaiting() && bucket.nowMs() < endsMs ? 1.5 : 0),
    move: (instance) => {
      left -= 1;
      complete(instance);
    },
    isWaiting: calls.isWaiting,
    complete,
  };
}

export interface Deleter extends Client {
  /** Calls again, unless the last call was answered. */
  repeat(instance: ApiInstance): void;
}

/** Deletes whatever name the bucket has, that of an image or not, and repeats the call until it is answered. */
export function createDeleter(world: World, name: string): Deleter {
  const { bucket, random, auditor } = world;
  const calls = trackCalls();
  let left = 1 + random.below(4);
  let target: { filename: string; onlyOfUploadId: string | undefined } | null = null;

  function repeat(instance: ApiInstance): void {
    if (target === null) return;
    const { filename, onlyOfUploadId } = target;
    const since = bucket.moment();
    auditor.deleteBegan(filename, onlyOfUploadId);
    const ended = (status: 204 | 404): void => {
      target = null;
      world.note(`DELETE: ${status}`);
      auditor.deleteAnswered(filename, status, since, onlyOfUploadId);
    };
    calls.track(instance, instance.deleteImage(filename, onlyOfUploadId), {
      resolved: () => ended(204),
      rejected: (error) => {
        if (error instanceof AppError && error.code === 'image_not_found') ended(404);
        else if (!(error instanceof StorageError)) auditor.unexpected(error);
      },
    });
  }

  return {
    name,
    eagerness: () => (left > 0 && !calls.isWaiting() && (target !== null || hasImages(world)) ? 0.5 : 0),
    move: (instance) => {
      left -= 1;
      target ??= {
        filename: random.pick(namesOf(world)),
        onlyOfUploadId: random.pick([null, null, world.uploadId, random.uuid()]) ?? undefined,
      };
      repeat(instance);
    },
    isWaiting: calls.isWaiting,
    repeat,
  };
}

/** Sends a file to the API itself. */
export function createFormUploader(world: World, name: string): Client {
  const { random, auditor } = world;
  const calls = trackCalls();
  let left = 1 + random.below(2);
  return {
    name,
    eagerness: () => (left > 0 && !calls.isWaiting() ? 0.5 : 0),
    move: (instance) => {
      left -= 1;
      const since = world.bucket.moment();
      let uploadId = '';
      const image = instance.receive((id) => {
        uploadId = id;
      });
      calls.track(instance, image, {
        resolved: (answer) => {
          world.note(`${name} is told`);
          auditor.succeeded(uploadId, answer, since);
        },
        rejected: (error) => {
          if (error instanceof AppError) {
            world.note(`receive: ${error.code}`);
            auditor.rejected(uploadId, error.code, since);
          } else if (!(error instanceof StorageError)) auditor.unexpected(error);
        },
      });
    },
    isWaiting: calls.isWaiting,
  };
}

/** Asks for the list of images, and for single ones by whatever name the bucket has. */
export function createReader(world: World, name: string): Client {
  const { bucket, random, auditor } = world;
  const calls = trackCalls();
  let left = random.below(5);
  return {
    name,
    eagerness: () => (left > 0 && !calls.isWaiting() && hasImages(world) ? 0.5 : 0),
    move: (instance) => {
      left -= 1;
      const since = bucket.moment();
      const asked = random.chance(0.5) ? instance.listImages() : instance.showImage(random.pick(namesOf(world)));
      calls.track(instance, asked, {
        resolved: (filenames) => {
          world.note('images are shown');
          auditor.shown(filenames, since);
        },
        rejected: (error) => {
          const isMissing = error instanceof AppError && error.code === 'image_not_found';
          if (!isMissing && !(error instanceof StorageError)) auditor.unexpected(error);
        },
      });
    },
    isWaiting: calls.isWaiting,
  };
}

function namesOf({ bucket }: World): string[] {
  return bucket.keys().filter((key) => key.startsWith('image-'));
}

function hasImages({ bucket }: World): boolean {
  return bucket.keys().some((key) => key.startsWith('image-'));
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
    if (!(error instanceof StorageError)) world.auditor.unexpected(error);
  });
}

interface CallTracker {
  isWaiting(): boolean;
  track<T>(
    instance: ApiInstance,
    call: Promise<T>,
    on: { resolved: (value: T) => void; rejected: (error: unknown) => void },
  ): void;
}

/** A client whose instance died has lost its connection and waits no more. */
function trackCalls(): CallTracker {
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
