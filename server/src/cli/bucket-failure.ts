import { statusOf } from '../storage/s3-errors.ts';
import { StorageError } from '../storage/storage.ts';
import { CommandError } from './exit-codes.ts';

/** Says for people why a command got nowhere with the bucket. Errors that are not the storage's come back as they are. */
export function toCommandError(error: unknown, { endpoint, bucket }: { endpoint: string; bucket: string }): unknown {
  if (!(error instanceof StorageError)) return error;
  if (isMissingBucket(error)) return new CommandError(`There is no bucket "${bucket}" at ${endpoint}.`);
  // The words in brackets are those meant for people.
  const [, detail = error.message] = /\((.*)\)$/s.exec(error.message) ?? [];
  return new CommandError(`The bucket "${bucket}" cannot be used: ${detail}.`);
}

/** Whether the failure of a bucket check says that there is no such bucket. */
export function isMissingBucket(error: unknown): boolean {
  return error instanceof StorageError && statusOf(error.cause) === 404;
}
