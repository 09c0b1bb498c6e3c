import type { ImageFormat } from '@kuanary/shared/contract';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { foreignFiles } from '../../test/support/foreign-files.ts';
import { factsOf, limits, refusalOf, sourceOf } from '../../test/support/header-source.ts';
import { minimalHeic } from '../../test/support/sample-containers.ts';
import {
  alphaPng,
  animatedGif,
  animatedPng,
  animatedWebp,
  avif,
  cameraJpeg,
  jpegOfBytes,
  jpegSegment,
  noise,
  orientedPng,
  pixelFloodJpeg,
  pixelFloodPng,
  plainJpeg,
  polyglots,
  stillGif,
  webp,
} from '../../test/support/sample-images.ts';
import { firstReadBytes, maxHeaderBytes, readImageHeader } from './image-header.ts';

const orientations = [1, 2, 3, 4, 5, 6, 7, 8];

describe('readImageHeader', () => {
  it('reads a JPEG, a PNG, a GIF, a WebP, an AVIF and a HEIC', async () => {
    const size = { width: 40, height: 30 };
    const files = {
      jpeg: await plainJpeg(size),
      png: await alphaPng(size),
      gif: await stillGif(size),
      webp: await webp(size),
      avif: await avif(size),
      heic: minimalHeic(size),
    };
    for (const [format, file] of Object.entries(files)) {
      expect(await factsOf(file)).toEqual({ ...size, format, bytes: file.length, animated: false });
    }
  });

  it('reads nothing more when the caller has the first bytes already and they are enough', async () => {
    const file = await plainJpeg({ width: 40, height: 30 });
    const source = sourceOf(file);
    expect(await readImageHeader(source, limits, file.subarray(0, firstReadBytes))).toMatchObject({ width: 40 });
    expect(source.reads).toBe(0);
  });

  it('reads 64 KiB of a large file and no more', async () => {
    const source = sourceOf(await jpegOfBytes(3_000_000));
    expect(await readImageHeader(source, limits)).toMatchObject({ width: 640, height: 480, bytes: 3_000_000 });
    expect(source).toMatchObject({ reads: 1, bytesRead: firstReadBytes });
  });

  it('passes on what the source throws', async () => {
    const broken = { totalBytes: 100, read: () => Promise.reject(new Error('storage is down')) };
    await expect(readImageHeader(broken, limits)).rejects.toThrow('storage is down');
  });

  it('takes a source that ends early for a truncated file', async () => {
    const source = { totalBytes: 1000, read: async () => Buffer.from('\x89PNG\r\n\x1a\n', 'latin1') };
    await expect(readImageHeader(source, limits)).rejects.toMatchObject({ code: 'truncated' });
  });
});

describe('detection', () => {
  it.each(Object.entries(foreignFiles))('refuses %s', async (_name, file) => {
    const error = await refusalOf(file);
    expect(error.code).toBe('unsupported_content');
    expect(error.message).toContain('JPEG, PNG, GIF, WebP, AVIF, HEIC');
  });

  it('refuses a format that this server does not accept, naming it and the accepted ones', async () => {
    const strict = { ...limits, allowedFormats: new Set<ImageFormat>(['jpeg', 'webp']) };
    const error = await refusalOf(minimalHeic({ width: 40, height: 30 }), strict);
    expect(error.code).toBe('unsupported_content');
    expect(error.message).toMatch(/^HEIC pictures are not accepted here\. Accepted formats: JPEG, WebP\./);
  });

  it('refuses an empty file', async () => {
    expect((await refusalOf(Buffer.alloc(0))).code).toBe('empty_file');
  });

  it.each([
    ['heic', 'heic', ['mif1', 'heic'], false],
    ['heic', 'heix', ['mif1'], false],
    ['heic', 'mif1', ['mif1', 'heic'], false],
    ['heic', 'msf1', ['mif1', 'hevc'], true],
    ['heic', 'hevc', ['msf1', 'hevc', 'mif1', 'heic'], true],
    ['avif', 'avif', ['mif1', 'miaf'], false],
    ['avif', 'mif1', ['miaf', 'avif', 'heic'], false],
    ['avif', 'avis', ['avif', 'avis', 'msf1', 'mif1'], true],
  ] as const)(
    'takes %s from the brand %s with %j, animated: %s',
    async (format, majorBrand, compatibleBrands, animated) => {
      const file = minimalHeic({ width: 40, height: 30, majorBrand, compatibleBrands: [...compatibleBrands] });
      expect(await factsOf(file)).toMatchObject({ format, animated, width: 40, height: 30 });
    },
  );

  it('takes polyglots for the picture that they are', async () => {
    for (const { file } of await polyglots()) {
      expect(await factsOf(file)).toMatchObject({ width: 32, height: 24 });
    }
  });
});

