import { DeleteObjectCommand, GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { checkBucket } from './s3-bucket-check.ts';
import { createS3Calls } from './s3-call.ts';
import {
  createS3Clients,
  defaultConnectTimeoutMs,
  defaultCopyTimeoutMs,
  defaultRequestTimeoutMs,
  type S3Settings,
} from './s3-clients.ts';
import { copyObject, openObject } from './s3-copy.ts';
import { isMissingObject } from './s3-errors.ts';
import { listObjects } from './s3-list.ts';
import { putBytes, putObject, putStream } from './s3-put.ts';
import { readObjectRange } from './s3-read.ts';
import { type ObjectDescription, type ObjectStorage, StorageError } from './storage.ts';

export type { S3Settings } from './s3-clients.ts';

export interface S3Storage extends ObjectStorage {
  /** Long-lived client on the public endpoint, only for signing. */
  readonly signingClient: S3Client;
  /** HeadBucket. Throws a `StorageError` whose message names the cause: missing bucket, refused credentials, wrong region. */
  bucketReachable(): Promise<void>;
  /** Ends what is running and closes the connections. */
  close(): void;
}

/** A body gets this much time beside the request's own; a slower connection to the storage counts as broken. */
const minTransferBytesPerSecond = 1_048_576;
/** A call that may be repeated ends after this many times the limit of one attempt: a second attempt still fits. */
const attemptsWithinDeadline = 2;

/**
 * `ObjectStorage` over the S3 API.
 *
 * A conditional `put` of bytes may be sent again by the SDK after a failure without answer. If the first had been carried
 * out, the second is refused: `precondition_failed` therefore means "unclear whose", and the caller reads the object again.
 */
export function createS3Storage(settings: S3Settings): S3Storage {
  const { bucket } = settings;
  const clients = createS3Clients(settings);
  const calls = createS3Calls();
  const connectTimeoutMs = settings.connectTimeoutMs ?? defaultConnectTimeoutMs;
  const requestTimeoutMs = settings.requestTimeoutMs ?? defaultRequestTimeoutMs;
  const copyTimeoutMs = settings.copyTimeoutMs ?? defaultCopyTimeoutMs;
  const repeatableDeadlineMs = attemptsWithinDeadline * requestTimeoutMs;

  return {
    signingClient: clients.signing,

    async readRange(key, start, length) {
      assertRange(start, length);
      const deadlineMs = repeatableDeadlineMs + transferMs(length);
      return calls.run({ operation: 'read', deadlineMs }, (signal) =>
        readObjectRange({ client: clients.retrying, bucket, key }, start, length, signal),
      );
    },

    async put(key, body, options) {
      assertMetadata(options);
      const sentOnce = !(body instanceof Uint8Array);
      const timeoutMs = requestTimeoutMs + transferMs(sentOnce ? body.bytes : body.byteLength);
      const deadlineMs = sentOnce ? connectTimeoutMs + timeoutMs : attemptsWithinDeadline * timeoutMs;
      return calls.run({ operation: 'put', deadlineMs, conditional: options.onlyIfAbsent ?? false }, (signal) =>
        putObject(clients, { bucket, key, options, timeoutMs }, body, signal),
      );
    },

    async copy(sourceKey, targetKey, options) {
      assertMetadata(options);
      const target = { client: clients.once, bucket, sourceKey, targetKey, options, timeoutMs: copyTimeoutMs };
      return calls.run({ operation: 'copy', deadlineMs: copyTimeoutMs, copy: true }, (signal) =>
        copyObject(target, signal),
      );
    },

    async copyByStreaming(sourceKey, targetKey, options) {
      assertMetadata(options);
      const startedMs = performance.now();
      const source = await calls.run({ operation: 'read', deadlineMs: repeatableDeadlineMs }, (signal) =>
        openObject(clients.retrying, { bucket, key: sourceKey }, signal),
      );
      if (!source) return null;
      try {
        // A process that slept past the deadline may hear of the answer before its timer does.
        if (performance.now() - startedMs > repeatableDeadlineMs) throw new StorageError('timeout', 'read');
        const timeoutMs = requestTimeoutMs + transferMs(source.bytes);
        const target = { bucket, key: targetKey, options, timeoutMs };
        await calls.run({ operation: 'put', deadlineMs: connectTimeoutMs + timeoutMs }, (signal) =>
          source.bytes === 0
            ? putBytes(clients.once, target, new Uint8Array(0), signal)
            : putStream(clients.once, target, source, signal),
        );
        return 'copied';
      } finally {
        source.stream.destroy();
      }
    },

    delete(key) {
      return calls.run({ operation: 'delete', deadlineMs: repeatableDeadlineMs }, async (signal) => {
        try {
          await clients.retrying.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal });
        } catch (error) {
          if (!isMissingObject(error)) throw error;
        }
      });
    },

    list(options) {
      const listing = { client: clients.retrying, bucket };
      return listObjects(listing, options, (work) =>
        calls.run({ operation: 'list', deadlineMs: repeatableDeadlineMs }, work),
      );
    },

    presignGet(key, expiresInSeconds) {
      const command = new GetObjectCommand({ Bucket: bucket, Key: key });
      // The presigner, unlike the client's own calls, reads this machine's clock uncorrected.
      const signingDate = new Date(Date.now() + clients.signing.config.systemClockOffset);
      return getSignedUrl(clients.signing, command, { expiresIn: expiresInSeconds, signingDate });
    },

    bucketReachable() {
      return calls.run({ operation: 'check', deadlineMs: repeatableDeadlineMs }, (signal) =>
        checkBucket(clients.retrying, settings, signal),
      );
    },

    close() {
      calls.close();
      clients.destroy();
    },
  };
}

function transferMs(bytes: number): number {
  return Math.ceil((bytes / minTransferBytesPerSecond) * 1_000);
}

function assertRange(start: number, length: number): void {
  if (!Number.isSafeInteger(start) || start < 0)
    throw new RangeError(`start must be a whole number from 0, not ${start}`);
  if (!Number.isSafeInteger(length) || length < 1) {
    throw new RangeError(`length must be a whole number from 1, not ${length}`);
  }
}

/** Anything else would arrive changed: servers trim spaces, fold case and encode other characters each in their own way. */
function assertMetadata({ metadata }: ObjectDescription): void {
  for (const [name, value] of Object.entries(metadata)) {
    if (!/^[a-z0-9-]+$/.test(name)) throw new TypeError(`metadata name ${JSON.stringify(name)}: use a-z, 0-9 and "-"`);
    if (!/^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(value)) {
      throw new TypeError(`metadata "${name}": use printable ASCII, with single spaces inside only`);
    }
  }
}
