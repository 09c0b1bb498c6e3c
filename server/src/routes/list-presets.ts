import type { RequestHandler } from 'express';
import type { PresetStore } from '../images/preset-store.ts';

/** `GET /presets`: exactly the presets document in use. */
export function listPresets(presets: PresetStore): RequestHandler {
  return (_request, response) => {
    const { body, etag } = presets.current();
    response.set({ ETag: etag, 'Cache-Control': 'no-cache' }).type('json').send(body);
  };
}