describe('sides', () => {
  it.each(orientations)('are as displayed for EXIF orientation %i', async (orientation) => {
    const sample = { width: 40, height: 30, orientation };
    const displayed = orientation >= 5 ? { width: 30, height: 40 } : { width: 40, height: 30 };
    expect(await factsOf(await cameraJpeg(sample))).toMatchObject(displayed);
    expect(await factsOf(await orientedPng(sample))).toMatchObject(displayed);
    expect(await factsOf(await webp(sample))).toMatchObject(displayed);
    expect(await factsOf(await avif(sample))).toMatchObject(displayed);
  });

  it('reads EXIF in both byte orders, and takes damaged EXIF for none', async () => {
    const picture = await plainJpeg({ width: 40, height: 30 });
    const withExif = (tiff: string) =>
      factsOf(
        Buffer.concat([
          picture.subarray(0, 2),
          jpegSegment(0xe1, Buffer.from(`Exif\0\0${tiff}`, 'latin1')),
          picture.subarray(2),
        ]),
      );
    const onItsSide = { width: 30, height: 40 };
    const upright = { width: 40, height: 30 };
    expect(await withExif('MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0')).toMatchObject(onItsSide);
    expect(await withExif('II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0')).toMatchObject(onItsSide);
    expect(await withExif('II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x63\0\0\0')).toMatchObject(upright);
    expect(await withExif('II*\0\xff\xff\xff\xff\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0')).toMatchObject(upright);
    expect(await withExif('II*\0\x08\0\0\0\xff\xff\x10\x01\x03\0\x01\0\0\0\x06\0\0\0')).toMatchObject(upright);
    expect(await withExif('short')).toMatchObject(upright);
  });

  it('of a HEIC are those of the primary item, cropped and turned in that order', async () => {
    const sample = { width: 4032, height: 3024, tiles: 48 };
    expect(await factsOf(minimalHeic(sample))).toMatchObject({ width: 4032, height: 3024 });
    expect(await factsOf(minimalHeic({ ...sample, quarterTurns: 3 }))).toMatchObject({ width: 3024, height: 4032 });
    expect(await factsOf(minimalHeic({ ...sample, quarterTurns: 2 }))).toMatchObject({ width: 4032, height: 3024 });
    const cropped = minimalHeic({ ...sample, crop: { width: 4000, height: 3000 }, quarterTurns: 1 });
    expect(await factsOf(cropped)).toMatchObject({ width: 3000, height: 4000 });
  });

  it('of a HEIC are found behind its picture data too', async () => {
    const file = minimalHeic({ width: 400, height: 300, dataFirst: true, data: noise(500_000) });
    const source = sourceOf(file);
    expect(await readImageHeader(source, limits)).toMatchObject({ width: 400, height: 300 });
    expect(source.reads).toBe(2);
  });

  it('of a GIF grow with its first frame, as decoders have it', async () => {
    const gif = await stillGif({ width: 40, height: 30 });
    gif.writeUInt16LE(1, 6);
    expect(await factsOf(gif)).toMatchObject({ width: 40, height: 30 });
  });

  it('of a JPEG with two frame headers are those of the first', async () => {
    const picture = await plainJpeg({ width: 40, height: 30 });
    const frame = picture.indexOf(Buffer.from([0xff, 0xc0]));
    const length = 2 + picture.readUInt16BE(frame + 2);
    const second = Buffer.from(picture.subarray(frame, frame + length));
    second.writeUInt16BE(9999, 5);
    const file = Buffer.concat([picture.subarray(0, frame + length), second, picture.subarray(frame + length)]);
    expect(await factsOf(file)).toMatchObject({ width: 40, height: 30 });
  });

  it('of a JPEG are found behind stray and fill bytes', async () => {
    const picture = await plainJpeg({ width: 40, height: 30 });
    const stray = Buffer.from([0, 0, 0xff, 0xff, 0xff, 0x00, 0x13]);
    expect(
      await factsOf(Buffer.concat([picture.subarray(0, 2), picture.subarray(2, 20), stray, picture.subarray(20)])),
    ).toMatchObject({ width: 40, height: 30 });
  });

  it.each([
    ['width', 0, 10],
    ['height', 10, 0],
  ])('of zero (%s) are refused', async (_side, width, height) => {
    expect((await refusalOf(pixelFloodPng({ width, height }))).code).toBe('unsupported_content');
    expect((await refusalOf(await pixelFloodJpeg({ width, height }))).code).toBe('unsupported_content');
    expect((await refusalOf(minimalHeic({ width, height }))).code).toBe('unsupported_content');
  });

  it('beyond the limits are refused with both numbers, from the header alone', async () => {
    const flood = await refusalOf(pixelFloodPng({ width: 50_000, height: 50_000 }));
    expect(flood.code).toBe('image_too_large');
    expect(flood.message).toBe(
      'The picture is 50000 × 50000 pixels. At most 50000000 pixels in all and 16384 on a side are accepted. ' +
        'Make it smaller and upload that.',
    );
    expect((await refusalOf(await pixelFloodJpeg({ width: 65_535, height: 65_535 }))).code).toBe('image_too_large');
    expect((await refusalOf(pixelFloodPng({ width: 2 ** 32 - 1, height: 2 ** 32 - 1 }))).code).toBe('image_too_large');
  });

  it('at the limits are accepted, one pixel more is not', async () => {
    const exact = { ...limits, maxPixels: 100 * 50, maxSide: 100 };
    const file = (width: number, height: number) => sourceOf(pixelFloodPng({ width, height }));
    expect(await readImageHeader(file(100, 50), exact)).toMatchObject({ width: 100, height: 50 });
    await expect(readImageHeader(file(100, 51), exact)).rejects.toMatchObject({ code: 'image_too_large' });
    await expect(readImageHeader(file(101, 1), exact)).rejects.toMatchObject({ code: 'image_too_large' });
  });
});

