import { type ObjectStorage, StorageError } from '../../src/storage/storage.ts';
import type { BucketModel, StoredObject } from './bucket-model.ts';
import type { CallScheduler, Process } from './call-scheduler.ts';
import type { CallKind } from './weather.ts';

/** What a storage call is for: it names the step of the protocol together with the call. */
export type Role = 'commit' | 'receive' | 'delete' | 'show' | 'sweep';

export interface StorageView {
  process: Process;
  role: Role;
  copySupported: boolean;
  /** Hears what a read found, at the moment it is carried out. */
  onRead?: (key: string, object: StoredObject | undefined) => void;
  /** Hears what a copy found, likewise. */
  onCopied?: (key: string, source: StoredObject) => void;
}

/** As the storage promises: a process that slept after reading does not write any more. */
const writesWithinMs = 60_000;

/** The storage as one process sees it: each call is carried out when the scheduler says so, and ends as it says. */
export function createSimulatedStorage(
  scheduler: Pick<CallScheduler, 'call'>,
  bucket: BucketModel,
  { process, role, copySupported, onCopied, onRead }: StorageView,
): ObjectStorage {
  function call<T>(operation: string, key: string, kind: CallKind, effect: () => T): Promise<T> {
    return scheduler.call(process, `${role}: ${operation} ${kindOf(key)}`, kind, effect);
  }

  function readSource(key: string): StoredObject | null {
    const source = bucket.get(key);
    if (source !== undefined) onCopied?.(key, source);
    return source ?? null;
  }

  return {
    readRange: (key, start, length) =>
      call('read', key, 'read', () => {
        onRead?.(key, bucket.get(key));
        return bucket.readRange(key, start, length);
      }),

    put: (key, body, options) => {
      if (!(body instanceof Uint8Array)) throw new TypeError('the simulated storage takes bytes, not files');
      // The product sends a file once; it stands for one here.
      const kind = kindOf(key) === 'image' ? 'write-once' : 'write-retried';
      const operation = options.onlyIfAbsent === true ? 'put new' : 'put';
      return call(operation, key, kind, () => bucket.put(key, body, options, options.onlyIfAbsent));
    },

    copy: (sourceKey, targetKey, options) =>
      call('copy', targetKey, 'write-once', () => {
        if (!copySupported) throw new StorageError('copy_unsupported', 'copy');
        const source = readSource(sourceKey);
        if (source === null) return null;
        bucket.put(targetKey, source.bytes, options);
        return 'copied';
      }),

    copyByStreaming: async (sourceKey, targetKey, options) => {
      const beganMs = bucket.nowMs();
      const source = await call('open', sourceKey, 'read', () => readSource(sourceKey));
      if (source === null) return null;
      if (bucket.nowMs() - beganMs > writesWithinMs) throw new StorageError('timeout', 'stream');
      await call('stream', targetKey, 'write-once', () => bucket.put(targetKey, source.bytes, options));
      return 'copied';
    },

    delete: (key) => call('delete', key, 'write-retried', () => bucket.delete(key)),

    list: (options) => call('list', options.prefix ?? '', 'read', () => bucket.list(options)),

    presignGet: () => Promise.reject(new Error('the commit protocol signs nothing')),
  };
}

function kindOf(key: string): 'incoming' | 'attempt' | 'record' | 'image' {
  if (key.startsWith('tmp/incoming/')) return 'incoming';
  if (key.startsWith('tmp/attempts/')) return 'attempt';
  return key.startsWith('tmp/commits/') ? 'record' : 'image';
}
