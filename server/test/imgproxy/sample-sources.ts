import { randomUUID } from 'node:crypto';
import { DeleteObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import sharp, { type Sharp } from 'sharp';

/** Colours of the four quarters of every made picture: top left, top right, bottom left, bottom right. */
export const quarterColours = { nowe: '#dd2020', noea: '#20dd20', sowe: '#2020dd', soea: '#dddd20' } as const;
export type Quarter = keyof typeof quarterColours;

/** A picture of four coloured quarters, so that a test sees which part of it came out and which way up. */
export function quarters(width: number, height: number): Sharp {
  const [halfWidth, halfHeight] = [Math.round(width / 2), Math.round(height / 2)];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <rect width="${halfWidth}" height="${halfHeight}" fill="${quarterColours.nowe}"/>
    <rect x="${halfWidth}" width="${width}" height="${halfHeight}" fill="${quarterColours.noea}"/>
    <rect y="${halfHeight}" width="${halfWidth}" height="${height}" fill="${quarterColours.sowe}"/>
    <rect x="${halfWidth}" y="${halfHeight}" width="${width}" height="${height}" fill="${quarterColours.soea}"/>
  </svg>`;
  return sharp(Buffer.from(svg)).removeAlpha();
}

/** The quarter whose colour a pixel has, after lossy compression; `none` for other colours. */
export async function quarterAt(bytes: Buffer, x: number, y: number): Promise<Quarter | 'none'> {
  const pixel = await sharp(bytes).extract({ left: x, top: y, width: 1, height: 1 }).removeAlpha().raw().toBuffer();
  const names: readonly Quarter[] = ['nowe', 'noea', 'sowe', 'soea'];
  const isNear = (name: Quarter): boolean =>
    [1, 3, 5].every((at, channel) => {
      const expected = Number.parseInt(quarterColours[name].slice(at, at + 2), 16);
      return Math.abs(expected - (pixel[channel] ?? 0)) < 40;
    });
  return names.find(isNear) ?? 'none';
}

const cameraFields = {
  IFD0: { Make: 'SecretCameraMaker', Copyright: 'Ann Example 2026' },
  IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' },
};

function withTransparentLeftHalf(picture: Sharp, width: number, height: number): Sharp {
  const mask = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <rect x="${width / 2}" width="${width / 2}" height="${height}" fill="#fff"/></svg>`;
  return picture.ensureAlpha().composite([{ input: Buffer.from(mask), blend: 'dest-in' }]);
}

async function animation(): Promise<Sharp> {
  const frames = [await quarters(60, 40).raw().toBuffer(), await quarters(60, 40).flip().raw().toBuffer()];
  return sharp(Buffer.concat(frames), { raw: { width: 60, height: 80, channels: 3, pageHeight: 40 } });
}

/** Files by name, made when they are needed. */
export type SourceMakers = Readonly<Record<string, () => Promise<Buffer>>>;

/** Sources by file name: what they are shows in the name. Sides are odd, so that rounding shows. */
export const sampleSources: SourceMakers = {
  'photo.jpg': () => quarters(1001, 667).jpeg({ quality: 90 }).toBuffer(),
  'tall.jpg': () => quarters(601, 1201).jpeg({ quality: 90 }).toBuffer(),
  'sideways.jpg': () =>
    quarters(1001, 667).withMetadata({ orientation: 6 }).withExifMerge(cameraFields).jpeg({ quality: 90 }).toBuffer(),
  'opaque.png': () => quarters(777, 333).png().toBuffer(),
  'alpha.png': async () =>
    withTransparentLeftHalf(sharp(await quarters(800, 600).png().toBuffer()), 800, 600)
      .png()
      .toBuffer(),
  'small.png': () => quarters(10, 7).png().toBuffer(),
  'bordered.png': async () =>
    sharp({ create: { width: 200, height: 100, channels: 3, background: 'white' } })
      .composite([{ input: await quarters(60, 30).png().toBuffer(), left: 30, top: 50 }])
      .png()
      .toBuffer(),
  'opaque.webp': () => quarters(1201, 801).webp({ quality: 90 }).toBuffer(),
  'alpha.webp': async () =>
    withTransparentLeftHalf(sharp(await quarters(640, 480).png().toBuffer()), 640, 480)
      .webp({ quality: 90 })
      .toBuffer(),
  'photo.avif': () => quarters(640, 481).avif({ quality: 60, effort: 0 }).toBuffer(),
  'animated.gif': async () => (await animation()).gif({ delay: [100, 100] }).toBuffer(),
  'animated.webp': async () => (await animation()).webp({ delay: [100, 100] }).toBuffer(),
  'text.jpg': async () => Buffer.from('this is no picture, whatever its name says'),
  'empty.jpg': async () => Buffer.alloc(0),
  'cut-off-in-its-header.jpg': async () => (await quarters(1001, 667).jpeg().toBuffer()).subarray(0, 100),
  'damaged.jpg': async () => (await quarters(1001, 667).jpeg().toBuffer()).fill(0x55, 20, 200),
  'too-many-pixels.png': () =>
    sharp({ create: { width: 8000, height: 7000, channels: 3, background: 'red' } })
      .png()
      .toBuffer(),
  'a b+ü@2x 100%.jpg': () => quarters(90, 60).jpeg().toBuffer(),
};

export interface StoredSources {
  /** The key under which a source is stored: its file name behind a random prefix. */
  key(name: string): string;
  remove(): Promise<void>;
}

/** Makes sources and puts them at the root of a bucket; two more lie in a folder and without an extension. */
export async function storeSources(client: S3Client, bucket: string, makers: SourceMakers): Promise<StoredSources> {
  const prefix = `${randomUUID()}-`;
  const picture = await quarters(90, 60).jpeg().toBuffer();
  const made = await Promise.all(
    Object.entries(makers).map(async ([name, make]) => [prefix + name, await make()] as const),
  );
  const all = [...made, [`tmp/${prefix}photo.jpg`, picture] as const, [`${prefix}without-extension`, picture] as const];
  for (const [Key, Body] of all) await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
  return {
    key: (name) => prefix + name,
    async remove() {
      for (const [Key] of all) await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
    },
  };
}
