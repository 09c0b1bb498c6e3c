import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { quarterAt, quarters } from '../../../test/imgproxy/sample-sources.ts';
import { defaultProcessingOptions, type ProcessingOptions } from './processing-options.ts';
import { type RenderedImage, type RenderLimits, renderImage } from './render-image.ts';

const limits: RenderLimits = { maxSourcePixels: 50_000_000, maxResultSide: 16_384 };
const render = (
  bytes: Buffer,
  options: Partial<ProcessingOptions>,
  limited: Partial<RenderLimits> = {},
): Promise<RenderedImage> =>
  renderImage(
    sharp,
    bytes,
    { ...defaultProcessingOptions(), ...options },
    { ...limits, ...limited },
    Date.now() + 10_000,
  );
const photo = (): Promise<Buffer> => quarters(300, 200).jpeg().toBuffer();

/** The leading bytes of a file, the rest of which no decoder could read. */
const beginning = (signature: string): Buffer => Buffer.from(`${signature}${'\0'.repeat(64)}`, 'latin1');

describe('renderImage', () => {
  it.each([
    ['heic', '\0\0\0\x18ftypheic'],
    ['heic', '\0\0\0\x18ftypmif1'],
    ['jxl', '\xff\x0a'],
    ['bmp', 'BM'],
    ['ico', '\0\0\x01\0'],
    ['svg', '<?xml version="1.0"?><svg width="1">'],
  ])('says of %s that a real imgproxy can decode it', async (format, signature) => {
    const name = format.toUpperCase();
    await expect(render(beginning(signature), {})).rejects.toMatchObject({
      status: 422,
      message: `This imgproxy stand-in cannot decode ${name}; a real imgproxy can. Run one and set IMGPROXY_URL to see this picture.`,
    });
  });

  it('tells a damaged picture from something else', async () => {
    await expect(render(beginning('RIFF....WEBP'), {})).rejects.toMatchObject({
      status: 422,
      message: 'Broken or unsupported image',
    });
    await expect(render(beginning('PK\x03\x04'), {})).rejects.toMatchObject({
      status: 422,
      message: 'Invalid source image',
    });
    const webp = await quarters(300, 200).webp().toBuffer();
    await expect(render(webp.subarray(0, webp.length / 2), { width: 20 })).rejects.toMatchObject({
      message: 'Broken or unsupported image',
    });
  });

  it('refuses sources with too many pixels and results that would take too much memory', async () => {
    await expect(render(await photo(), {}, { maxSourcePixels: 59_999 })).rejects.toMatchObject({
      message: 'Invalid source image',
      detail: 'the picture has 300 × 200 pixels, more than 59999 in all',
    });
    const huge = { width: 15_000, height: 15_000, enlarge: true, resizingType: 'force' } as const;
    await expect(render(await photo(), huge)).rejects.toMatchObject({
      status: 422,
      message: 'This imgproxy stand-in renders at most 100000000 pixels. Ask for a smaller picture.',
    });
  });

  it('scales results down to the longest side allowed', async () => {
    const { bytes } = await render(await photo(), {}, { maxResultSide: 150 });
    expect(await sharp(bytes).metadata()).toMatchObject({ width: 150, height: 100 });
  });

  it('answers 500 where options make a picture impossible', async () => {
    await expect(render(await photo(), { rotate: -90 })).rejects.toMatchObject({
      status: 500,
      message: 'Internal error',
    });
    await expect(render(await photo(), { dpr: Number.NaN, width: 10 })).rejects.toMatchObject({ status: 500 });
    await expect(render(await photo(), { blur: 2000 })).rejects.toMatchObject({ status: 500 });
  });

  it('pads with the background, or with nothing', async () => {
    const padding = { top: 10, right: 20, bottom: 30, left: 40 };
    const padded = await render(await photo(), { padding, format: 'png' });
    expect(await sharp(padded.bytes).metadata()).toMatchObject({ width: 360, height: 240, hasAlpha: true });
    const corner = sharp(padded.bytes).extract({ left: 0, top: 0, width: 1, height: 1 }).raw().toBuffer();
    expect([...(await corner)]).toEqual([0, 0, 0, 0]);
    expect(await quarterAt(padded.bytes, 45, 15)).toBe('nowe');
    const coloured = await render(await photo(), { padding, format: 'png', background: { r: 1, g: 2, b: 3 } });
    expect([
      ...(await sharp(coloured.bytes).extract({ left: 0, top: 0, width: 1, height: 1 }).raw().toBuffer()),
    ]).toEqual([1, 2, 3]);
  });

  it('pixelates in blocks of one colour', async () => {
    const gradient = sharp({ create: { width: 40, height: 40, channels: 3, background: '#000' } }).composite([
      {
        input: Buffer.from('<svg width="20" height="40"><rect width="20" height="40" fill="#fff"/></svg>'),
        left: 5,
        top: 0,
      },
    ]);
    const { bytes } = await render(await gradient.png().toBuffer(), { pixelate: 10, format: 'png' });
    const row = await sharp(bytes).extract({ left: 0, top: 20, width: 40, height: 1 }).greyscale().raw().toBuffer();
    for (let block = 0; block < 4; block += 1) {
      expect(new Set(row.subarray(block * 10, block * 10 + 10)).size, `block ${block}`).toBe(1);
    }
    expect(new Set(row).size).toBeGreaterThan(1);
  });

  it('keeps colour profile and metadata where that is asked for, through every step', async () => {
    const source = await quarters(300, 200)
      .withIccProfile('p3')
      .withExifMerge({ IFD0: { Make: 'CameraMaker' } })
      .jpeg()
      .toBuffer();
    const steps = { width: 100, blur: 1, padding: { top: 5, right: 5, bottom: 5, left: 5 }, rotate: 90 };
    const kept = await render(source, { ...steps, stripMetadata: false, stripColourProfile: false });
    const keptMetadata = await sharp(kept.bytes).metadata();
    expect(keptMetadata.icc).toBeDefined();
    expect(keptMetadata.exif?.includes('CameraMaker')).toBe(true);
    const profiled = await sharp((await render(source, { ...steps, stripColourProfile: false })).bytes).metadata();
    expect(profiled.icc).toBeDefined();
    expect(profiled.exif?.includes('CameraMaker') ?? false).toBe(false);
    const stripped = await sharp((await render(source, steps)).bytes).metadata();
    expect([stripped.icc, stripped.exif]).toEqual([undefined, undefined]);
  });

  it('lowers the quality only as far as it must', async () => {
    const source = await sharp({
      create: {
        width: 300,
        height: 300,
        channels: 3,
        background: '#888',
        noise: { type: 'gaussian', mean: 128, sigma: 60 },
      },
    })
      .png()
      .toBuffer();
    const free = await render(source, { format: 'webp' });
    const fitted = await render(source, { format: 'webp', maxBytes: Math.floor(free.bytes.length * 0.6) });
    expect(fitted.bytes.length).toBeLessThanOrEqual(free.bytes.length * 0.6);
    const least = await render(source, { format: 'webp', maxBytes: 1 });
    expect(least.bytes.length).toBeGreaterThan(1);
    expect(await render(source, { format: 'png', maxBytes: 1 })).toMatchObject({ format: 'png' });
  });
});
