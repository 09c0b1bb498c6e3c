import { AppError } from '../../src/errors.ts';
import { incomingKey } from '../../src/uploads/object-keys.ts';
import type { ApiInstance } from './api-instance.ts';
import { type Client, isExcused, trackCalls } from './client.ts';
import { contents } from './tiny-pictures.ts';
import type { World } from './world.ts';

const policyMs = 60 * 60_000;
export const ticketMs = 120 * 60_000;

/** The first upload is mostly a picture; what is sent with the same policy afterwards is anything. */
export function createUploader(world: World, firstUpload: 'at once' | 'some time'): Client {
  const { bucket, random } = world;
  const endsMs = bucket.nowMs() + policyMs;
  const eagerness = random.pick([0.3, 1, 3]);
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
    eagerness: () => {
      if (left === 0 || bucket.nowMs() >= endsMs) return 0;
      return bucket.get(incomingKey(world.uploadId)) === undefined ? eagerness * 3 : eagerness;
    },
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
        } else if (!isExcused(world, error)) auditor.unexpected(error);
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
          } else if (!isExcused(world, error)) auditor.unexpected(error);
        },
      });
    },
    isWaiting: calls.isWaiting,
  };
}
