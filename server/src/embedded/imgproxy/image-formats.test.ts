import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { detectImageFormat, findImageFormat } from './image-formats.ts';

describe('detectImageFormat', () => {
  it('knows what sharp writes', async () => {
    const picture = sharp({ create: { width: 20, height: 20, channels: 3, background: 'red' } });
    for (const format of ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const) {
      expect(detectImageFormat(await picture.clone().toFormat(format).toBuffer()), format).toBe(format);
    }
  });

  it('takes nothing for a picture that only looks a little like one', () => {
    for (const text of ['', 'G', 'GIF8', 'RIFF1234WAVE', 'hello <svgx>', '\x89PNX']) {
      expect(detectImageFormat(Buffer.from(text, 'latin1')), text).toBeUndefined();
    }
  });
});

describe('findImageFormat', () => {
  it('knows jpg by two names, and no capitals or inherited names', () => {
    expect(['jpg', 'jpeg', 'webp'].map(findImageFormat)).toEqual(['jpeg', 'jpeg', 'webp']);
    expect(['WEBP', 'tif', 'best', 'constructor', ''].map(findImageFormat)).toEqual(Array(5).fill(undefined));
  });
});
