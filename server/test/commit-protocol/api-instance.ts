import type { CommittedImage } from '../../src/uploads/commit-record.ts';
import type { BucketModel } from './bucket-model.ts';
import type { CallScheduler, Process } from './call-scheduler.ts';
import type { Protocol } from './protocol-under-test.ts';
import { createSimulatedStorage, type Role } from './simulated-storage.ts';
import { receivedContent, signedBytes } from './tiny-pictures.ts';

/** One running copy of the API, made of the code under test. */
export interface ApiInstance extends Process {
  /** `since` is the moment at which the run began that this call shares. */
  complete(uploadId: string): { since: number; image: Promise<CommittedImage> };
  receive(onUploadId: (uploadId: string) => void): Promise<CommittedImage>;
  deleteImage(filename: string, onlyOfUploadId: string | undefined): Promise<void>;
  sweep(): Promise<unknown>;
}

export interface ApiInstanceParts {
  protocol: Protocol;
  scheduler: CallScheduler;
  bucket: BucketModel;
  promote: 'copy' | 'stream';
  copySupported: boolean;
  newId: () => string;
  note: (what: string) => void;
}

const limits = { maxPixels: 1_000_000, maxSide: 1000, allowedFormats: new Set(['png', 'gif'] as const) };

export function createApiInstance(name: string, parts: ApiInstanceParts): ApiInstance {
  const { protocol, scheduler, bucket, copySupported, note } = parts;
  const process: Process = { name, alive: true };
  const firstReads = new Map<string, Uint8Array | undefined>();
  const runsBegun = new WeakMap<Promise<CommittedImage>, number>();

  const storageFor = (role: Role) =>
    createSimulatedStorage(scheduler, bucket, {
      process,
      role,
      copySupported,
      onRead: (key, object) => firstReads.set(key, object?.bytes),
      onCopied: (key, source) => {
        if (firstReads.get(key) !== source.bytes) note('the policy was used again between read and copy');
      },
    });
  const committerFor = (role: Role, newId: () => string) => {
    const storage = storageFor(role);
    const records = protocol.createCommitRecords(storage, 'conditional-put');
    const { promote } = parts;
    const onCopyUnsupported = (): void => note('copy unsupported');
    const monotonicMs = bucket.nowMs;
    const committer = protocol.createUploadCommitter({
      storage,
      records,
      limits,
      promote,
      monotonicMs,
      newId,
      onCopyUnsupported,
    });
    return { storage, committer };
  };
  const { committer } = committerFor('commit', parts.newId);
  const deleterStorage = storageFor('delete');
  const deleter = protocol.createImageDeleter(
    deleterStorage,
    protocol.createCommitRecords(deleterStorage, 'conditional-put'),
  );

  return Object.assign(process, {
    complete: (uploadId: string) => {
      const image = committer.commit({ uploadId, bytes: signedBytes });
      const since = runsBegun.get(image) ?? bucket.moment();
      runsBegun.set(image, since);
      return { since, image };
    },
    receive: (onUploadId: (uploadId: string) => void) => {
      // The first id that is asked for is the upload's.
      let isFirst = true;
      const receiver = committerFor('receive', () => {
        const id = parts.newId();
        if (isFirst) onUploadId(id);
        isFirst = false;
        return id;
      });
      return receiver.committer.commitReceived(receivedContent.facts, (filename, description) =>
        receiver.storage.put(filename, receivedContent.bytes, description),
      );
    },
    deleteImage: (filename: string, onlyOfUploadId: string | undefined) =>
      deleter.deleteImage(filename, onlyOfUploadId),
    sweep: () => {
      const storage = storageFor('sweep');
      return protocol.sweepUploads(storage, protocol.createCommitRecords(storage, 'conditional-put'));
    },
  });
}
