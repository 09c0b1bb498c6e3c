import { type ListImagesAnswer, ListImagesQuery } from '@kuanary/shared/contract';
import type { RequestHandler } from 'express';
import type { Access } from '../access/authorise.ts';
import type { ObjectStorage } from '../storage/storage.ts';
import type { CommitRecords } from '../uploads/commit-record.ts';
import { listImages as findImages } from '../uploads/find-image.ts';
import { credentialsOf } from './credentials.ts';

export interface ListImagesParts {
  access: Access;
  storage: ObjectStorage;
  records: CommitRecords;
}

/** `GET /images`: the committed images in the order of their names, a page at a time. */
export function listImages({ access, storage, records }: ListImagesParts): RequestHandler {
  return async (request, response) => {
    access.requireApiKey(credentialsOf(request));
    const page = ListImagesQuery.parse({ ...request.query });
    const { images, next } = await findImages(storage, records, page);
    const answer: ListImagesAnswer = {
      images: images.map((image) => ({ ...image, lastModified: image.lastModified.toISOString() })),
      ...(next === undefined ? {} : { next }),
    };
    response.set('Cache-Control', 'no-store').json(answer);
  };
}
