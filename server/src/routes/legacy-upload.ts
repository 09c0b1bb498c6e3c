import type { LegacyUploadAnswer } from '@kuanary/shared/contract';
import type { Request, RequestHandler } from 'express';
import type { Access } from '../access/authorise.ts';
import type { ImageLimits } from '../images/image-header.ts';
import type { PresetStore } from '../images/preset-store.ts';
import type { PresetUrls } from '../images/preset-urls.ts';
import { readSpooledImageFacts } from '../images/read-spooled-image-facts.ts';
import type { ObjectStorage } from '../storage/storage.ts';
import type { UploadCommitter } from '../uploads/commit-upload.ts';
import type { FormUpload, UploadSpool } from '../uploads/receive-form-upload.ts';
import { credentialsOf } from './credentials.ts';

export interface LegacyUploadParts {
  access: Access;
  spool: UploadSpool;
  limits: ImageLimits;
  storage: ObjectStorage;
  committer: UploadCommitter;
  presets: PresetStore;
  presetUrls: PresetUrls;
}

/** `POST /upload`: a form with one file, as of old. The file is spooled and verified before the storage sees a byte of it. */
export function legacyUpload(parts: LegacyUploadParts): RequestHandler {
  return async (request, response) => {
    const uploader = parts.access.authoriseFormUpload(credentialsOf(request));
    const upload = await parts.spool.receive(request, { maxFileBytes: uploader.maxBytes });
    try {
      const preset = chosenPreset(request, upload);
      if (preset !== undefined) parts.presetUrls.assertKnown([preset]);
      const verified = await readSpooledImageFacts(upload, parts.limits);

      const { filename, facts } = await parts.committer.commitReceived(verified, (key, description) =>
        parts.storage.put(key, { file: upload.file, bytes: upload.bytes }, description),
      );

      const addresses = parts.presetUrls.addressesOf(filename, parts.presets.current().names);
      const answer: LegacyUploadAnswer = {
        success: true,
        filename,
        ...addresses,
        url: preset === undefined ? addresses.url : parts.presetUrls.imageUrl(preset, filename),
        image: facts,
        ...(upload.clientFilename === undefined ? {} : { originalFilename: upload.clientFilename }),
      };
      response.set('Cache-Control', 'no-store').json(answer);
    } finally {
      await upload.discard();
    }
  };
}

/** The form's field wins over the query. */
function chosenPreset(request: Request, upload: FormUpload): string | undefined {
  const { preset } = request.query;
  const chosen = upload.preset === undefined || upload.preset === '' ? preset : upload.preset;
  // A select field that nobody touched sends an empty text.
  return typeof chosen === 'string' && chosen !== '' ? chosen : undefined;
}
