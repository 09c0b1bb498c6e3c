import type { ImageAnswer } from '@kuanary/shared/contract';
import type { RequestHandler } from 'express';
import type { Access } from '../access/authorise.ts';
import type { PresetStore } from '../images/preset-store.ts';
import type { PresetUrls } from '../images/preset-urls.ts';
import type { ObjectStorage } from '../storage/storage.ts';
import type { CommitRecords } from '../uploads/commit-record.ts';
import { findImage } from '../uploads/find-image.ts';
import { credentialsOf } from './credentials.ts';

export interface GetImageParts {
  access: Access;
  storage: ObjectStorage;
  records: CommitRecords;
  presets: PresetStore;
  presetUrls: PresetUrls;
}

/** `GET /images/:filename`: facts and addresses of one committed image. */
export function getImage(parts: GetImageParts): RequestHandler<{ filename: string }> {
  return async (request, response) => {
    parts.access.requireApiKey(credentialsOf(request));
    const { filename } = request.params;
    const { facts, lastModified } = await findImage(parts.storage, parts.records, filename);
    const answer: ImageAnswer = {
      filename,
      ...parts.presetUrls.addressesOf(filename, parts.presets.current().names),
      lastModified: lastModified.toISOString(),
      image: facts,
    };
    response.set('Cache-Control', 'no-store').json(answer);
  };
}
