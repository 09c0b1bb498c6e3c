import sharp from 'sharp';

/** How far two pictures of the same size are apart, over red, green, blue and alpha of 0 to 255. */
export interface PictureDistance {
  /** The mean absolute difference of the channel in which it is largest. */
  mean: number;
  /** The share, 0 to 1, of pixels of which any channel differs by more than `visibleDifference`. */
  visibleShare: number;
}

/** A difference of one channel, of 255, that a person may see. */
export const visibleDifference = 24;

interface Pixels {
  data: Buffer;
  size: string;
}

/** Decoded to sRGB with alpha; colours multiplied by it, because nobody sees the colour of what is transparent. */
async function readPixels(bytes: Buffer): Promise<Pixels> {
  const { data, info } = await sharp(bytes)
    .toColourspace('srgb')
    .ensureAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  for (let at = 0; at < data.length; at += 4) {
    const alpha = (data[at + 3] ?? 0) / 255;
    for (let channel = at; channel < at + 3; channel += 1) data[channel] = Math.round((data[channel] ?? 0) * alpha);
  }
  return { data, size: `${info.width}x${info.height}` };
}

/** `undefined` for pictures of different sizes. */
export async function measureDistance(one: Buffer, other: Buffer): Promise<PictureDistance | undefined> {
  const [a, b] = await Promise.all([readPixels(one), readPixels(other)]);
  if (a.size !== b.size) return undefined;
  const sums = [0, 0, 0, 0];
  let visible = 0;
  for (let at = 0; at < a.data.length; at += 4) {
    let largest = 0;
    for (let channel = 0; channel < 4; channel += 1) {
      const difference = Math.abs((a.data[at + channel] ?? 0) - (b.data[at + channel] ?? 0));
      sums[channel] = (sums[channel] ?? 0) + difference;
      largest = Math.max(largest, difference);
    }
    if (largest > visibleDifference) visible += 1;
  }
  const pixels = a.data.length / 4;
  return { mean: Math.max(...sums) / pixels, visibleShare: visible / pixels };
}
