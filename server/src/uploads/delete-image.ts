import { AppError } from '../errors.ts';
import { uploadIdOf } from '../images/image-metadata.ts';
import type { ObjectStorage } from '../storage/storage.ts';
import type { CommitRecord, CommitRecords } from './commit-record.ts';
import { attemptKey, parseImageNonce } from './object-keys.ts';

export interface ImageDeleter {
  /**
   * Deletes an image for good: first its commit record says so, then the object goes. After anything but success the
   * call is to be repeated, and finishes then.
   *
   * @param onlyOfUploadId when given, the image must have been made by this upload
   * @throws AppError `image_not_found` for what is not a committed image; StorageError
   */
  deleteImage(filename: string, onlyOfUploadId?: string): Promise<void>;
}

export function createImageDeleter(storage: ObjectStorage, records: CommitRecords): ImageDeleter {
  async function deleteImage(filename: string, onlyOfUploadId?: string): Promise<void> {
    const object = await storage.readRange(filename, 0, 1);
    if (object === null) {
      if (onlyOfUploadId !== undefined && (await wasDeleted(onlyOfUploadId, filename))) return;
      throw new AppError('image_not_found');
    }
    const uploadId = uploadIdOf(object.metadata);
    if (onlyOfUploadId !== undefined && uploadId !== onlyOfUploadId) throw new AppError('image_not_found');
    if (uploadId !== undefined) await markDeleted(uploadId, filename);
    await storage.delete(filename);
  }

  async function markDeleted(uploadId: string, filename: string): Promise<void> {
    const attempted = await isAttemptRunning(uploadId, filename);
    const record = await records.read(uploadId);
    // No attempt and no record: an image whose record has expired, unless it is a copy that was withdrawn since it was read.
    const unknown = record === null && (attempted || (await storage.readRange(filename, 0, 1)) === null);
    if (unknown || (record !== null && !isNamedBy(record, filename))) throw new AppError('image_not_found');
    if (record === null || !('deleted' in record)) await records.overwrite(uploadId, { deleted: true, filename });
  }

  async function isAttemptRunning(uploadId: string, filename: string): Promise<boolean> {
    const nonce = parseImageNonce(filename);
    return nonce !== null && (await storage.readRange(attemptKey(uploadId, nonce), 0, 1)) !== null;
  }

  async function wasDeleted(uploadId: string, filename: string): Promise<boolean> {
    const record = await records.read(uploadId);
    return record !== null && 'deleted' in record && record.filename === filename;
  }

  return { deleteImage };
}

function isNamedBy(record: CommitRecord, filename: string): boolean {
  return 'filename' in record && record.filename === filename;
}
