import { uploadIdOf } from '../../src/images/image-metadata.ts';
import type { CommitRecord, CommittedImage } from '../../src/uploads/commit-record.ts';
import { commitKey, parseImageNonce } from '../../src/uploads/object-keys.ts';
import type { SimulatedBucket } from './simulated-bucket.ts';
import { tinyPng } from './tiny-png.ts';

interface CompleteCall {
  succeed(image: CommittedImage): void;
  reject(code: string): void;
}

/** Keeps the books of a schedule: what was answered to whom, and whether the bucket agrees. */
export interface Ledger {
  beginComplete(name: string): CompleteCall;
  beginDelete(filename: string): { succeed(): void };
  recordFormUpload(image: CommittedImage): void;
  /** Compares the bucket with what has been promised; called after every step. */
  observe(): void;
  /** The last check, after everything has settled. */
  audit(recordOf: (uploadId: string) => CommitRecord | null): void;
  /** The first invariant that was broken, and how; `null` when none was. */
  violation(): string | null;
}

export function createLedger(bucket: SimulatedBucket, uploadId: string): Ledger {
  const promised = new Map<string, Uint8Array>();
  const deletesBegun = new Set<string>();
  const vanishedAt = new Map<string, number>();
  let present = new Set<string>();
  let winner: string | null = null;
  let successSince: number | null = null;
  let deletedSince: number | null = null;
  let committedOnce: string | null = null;
  let moment = 0;
  let violated: string | null = null;

  function violate(what: string): void {
    violated ??= what;
  }

  function promise(image: CommittedImage, begun: number): void {
    const stored = bucket.objects.get(image.filename);
    if (stored === undefined) {
      // A DELETE that ran beside the call may have been quicker; a call that began after the object went has no excuse.
      const vanished = vanishedAt.get(image.filename);
      if (vanished === undefined || vanished < begun) violate(`I1: success for ${image.filename}, which is not there`);
      return;
    }
    if (!isAsAnswered(stored.bytes, image))
      violate(`I2: success for bytes that are not what was answered (${image.filename})`);
    promised.set(image.filename, stored.bytes);
  }

  function beginComplete(name: string): CompleteCall {
    const begun = moment;
    return {
      succeed: (image) => {
        promise(image, begun);
        noteRecord();
        if (committedOnce === null) violate(`I6: ${name} was answered with success before there was a record`);
        if (winner !== null && winner !== image.filename) violate(`I4: two answers, ${winner} and ${image.filename}`);
        if (deletedSince !== null && deletedSince < begun) violate('I4: success after the image was deleted');
        winner = image.filename;
        successSince ??= moment;
      },
      reject: (code) => {
        if (successSince === null || successSince >= begun) return;
        const mayBeGone = winner !== null && deletesBegun.has(winner);
        if (!(code === 'image_deleted' && mayBeGone)) violate(`I4: ${name} was answered ${code} after a success`);
      },
    };
  }

  function beginDelete(filename: string): { succeed(): void } {
    deletesBegun.add(filename);
    return {
      succeed: () => {
        if (bucket.objects.has(filename)) violate(`I1: ${filename} is still there after its DELETE was answered 204`);
        if (filename === winner || filename === committedOnce) deletedSince ??= moment;
      },
    };
  }

  function observe(): void {
    moment += 1;
    for (const [filename, bytes] of promised) {
      const stored = bucket.objects.get(filename);
      if (stored === undefined ? !deletesBegun.has(filename) : stored.bytes !== bytes) {
        violate(
          `I1: ${filename} ${stored === undefined ? 'is gone' : 'has other bytes'} after it was answered with success`,
        );
      }
    }
    const now = new Set(bucket.objects.keys());
    for (const key of present) if (!now.has(key)) vanishedAt.set(key, moment);
    present = now;
    noteRecord();
  }

  function noteRecord(): void {
    const record = bucket.objects.get(commitKey(uploadId));
    if (record !== undefined && committedOnce === null) {
      const { filename, facts } = JSON.parse(new TextDecoder().decode(record.bytes)) as Partial<CommittedImage>;
      if (facts !== undefined && filename !== undefined) committedOnce = filename;
    }
  }

  function audit(recordOf: (uploadId: string) => CommitRecord | null): void {
    for (const [key, object] of bucket.objects) {
      if (key.startsWith('tmp/commits/')) continue;
      const id = uploadIdOf(object.metadata);
      const record = id === undefined ? null : recordOf(id);
      const named = record !== null && 'facts' in record && record.filename === key;
      if (parseImageNonce(key) === null || !named) violate(`I3: ${key} outlived its time`);
    }
    for (const [filename, bytes] of promised) {
      if (!deletesBegun.has(filename) && bucket.objects.get(filename)?.bytes !== bytes)
        violate(`I1: ${filename} was lost in the end`);
    }
    const record = recordOf(uploadId);
    if (winner !== null && (record === null || 'expired' in record || record.filename !== winner)) {
      violate(`I4: the record does not name ${winner}, which was answered with success`);
    }
  }

  return {
    beginComplete,
    beginDelete,
    recordFormUpload: (image) => promise(image, moment),
    observe,
    audit,
    violation: () => violated,
  };
}

function isAsAnswered(bytes: Uint8Array, { facts }: CommittedImage): boolean {
  const expected = tinyPng(facts.width, facts.height, 0);
  return bytes.length === facts.bytes && Buffer.compare(bytes.subarray(0, 33), expected.subarray(0, 33)) === 0;
}
