import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { factsOf } from '../../test/support/header-source.ts';
import {
  alphaPng,
  animatedGif,
  animatedWebp,
  avif,
  cameraJpeg,
  cmykJpeg,
  deepPng,
  orientedPng,
  phoneJpeg,
  plainJpeg,
  progressiveJpeg,
  stillGif,
  webp,
} from '../../test/support/sample-images.ts';

const orientations = [1, 2, 3, 4, 5, 6, 7, 8];

describe('readImageHeader against sharp', () => {
  const makers: Record<string, (size: { width: number; height: number; orientation: number }) => Promise<Buffer>> = {
    camera: cameraJpeg,
    plain: plainJpeg,
    progressive: progressiveJpeg,
    cmyk: cmykJpeg,
    phone: (size) => phoneJpeg(size),
    alpha: alphaPng,
    deep: deepPng,
    'oriented png': orientedPng,
    gif: stillGif,
    'animated gif': (size) => animatedGif(size, 2),
    webp: (size) => webp(size),
    'lossless webp': (size) => webp(size, true),
    'animated webp': (size) => animatedWebp(size, 2),
    avif,
  };
  const side = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 100, max: 400 }));

  it.each(Object.entries(makers))('agrees on format, displayed sides and animation: %s', async (_name, make) => {
    const sample = fc.record({ width: side, height: side, orientation: fc.constantFrom(...orientations) });
    await fc.assert(
      fc.asyncProperty(sample, async (size) => {
        const file = await make(size);
        const { format, autoOrient, pages = 1, pageHeight } = await sharp(file, { pages: -1 }).metadata();
        expect(await factsOf(file)).toEqual({
          format: format === 'heif' ? 'avif' : format,
          width: autoOrient.width,
          height: pageHeight ?? autoOrient.height,
          bytes: file.length,
          animated: pages > 1,
        });
      }),
      { numRuns: 8 },
    );
  });
});
