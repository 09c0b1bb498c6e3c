/**
 * What the product asks of an S3 bucket. A missing object is `null`, an ordinary answer; anything else that goes wrong
 * throws a `StorageError`. Keys are complete object keys; sizes are bytes; times are the storage's own clock.
 */
export interface ObjectStorage {
  /**
   * Reads at most `length` bytes from `start`. `start` at or beyond the end (so every read of an empty object) gives
   * empty `bytes` and the true `totalBytes`. One round trip; two where `start` is beyond the end.
   */
  readRange(key: string, start: number, length: number): Promise<RangeRead | null>;
  /** Writes the object in one request. With `onlyIfAbsent` the write is refused (`precondition_failed`) where the key exists. */
  put(key: string, body: PutBody, options: PutOptions): Promise<void>;
  /**
   * Copies within the bucket, replacing the metadata. Sent once, never retried: after an unclear answer the copy may
   * still land later. `null` when the source is missing.
   */
  copy(sourceKey: string, targetKey: string, options: ObjectDescription): Promise<'copied' | null>;
  /**
   * The same result as `copy` for storage that cannot copy: one GET streamed into one PUT of the same length, in constant
   * memory. Sent once as well: an unclear PUT may still land later. It begins within the time limit of the GET or never,
   * even in a process that slept in between. `null` when the source is missing.
   */
  copyByStreaming(sourceKey: string, targetKey: string, options: ObjectDescription): Promise<'copied' | null>;
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

  /** `detail` says more about the cause, for operators: no secrets, nothing of the client's. */
  constructor(failure: StorageFailure, operation: string, options: { cause?: unknown; detail?: string } = {}) {
    const { cause, detail } = options;
    const message = `storage ${operation}: ${failure}${detail === undefined ? '' : ` (${detail})`}`;
    super(message, cause === undefined ? {} : { cause });
    this.name = 'StorageError';
    this.failure = failure;
  }
}
