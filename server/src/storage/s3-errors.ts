import { StorageError, type StorageFailure } from './storage.ts';

/** An answer that is no answer of S3: a gateway's page, a missing header. */
export class UnexpectedAnswerError extends Error {
  override readonly name = 'UnexpectedAnswerError';
}

/** A time limit that this program set has passed. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';

  constructor(deadlineMs: number) {
    super(`no complete answer within ${deadlineMs} ms`);
  }
}

export interface FailedCall {
  operation: string;
  /** The request carried `If-None-Match: *`. */
  conditional?: boolean;
  copy?: boolean;
}

/** Kind of failure by HTTP status first, then by error code, never by message: HEAD failures have neither code nor message. */
export function toStorageError(error: unknown, call: FailedCall): StorageError {
  if (error instanceof StorageError) return error;
  return new StorageError(failureOf(error, call), call.operation, { cause: error, detail: describeCause(error) });
}

/**
 * The storage said that there is no such object. A missing bucket is another matter, and so is a 404 without an S3 error
 * code, which comes from a gateway that does not know the storage.
 */
export function isMissingObject(error: unknown): boolean {
  const code = errorCodeOf(error);
  return statusOf(error) === 404 && code !== undefined && code !== 'NoSuchBucket';
}

/** HTTP status of the answer behind an SDK error; undefined where no answer arrived. */
export function statusOf(error: unknown): number | undefined {
  const status = propertyOf(propertyOf(error, '$metadata'), 'httpStatusCode');
  return typeof status === 'number' ? status : undefined;
}

/** A header of the answer behind an SDK error, by its lower-case name. */
export function answerHeaderOf(error: unknown, header: string): string | undefined {
  const value = propertyOf(propertyOf(propertyOf(error, '$response'), 'headers'), header);
  return typeof value === 'string' ? value : undefined;
}

/** What happened, in a few words for a log line. */
export function describeCause(error: unknown): string {
  const status = statusOf(error);
  if (status !== undefined && status >= 300)
    return ['HTTP', status, errorCodeOf(error) ?? 'without error code'].join(' ');
  const code = propertyOf(error, 'code');
  if (typeof code === 'string') return code;
  return error instanceof Error ? error.message : String(error);
}

function failureOf(error: unknown, call: FailedCall): StorageFailure {
  const status = statusOf(error);
  if (status !== undefined) {
    if (call.conditional && (status === 412 || status === 409)) return 'precondition_failed';
    if (call.copy && (status === 501 || errorCodeOf(error) === 'NotImplemented')) return 'copy_unsupported';
    return 'unavailable';
  }
  return isTimeout(error) ? 'timeout' : 'unavailable';
}

function isTimeout(error: unknown): boolean {
  if (error instanceof DeadlineError) return true;
  // The SDK names resets and broken pipes "TimeoutError" too: those are answers of a kind, and quick.
  const code = propertyOf(error, 'code');
  return propertyOf(error, 'name') === 'TimeoutError' && (code === undefined || code === 'ETIMEDOUT');
}

/** `Code` of the error document. `name` will not do: the SDK makes one up where the document has none. */
function errorCodeOf(error: unknown): string | undefined {
  const code = propertyOf(error, 'Code');
  return typeof code === 'string' && code !== '' ? code : undefined;
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
