import { AppError } from '../../src/errors.ts';
import type { ApiInstance } from './api-instance.ts';
import { type Client, isExcused, trackCalls } from './client.ts';
import type { World } from './world.ts';

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
        else if (!isExcused(world, error)) auditor.unexpected(error);
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
          if (!isMissing && !isExcused(world, error)) auditor.unexpected(error);
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
