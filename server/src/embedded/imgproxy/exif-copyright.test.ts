import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readCopyrightFields } from './exif-copyright.ts';

const exifOf = async (fields: Record<string, string>): Promise<Buffer> => {
  const picture = sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } });
  const { exif } = await sharp(await picture.withExif({ IFD0: fields }).jpeg().toBuffer()).metadata();
  if (exif === undefined) throw new Error('no EXIF was written');
  return exif;
};

describe('readCopyrightFields', () => {
  it('reads artist and copyright, however short, and nothing else', async () => {
    const exif = await exifOf({ Make: 'Maker', Artist: 'Ann', Copyright: '2026 Ann Example, all rights reserved' });
    expect(readCopyrightFields(exif)).toEqual({ Artist: 'Ann', Copyright: '2026 Ann Example, all rights reserved' });
    expect(readCopyrightFields(await exifOf({ Make: 'Maker' }))).toEqual({});
    expect(readCopyrightFields(undefined)).toEqual({});
  });

  it('survives damage', async () => {
    const exif = await exifOf({ Artist: 'Ann', Copyright: 'Ann Example' });
    const damage = fc.tuple(fc.nat(exif.length - 1), fc.nat(255), fc.nat(exif.length));
    fc.assert(
      fc.property(damage, ([at, byte, length]) => {
        const damaged = Buffer.from(exif);
        damaged[at] = byte;
        expect(Object.keys(readCopyrightFields(damaged.subarray(0, length))).length).toBeLessThanOrEqual(2);
      }),
      { numRuns: 500 },
    );
  });
});
