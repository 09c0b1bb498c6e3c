import type { ObjectStorage } from '../../src/storage/storage.ts';
import type { CommitRecords, CommittedImage } from '../../src/uploads/commit-record.ts';
import type { BucketModel } from './bucket-model.ts';
import type { CallScheduler, Process } from './call-scheduler.ts';
import type { Protocol } from './protocol-under-test.ts';
import { createSimulatedStorage, type Role } from './simulated-storage.ts';
import { receivedContent, signedBytes } from './tiny-pictures.ts';

/** One running copy of the API, made of the code under test. */
export interface ApiInstance extends Process {
  /** Calls for one upload share a run while it lasts; `since` is the moment at which that run began. */
  complete(uploadId: string): { since: number; image: Promise<CommittedImage> };
  receive(onUploadId: (uploadId: string) => void): Promise<CommittedImage>;
  deleteImage(filename: string, onlyOfUploadId: string | undefined): Promise<void>;
  /** The names on the first page. */
  listImages(): Promise<string[]>;
  /** The name itself, if it is an image's. */
  showImage(filename: string): Promise<string[]>;
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
  const { protocol, bucket, newId } = parts;
  const process: Process = { name, alive: true };
  const runsBegun = new WeakMap<Promise<CommittedImage>, number>();
  const commitAccess = openStorage(process, 'commit', parts);
  const deleteAccess = openStorage(process, 'delete', parts);
  const showAccess = openStorage(process, 'show', parts);
  const sweepAccess = openStorage(process, 'sweep', parts);
  const committer = createCommitter(commitAccess, newId, parts);
  const deleter = protocol.createImageDeleter(deleteAccess.storage, deleteAccess.records);

  return Object.assign(process, {
    complete(uploadId: string) {
      const image = committer.commit({ uploadId, bytes: signedBytes });
      const since = runsBegun.get(image) ?? bucket.moment();
      runsBegun.set(image, since);
      const forget = (): boolean => runsBegun.delete(image);
      image.then(forget, forget);
      return { since, image };
    },
    receive(onUploadId: (uploadId: string) => void) {
      const access = openStorage(process, 'receive', parts);
      // The first id that is asked for is the upload's.
      let ids = 0;
      const reportingId = (): string => {
        const id = newId();
        if (ids === 0) onUploadId(id);
        ids += 1;
        return id;
      };
      return createCommitter(access, reportingId, parts).commitReceived(
        receivedContent.facts,
        (filename, description) => access.storage.put(filename, receivedContent.bytes, description),
      );
    },
    deleteImage: (filename: string, onlyOfUploadId: string | undefined) =>
      deleter.deleteImage(filename, onlyOfUploadId),
    async listImages() {
      const { images } = await protocol.listImages(showAccess.storage, showAccess.records, { limit: 10 });
      return images.map(({ filename }) => filename);
    },
    async showImage(filename: string) {
      await protocol.findImage(showAccess.storage, showAccess.records, filename);
      return [filename];
    },
    sweep: () => protocol.sweepUploads(sweepAccess.storage, sweepAccess.records),
  });
}

interface StorageAccess {
  storage: ObjectStorage;
  records: CommitRecords;
}

function openStorage(process: Process, role: Role, parts: ApiInstanceParts): StorageAccess {
  const { protocol, scheduler, bucket, copySupported, note } = parts;
  const lastRead = new Map<string, Uint8Array | undefined>();
  const storage = createSimulatedStorage(scheduler, bucket, {
    process,
    role,
    copySupported,
    onRead: (key, object) => lastRead.set(key, object?.bytes),
    onCopied: (key, source) => {
      if (lastRead.get(key) !== source.bytes) note('the policy is used again between read and copy');
    },
  });
  return { storage, records: protocol.createCommitRecords(storage, 'conditional-put') };
}

function createCommitter({ storage, records }: StorageAccess, newId: () => string, parts: ApiInstanceParts) {
  const { protocol, bucket, promote, note } = parts;
  const onCopyUnsupported = (): void => note('copy unsupported');
  const monotonicMs = bucket.nowMs;
  return protocol.createUploadCommitter({ storage, records, limits, promote, monotonicMs, newId, onCopyUnsupported });
}
