/**
 * What the product asks of an S3 bucket. A missing object is `null`, an ordinary answer; anything else that goes wrong
 * throws a `StorageError`. Keys are complete object keys; sizes are bytes; times are the storage's own clock.
 */
export interface ObjectStorage {
  /** Reads at most `length` bytes from `start`. An empty object gives empty `bytes`, with `totalBytes` 0. One round trip. */
  readRange(key: string, start: number, length: number): Promise<RangeRead | null>;
  /** Writes the object in one request. With `onlyIfAbsent` the write is refused (`precondition_failed`) where the key exists. */
  put(key: string, body: PutBody, options: PutOptions): Promise<void>;
  /**
   * Copies within the bucket, replacing the metadata. Sent once, never retried: after an unclear answer the copy may
   * still land later. `null` when the source is missing.
   */
  copy(sourceKey: string, targetKey: string, options: ObjectDescription): Promise<'copied' | null>;
  /** Deletes; deleting what is not there is fine. */
  delete(key: string): Promise<void>;
  /** One page of keys in byte order. `serverTime` is the answer's `Date`. */
  list(options: ListOptions): Promise<ListPage>;
  /** A URL that lets its holder GET the object for `expiresInSeconds`. No round trip. */
  presignGet(key: string, expiresInSeconds: number): Promise<string>;
}

export interface RangeRead {
  bytes: Uint8Array;
  /** Size of the whole object. */
  totalBytes: number;
  contentType: string;
  metadata: Record<string, string>;
  lastModified: Date;
}

export interface ObjectDescription {
  contentType: string;
  /** User metadata (`x-amz-meta-…`): lower-case names, ASCII values. */
  metadata: Record<string, string>;
}

export type PutBody = Uint8Array | { file: string; bytes: number };

export interface PutOptions extends ObjectDescription {
  onlyIfAbsent?: boolean;
}

export interface ListOptions {
  prefix?: string;
  /** Only keys after this one. */
  after?: string;
  limit: number;
  /** Keys that contain this after the prefix are left out (folded into a common prefix by the storage). */
  delimiter?: string;
}

export interface ListPage {
  objects: { key: string; bytes: number; lastModified: Date }[];
  /** The `after` of the next page; absent on the last. */
  next?: string;
  serverTime: Date;
}

/**
 * - `precondition_failed`: a conditional write was refused (412, or 409 while another write is under way)
 * - `copy_unsupported`: the storage cannot copy (501 NotImplemented)
 * - `timeout`: no answer in time; the request may or may not have been carried out
 * - `unavailable`: any other failure; the request may or may not have been carried out
 */
export type StorageFailure = 'precondition_failed' | 'copy_unsupported' | 'timeout' | 'unavailable';

export class StorageError extends Error {
  readonly failure: StorageFailure;

  constructor(failure: StorageFailure, operation: string, options: { cause?: unknown } = {}) {
    super(`storage ${operation}: ${failure}`, options);
    this.name = 'StorageError';
    this.failure = failure;
  }
}