describe('animated', () => {
  const size = { width: 24, height: 16 };

  it('is true for animations and false for stills', async () => {
    for (const file of [await animatedGif(size, 3), await animatedWebp(size, 3), await animatedPng(size, 3)]) {
      expect(await factsOf(file)).toMatchObject({ ...size, animated: true });
    }
    for (const file of [await animatedGif(size, 1), await stillGif(size), await webp(size), await webp(size, true)]) {
      expect(await factsOf(file)).toMatchObject({ ...size, animated: false });
    }
  });

  it('follows the looping extension of a GIF whose second frame is out of reach', async () => {
    const picture = sharp(noise(480 * 400 * 3), { raw: { width: 480, height: 400, channels: 3 } });
    const still = await picture.gif({ effort: 1 }).toBuffer();
    expect(still.length).toBeGreaterThan(maxHeaderBytes);
    const firstBlock = 13 + 3 * 2 ** (((still[10] ?? 0) & 7) + 1);
    const looping = Buffer.from('\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0', 'latin1');
    const animation = Buffer.concat([still.subarray(0, firstBlock), looping, still.subarray(firstBlock)]);
    const source = sourceOf(animation);
    expect(await readImageHeader(source, limits)).toMatchObject({ width: 480, height: 400, animated: true });
    expect(source).toMatchObject({ reads: 2, bytesRead: maxHeaderBytes });
    expect(await factsOf(still)).toMatchObject({ width: 480, height: 400, animated: false });
  });
});
