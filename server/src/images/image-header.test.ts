import { type ImageFormat, imageFormats } from '@kuanary/shared/contract';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { foreignFiles } from '../../test/support/foreign-files.ts';
import { box, type ContainerSample, minimalHeic } from '../../test/support/sample-containers.ts';
import {
  alphaPng,
  animatedGif,
  animatedPng,
  animatedWebp,
  avif,
  cameraJpeg,
  cmykJpeg,
  cutOff,
  deepPng,
  insertPngChunks,
  jpegOfBytes,
  jpegSegment,
  maxSegmentBytes,
  noise,
  orientedPng,
  phoneJpeg,
  pixelFloodJpeg,
  pixelFloodPng,
  plainJpeg,
  pngChunk,
  polyglots,
  progressiveJpeg,
  stillGif,
  webp,
} from '../../test/support/sample-images.ts';
import { AppError } from '../errors.ts';
import { maxFurtherReads } from './header-reader.ts';
import { type ByteSource, firstReadBytes, maxHeaderBytes, readImageHeader } from './image-header.ts';

const limits = { maxPixels: 50_000_000, maxSide: 16_384, allowedFormats: new Set<ImageFormat>(imageFormats) };

interface CountingSource extends ByteSource {
  reads: number;
  bytesRead: number;
}

function sourceOf(file: Uint8Array): CountingSource {
  return {
    totalBytes: file.length,
    reads: 0,
    bytesRead: 0,
    async read(start, length) {
      const bytes = file.subarray(start, start + length);
      this.reads += 1;
      this.bytesRead += bytes.length;
      return bytes;
    },
  };
}

function factsOf(file: Uint8Array) {
  return readImageHeader(sourceOf(file), limits);
}

