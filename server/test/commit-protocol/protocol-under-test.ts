import { createCommitRecords } from '../../src/uploads/commit-record.ts';
import { createUploadCommitter } from '../../src/uploads/commit-upload.ts';
import { createImageDeleter } from '../../src/uploads/delete-image.ts';
import { findImage, listImages } from '../../src/uploads/find-image.ts';
import { sweepUploads } from '../../src/uploads/sweep-uploads.ts';

/** The functions that make up the protocol: the real ones, or a weakened copy of some of them. */
export interface Protocol {
  createCommitRecords: typeof createCommitRecords;
  createUploadCommitter: typeof createUploadCommitter;
  createImageDeleter: typeof createImageDeleter;
  findImage: typeof findImage;
  listImages: typeof listImages;
  sweepUploads: typeof sweepUploads;
}

export const realProtocol: Protocol = {
  createCommitRecords,
  createUploadCommitter,
  createImageDeleter,
  findImage,
  listImages,
  sweepUploads,
};
