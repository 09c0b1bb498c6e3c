import { imageFilenamePattern } from '@kuanary/shared/contract';
import type { RequestHandler } from 'express';
import { AppError } from '../errors.ts';
import type { PresetStore } from '../images/preset-store.ts';
import type { PresetUrls } from '../images/preset-urls.ts';

const keptSeconds = 3600;

/** `GET /i/:preset/:filename`: an address that survives new keys and edited presets. It asks the storage nothing. */
export function followLink(
  presets: PresetStore,
  presetUrls: PresetUrls,
): RequestHandler<{ preset: string; filename: string }> {
  return (request, response) => {
    const { preset, filename } = request.params;
    if (!imageFilenamePattern.test(filename)) throw new AppError('image_not_found');
    if (!presets.current().compiled.has(preset)) throw new AppError('not_found', 'There is no preset of that name.');
    response
      .set('Cache-Control', `public, max-age=${keptSeconds}`)
      .redirect(302, presetUrls.imageUrl(preset, filename));
  };
}