async function refusalOf(file: Uint8Array, within = limits): Promise<AppError> {
  try {
    await readImageHeader(sourceOf(file), within);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
}

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

describe('the budget', () => {
  it('reaches the frame header of a phone picture behind 150 kB of metadata', async () => {
    const file = await phoneJpeg({ width: 400, height: 300, orientation: 6 });
    const source = sourceOf(file);
    expect(file.indexOf(Buffer.from([0xff, 0xc0]))).toBeGreaterThan(firstReadBytes);
    expect(await readImageHeader(source, limits)).toMatchObject({ width: 300, height: 400 });
    expect(source.reads).toBeLessThanOrEqual(4);
  });

  it('reaches it behind 2 MB of metadata, in small reads', async () => {
    const source = sourceOf(await phoneJpeg({ width: 400, height: 300 }, 2_000_000));
    expect(await readImageHeader(source, limits)).toMatchObject({ width: 400, height: 300 });
    expect(source.bytesRead).toBeLessThan(maxHeaderBytes);
    expect(source.reads).toBeLessThan(40);
  });

  it('ends at 128 KiB in all: a header behind 16 MB of metadata is too far', async () => {
    const source = sourceOf(await phoneJpeg({ width: 400, height: 300 }, 255 * maxSegmentBytes));
    await expect(readImageHeader(source, limits)).rejects.toMatchObject({ code: 'header_too_far' });
    expect(source.bytesRead).toBeLessThanOrEqual(maxHeaderBytes);
  });

  it('holds for a PNG of 100,000 chunks and for one with a huge colour profile', async () => {
    const png = await alphaPng({ width: 40, height: 30 });
    const chunk = pngChunk('tEXt', Buffer.from('a\0b'));
    const many = sourceOf(
      insertPngChunks(
        png,
        Array.from({ length: 100_000 }, () => chunk),
      ),
    );
    await expect(readImageHeader(many, limits)).rejects.toMatchObject({ code: 'header_too_far' });
    expect(many.bytesRead).toBeLessThanOrEqual(maxHeaderBytes);

    const profile = sourceOf(insertPngChunks(png, [pngChunk('iCCP', noise(5_000_000))]));
    expect(await readImageHeader(profile, limits)).toMatchObject({ width: 40, height: 30 });
    expect(profile.bytesRead).toBeLessThan(firstReadBytes + 2048);
  });

  it('holds for boxes and associations without end', async () => {
    const heic = minimalHeic({ width: 40, height: 30 });
    const typeBytes = heic.readUInt32BE(0);
    const free = Array.from({ length: 30_000 }, () => box('free'));
    const boxes = sourceOf(Buffer.concat([heic.subarray(0, typeBytes), ...free, heic.subarray(typeBytes)]));
    await expect(readImageHeader(boxes, limits)).rejects.toMatchObject({ code: 'header_too_far' });
    expect(boxes.bytesRead).toBeLessThanOrEqual(maxHeaderBytes);
  });
});

describe('files that are cut off', () => {
  it('within the header are truncated, with the picture data begun they are read', async () => {
    const size = { width: 400, height: 300 };
    const files = [
      await plainJpeg(size),
      await alphaPng(size),
      await stillGif(size),
      await webp(size),
      await avif(size),
    ];
    for (const file of [...files, minimalHeic(size)]) {
      // The signature of the AVIF family comes after four bytes of length.
      const signatureBytes = file.subarray(4, 8).equals(Buffer.from('ftyp')) ? 8 : 2;
      for (let bytes = signatureBytes; bytes <= 20; bytes += 1) {
        expect([bytes, (await refusalOf(cutOff(file, bytes))).code]).toEqual([bytes, 'truncated']);
      }
    }
    for (const file of files) {
      expect(await factsOf(cutOff(file, file.length - 20))).toMatchObject(size);
    }
  });

  it('between frame header and scan are truncated JPEGs', async () => {
    const file = await plainJpeg({ width: 400, height: 300 });
    const scan = file.indexOf(Buffer.from([0xff, 0xda]));
    expect((await refusalOf(cutOff(file, scan))).code).toBe('truncated');
    expect(await factsOf(cutOff(file, scan + 10))).toMatchObject({ width: 400, height: 300 });
  });
});

describe('broken headers', () => {
  it.each([
    ['a JPEG without a frame', '\xff\xd8\xff\xda\0\x0c'],
    ['a JPEG that ends at once', '\xff\xd8\xff\xd9'],
    ['a JPEG with a segment of no length', '\xff\xd8\xff\xe0\0\0\0\0\0\0'],
    ['a PNG without an image header', '\x89PNG\r\n\x1a\n\0\0\0\x0dIDAT\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0'],
    ['a GIF without a frame', 'GIF89a\x01\0\x01\0\0\0\0;'],
    ['a WebP without a picture', 'RIFF\x20\0\0\0WEBPICCP\x10\0\0\0'],
    ['a WebP without a start code', 'RIFF\x20\0\0\0WEBPVP8 \x10\0\0\0\0\0\0\0\0\0\x10\0\x10\0'],
    ['a lossless WebP without a signature', 'RIFF\x20\0\0\0WEBPVP8L\x10\0\0\0\0\0\0\0\0\0\x10\0\x10\0'],
    ['a HEIC without a still picture', '\0\0\0\x14ftypheic\0\0\0\0mif1\0\0\0\x08free'],
    ['a HEIC with a box smaller than its head', '\0\0\0\x14ftypheic\0\0\0\0mif1\0\0\0\x03meta'],
  ])('are refused: %s', async (_name, bytes) => {
    const error = await refusalOf(Buffer.from(bytes, 'latin1'));
    expect(error.code).toBe('unsupported_content');
    expect(error.message).toMatch(/^The file starts like an? \w+.* upload that\.$/);
  });

  it('are refused: a HEIC whose primary item has no size', async () => {
    const file = minimalHeic({ width: 40, height: 30 });
    file.write('xxxx', file.lastIndexOf('ispe'), 'latin1');
    expect((await refusalOf(file)).message).toContain('does not say how large its picture is');
  });
});

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

describe('readImageHeader on hostile bytes', () => {
  const codes = ['empty_file', 'unsupported_content', 'truncated', 'header_too_far', 'image_too_large'];

  async function assertBounded(file: Uint8Array): Promise<void> {
    const source = sourceOf(file);
    try {
      const facts = await readImageHeader(source, limits);
      expect(facts.width * facts.height).toBeLessThanOrEqual(limits.maxPixels);
      expect(Math.min(facts.width, facts.height)).toBeGreaterThan(0);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      expect(codes).toContain(error.code);
    }
    expect(source.bytesRead).toBeLessThanOrEqual(maxHeaderBytes);
    expect(source.reads).toBeLessThanOrEqual(1 + maxFurtherReads);
  }

  const heics: ContainerSample[] = [{ tiles: 4, quarterTurns: 1 }, { crop: { width: 30, height: 20 } }].map(
    (extra) => ({
      width: 40,
      height: 30,
      ...extra,
    }),
  );

  it('throws nothing but AppErrors and stays within the budget: mutated headers', async () => {
    const size = { width: 40, height: 30, orientation: 6 };
    const seeds = [
      await cameraJpeg(size),
      await phoneJpeg(size),
      await orientedPng(size),
      await animatedPng(size, 2),
      await animatedGif(size, 3),
      await webp(size),
      await webp({ width: 40, height: 30 }, true),
      await animatedWebp(size, 3),
      await avif(size),
      ...heics.map(minimalHeic),
    ];
    const mutation = fc.record({
      at: fc.oneof(fc.nat(64), fc.nat(700), fc.nat(70_000)),
      bytes: fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 8 }), fc.constantFrom(...edgeValues)),
      insert: fc.boolean(),
    });
    const file = fc
      .tuple(fc.constantFrom(...seeds), fc.array(mutation, { minLength: 1, maxLength: 6 }), fc.option(fc.nat(2000)))
      .map(([seed, mutations, cut]) => {
        const mutated = mutations.reduce(mutate, seed);
        return cut === null ? mutated : mutated.subarray(0, cut);
      });
    await fc.assert(fc.asyncProperty(file, assertBounded), { numRuns: 3000 });
  });

  it('throws nothing but AppErrors and stays within the budget: signatures with random bytes behind them', async () => {
    const starts = ['', '\xff\xd8\xff', '\x89PNG\r\n\x1a\n', 'GIF89a', 'RIFF\0\0\0\0WEBP', '\0\0\0\x18ftypheic'];
    const file = fc
      .tuple(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 300 }))
      .map(([start, rest]) => Buffer.concat([Buffer.from(start, 'latin1'), rest]));
    await fc.assert(fc.asyncProperty(file, assertBounded), { numRuns: 3000 });
  });
});

/** Lengths, counts and offsets where parsers go wrong. */
const edgeValues = [
  Uint8Array.of(0, 0, 0, 0),
  Uint8Array.of(0, 0, 0, 1),
  Uint8Array.of(0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0x7f, 0xff, 0xff, 0xff),
  Uint8Array.of(0, 0),
  Uint8Array.of(0xff, 0xff),
];

function mutate(file: Buffer, { at, bytes, insert }: { at: number; bytes: Uint8Array; insert: boolean }): Buffer {
  const where = at % file.length;
  return Buffer.concat([file.subarray(0, where), bytes, file.subarray(insert ? where : where + bytes.length)]);
}
