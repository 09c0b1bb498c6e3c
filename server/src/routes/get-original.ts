import type { RequestHandler } from 'express';
import type { Access } from '../access/authorise.ts';
import type { ObjectStorage } from '../storage/storage.ts';
import type { CommitRecords } from '../uploads/commit-record.ts';
import { findImage } from '../uploads/find-image.ts';
import { credentialsOf } from './credentials.ts';

const expiresInSeconds = 300;

export interface GetOriginalParts {
  access: Access;
  storage: ObjectStorage;
  records: CommitRecords;
}

/** `GET /images/:filename/original`: sends the holder of an API key to the stored bytes, metadata and all. */
export function getOriginal({ access, storage, records }: GetOriginalParts): RequestHandler<{ filename: string }> {
  return async (request, response) => {
    access.requireApiKey(credentialsOf(request));
    const { filename } = request.params;
    await findImage(storage, records, filename);
    response.set('Cache-Control', 'no-store').redirect(302, await storage.presignGet(filename, expiresInSeconds));
  };
}
