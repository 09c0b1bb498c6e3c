import { createKeyQueue } from './key-queue.ts';
import { S3Error } from './s3-error.ts';

/** Lets changes of a bucket's objects through, one at a time per key, until it is closed. */
export interface ChangeGate {
  /** @throws S3Error NoSuchBucket once it is closed */
  run<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** No change from now on. False, and it stays open, while one is under way. */
  close(): boolean;
}

export function createChangeGate(): ChangeGate {
  const queue = createKeyQueue();
  let underWay = 0;
  let closed = false;
  return {
    async run(key, work) {
      if (closed) throw new S3Error(404, 'NoSuchBucket', 'The bucket has just been deleted.');
      underWay += 1;
      try {
        return await queue.run(key, work);
      } finally {
        underWay -= 1;
      }
    },
    close() {
      closed = underWay === 0;
      return closed;
    },
  };
}
