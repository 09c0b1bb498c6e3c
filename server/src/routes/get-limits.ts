import type { LimitsAnswer } from '@kuanary/shared/contract';
import type { RequestHandler } from 'express';
import type { Config } from '../config.ts';
import type { PresetStore } from '../images/preset-store.ts';
import type { PresetUrls } from '../images/preset-urls.ts';
import { listMimeTypes } from '../uploads/upload-rules.ts';

const keptSeconds = 300;

/** `GET /limits`: what may be uploaded, so that a page can say it before anybody chooses a file. */
export function getLimits(config: Config, presets: PresetStore, presetUrls: PresetUrls): RequestHandler {
  return (_request, response) => {
    const { uploads, access } = config;
    const { names } = presets.current();
    const answer: LimitsAnswer = {
      types: listMimeTypes(uploads.allowedFormats),
      maxBytes: uploads.maxBytes,
      maxPixels: uploads.maxPixels,
      presets: [...names],
      defaultPreset: presetUrls.defaultPreset(names),
      anonymous: access.anonymousOrigins.length > 0 ? { maxBytes: access.anonymousMaxBytes } : null,
    };
    response.set('Cache-Control', `public, max-age=${keptSeconds}`).json(answer);
  };
}
