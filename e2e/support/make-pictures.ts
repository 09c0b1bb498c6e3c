import sharp from 'sharp';

const cornerSide = 600;

/**
 * A photograph as phones take it: 4000 × 3000 stored lying, with the note "turn me" (EXIF orientation 6), a place and a
 * camera. Shown, it is 3000 × 4000 with a red top left and a green top right corner. Grain makes it some megabytes.
 */
export async function makePhonePhoto(): Promise<Buffer> {
  const [width, height] = [4000, 3000];
  const grain = { type: 'gaussian', mean: 130, sigma: 12 } as const;
  // Turned clockwise for showing, the stored bottom left corner comes to the top left, the stored top left to the right.
  return await sharp({ create: { width, height, channels: 3, background: '#000', noise: grain } })
    .composite([
      { input: await makeCorner('#e00000'), left: 0, top: height - cornerSide },
      { input: await makeCorner('#00c000'), left: 0, top: 0 },
    ])
    .withMetadata({ orientation: 6 })
    .withExifMerge({
      IFD0: { Make: 'Kuanary', Model: 'Test camera' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '52/1 30/1 0/1', GPSLongitudeRef: 'E', GPSLongitude: '13/1 24/1 0/1' },
    })
    .jpeg({ quality: 85 })
    .toBuffer();
}

async function makeCorner(background: string): Promise<Buffer> {
  return await sharp({ create: { width: cornerSide, height: cornerSide, channels: 3, background } })
    .png()
    .toBuffer();
}

export async function makePng(width: number, height: number): Promise<Buffer> {
  return await sharp({ create: { width, height, channels: 4, background: { r: 240, g: 160, b: 40, alpha: 0.6 } } })
    .png()
    .toBuffer();
}

/**
 * A HEIC as far as its boxes go: an AVIF, renamed. Its facts can be read; no decoder can show it, as is the case with real
 * HEICs where the decoder for their codec is missing.
 */
export async function makeHeic(width: number, height: number): Promise<Buffer> {
  const avif = await sharp({ create: { width, height, channels: 3, background: '#80a0c0' } })
    .avif({ effort: 0 })
    .toBuffer();
  const renames = [
    ['avif', 'heic'],
    ['av01', 'hvc1'],
    ['av1C', 'hvcC'],
  ] as const;
  const renamed = renames.reduce((text, [from, to]) => text.replaceAll(from, to), avif.toString('latin1'));
  return Buffer.from(renamed, 'latin1');
}
