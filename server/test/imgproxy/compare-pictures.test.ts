import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { losslessTolerance, lossyTolerance, type Tolerance } from './compare-answers.ts';
import { measureDistance } from './compare-pictures.ts';
import { conformanceSources } from './conformance-sources.ts';

async function source(name: string): Promise<Buffer> {
  const make = conformanceSources[name];
  if (make === undefined) throw new Error(`there is no source ${name}`);
  return make();
}

const isWithin = (distance: Tolerance | undefined, { mean, visibleShare }: Tolerance): boolean =>
  distance !== undefined && distance.mean <= mean && distance.visibleShare <= visibleShare;

describe('measureDistance', () => {
  it('is nothing for the same picture, and undefined for other sides', async () => {
    const picture = await source('opaque.png');
    expect(await measureDistance(picture, picture)).toEqual({ mean: 0, visibleShare: 0 });
    expect(await measureDistance(picture, await source('alpha.png'))).toBeUndefined();
  });

  it('does not see the colour of what is transparent', async () => {
    const clear = (colour: string) =>
      sharp({ create: { width: 4, height: 4, channels: 4, background: { ...colours[colour], alpha: 0 } } })
        .png()
        .toBuffer();
    const colours: Record<string, { r: number; g: number; b: number }> = {
      red: { r: 255, g: 0, b: 0 },
      blue: { r: 0, g: 0, b: 255 },
    };
    expect(await measureDistance(await clear('red'), await clear('blue'))).toEqual({ mean: 0, visibleShare: 0 });
  });

  it('takes another kernel, and another encoder, for the same picture', async () => {
    const photo = await source('photo.jpg');
    const small = sharp(photo).resize(300, 200, { fit: 'fill' });
    const reference = await small.clone().png().toBuffer();
    const softer = await sharp(photo).resize(300, 200, { fit: 'fill', kernel: 'cubic' }).png().toBuffer();
    expect(isWithin(await measureDistance(reference, softer), losslessTolerance)).toBe(true);
    for (const encoded of [small.clone().webp({ quality: 79 }), small.clone().jpeg({ quality: 80 })]) {
      expect(isWithin(await measureDistance(reference, await encoded.toBuffer()), lossyTolerance)).toBe(true);
    }
  });

  const cut = { left: 10, top: 10, width: 280, height: 180 };

  it.each([
    ['mirrored', (picture: Sharp) => picture.flop().extract(cut)],
    ['turned by 180 degrees', (picture: Sharp) => picture.rotate(180).extract(cut)],
    ['cut out three pixels further right', (picture: Sharp) => picture.extract({ ...cut, left: 13 })],
    ['cut out three pixels further down', (picture: Sharp) => picture.extract({ ...cut, top: 13 })],
    ['blurred', (picture: Sharp) => picture.extract(cut).blur(3)],
    ['a little brighter', (picture: Sharp) => picture.extract(cut).linear(1, 7)],
    [
      'with red and blue exchanged',
      (picture: Sharp) =>
        picture.extract(cut).recomb([
          [0, 0, 1],
          [0, 1, 0],
          [1, 0, 0],
        ]),
    ],
    ['grey', (picture: Sharp) => picture.extract(cut).greyscale()],
  ])('tells a picture that is %s from what was meant', async (_how, change) => {
    const small = await sharp(await source('photo.jpg'))
      .resize(300, 200, { fit: 'fill' })
      .png()
      .toBuffer();
    const meant = await sharp(small).extract(cut).png().toBuffer();
    const other = await change(sharp(small)).png().toBuffer();
    expect(isWithin(await measureDistance(meant, other), lossyTolerance)).toBe(false);
  });
});
