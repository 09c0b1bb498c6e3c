import sharp, { type Create, type Sharp } from 'sharp';
import type { SourceMakers } from './sample-sources.ts';

type Pixel = readonly [red: number, green: number, blue: number];

const clamp = (value: number): number => Math.max(0, Math.min(255, Math.round(value)));

/**
 * What a photograph has, by arithmetic, so that it is the same everywhere: slow gradients, fine texture, hard edges, a thin line, and one
 * skin-coloured disc right of the centre that draws attention. No two corners and no two sides look alike.
 */
function scenePixel(x: number, y: number, width: number, height: number): Pixel {
  const [u, v] = [x / width, y / height];
  const fromDisc = Math.hypot(u * width - 0.68 * width, v * height - 0.4 * height);
  const radius = 0.14 * Math.min(width, height);
  if (fromDisc < radius) return [226, clamp(160 - 30 * (fromDisc / radius)), 122];
  if (u > 0.1 && u < 0.25 && v > 0.55 && v < 0.9) return [24, 30, clamp(60 + 80 * u)];
  if (Math.abs(y - 0.5 * x) < 1.5) return [250, 250, 240];
  const texture = 14 * Math.sin(u * 60 + v * 13) + 8 * Math.sin(x * 0.35) * Math.cos(y * 0.29);
  return [clamp(40 + 150 * u + texture), clamp(70 + 120 * v + texture), clamp(200 - 130 * u * v - texture)];
}

/** A picture of the scene, as a sharp pipeline over raw RGB. */
function scene(width: number, height: number): Sharp {
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) pixels.set(scenePixel(x, y, width, height), (y * width + x) * 3);
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** The scene with an alpha channel: transparent at the left, opaque at the right, and a hole. */
function sceneWithAlpha(width: number, height: number): Sharp {
  const alpha = Buffer.alloc(width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const inHole = Math.abs(x - 0.6 * width) < 0.1 * width && Math.abs(y - 0.7 * height) < 0.1 * height;
      alpha[y * width + x] = inHole ? 0 : clamp((x / width) * 400 - 40);
    }
  }
  return scene(width, height).joinChannel(alpha, { raw: { width, height, channels: 1 } });
}

async function animation(): Promise<Sharp> {
  const [width, height] = [90, 60];
  const frames = [await scene(width, height).raw().toBuffer(), await scene(width, height).flip().raw().toBuffer()];
  return sharp(Buffer.concat(frames), { raw: { width, height: 2 * height, channels: 3, pageHeight: height } });
}

/** The scene on a plain ground, off the centre, so that trimming finds unequal borders. */
async function bordered(background: Create['background'], alpha: boolean): Promise<Buffer> {
  const input = await scene(160, 90).png().toBuffer();
  return sharp({ create: { width: 300, height: 200, channels: alpha ? 4 : 3, background } })
    .composite([{ input, left: 40, top: 70 }])
    .png()
    .toBuffer();
}

const orientations = [1, 2, 3, 4, 5, 6, 7, 8] as const;

const oriented = Object.fromEntries(
  orientations.map((orientation) => [
    `orientation-${orientation}.jpg`,
    () => scene(401, 267).withMetadata({ orientation }).jpeg({ quality: 92 }).toBuffer(),
  ]),
);

const rightsXmp = `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
  xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:rights>
  <rdf:Alt><rdf:li xml:lang="x-default">Ann Example 2026</rdf:li></rdf:Alt></dc:rights></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`;

/** The bordered picture as a camera stores it that was held another way. */
const turnedBorder = (orientation: number) => async (): Promise<Buffer> =>
  sharp(await bordered('#ffffff', false))
    .withMetadata({ orientation })
    .jpeg({ quality: 100 })
    .toBuffer();

/** A file whose bytes after `from` have been overwritten, which breaks checksums and streams but not the header. */
const damage = (file: Buffer, from: number): Buffer => Buffer.from(file).fill(0x55, from);
const firstHalf = (file: Buffer): Buffer => file.subarray(0, Math.floor(file.length / 2));

const svg =
  '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60"><rect width="50" height="60" fill="#c33"/></svg>';

const photo = (): Promise<Buffer> => scene(1001, 667).jpeg({ quality: 92 }).toBuffer();

/** Sources by file name. Most sides are odd, so that rounding shows. */
export const conformanceSources: SourceMakers = {
  ...oriented,
  'photo.jpg': photo,
  'tall.jpg': () => scene(601, 1201).jpeg({ quality: 92 }).toBuffer(),
  'large.jpg': () => scene(3001, 2003).jpeg({ quality: 88 }).toBuffer(),
  'progressive.jpg': () => scene(801, 533).jpeg({ quality: 85, progressive: true }).toBuffer(),
  'grey.jpg': () => scene(501, 333).greyscale().toColourspace('b-w').jpeg({ quality: 90 }).toBuffer(),
  'cmyk.jpg': () => scene(401, 267).toColourspace('cmyk').jpeg({ quality: 90 }).toBuffer(),
  'wide-gamut.jpg': () => scene(401, 267).withIccProfile('p3').jpeg({ quality: 92 }).toBuffer(),
  'rights.jpg': () =>
    scene(401, 267)
      .withExif({ IFD0: { Make: 'SecretCameraMaker', Copyright: 'Ann Example 2026', Artist: 'Ann Example' } })
      .withXmp(rightsXmp)
      .jpeg({ quality: 92 })
      .toBuffer(),
  'opaque.png': () => scene(777, 333).png().toBuffer(),
  'alpha.png': () => sceneWithAlpha(641, 481).png().toBuffer(),
  'grey.png': () => scene(301, 201).greyscale().toColourspace('b-w').png().toBuffer(),
  'palette.png': () => scene(301, 201).png({ palette: true, colours: 64 }).toBuffer(),
  'deep.png': () => scene(301, 201).toColourspace('rgb16').png().toBuffer(),
  'bordered.png': () => bordered('#ffffff', false),
  'bordered-2.jpg': turnedBorder(2),
  'bordered-6.jpg': turnedBorder(6),
  'bordered-7.jpg': turnedBorder(7),
  'bordered-transparent.png': () => bordered({ r: 0, g: 0, b: 0, alpha: 0 }, true),
  'opaque.webp': () => scene(1201, 801).webp({ quality: 90 }).toBuffer(),
  'alpha.webp': () => sceneWithAlpha(641, 481).webp({ quality: 90 }).toBuffer(),
  'lossless.webp': () => scene(401, 267).webp({ lossless: true }).toBuffer(),
  'photo.avif': () => scene(641, 481).avif({ quality: 70, effort: 0 }).toBuffer(),
  'alpha.avif': () => sceneWithAlpha(321, 241).avif({ quality: 70, effort: 0 }).toBuffer(),
  'photo.tiff': () => scene(301, 201).tiff({ compression: 'lzw' }).toBuffer(),
  'photo.gif': () => scene(301, 201).gif().toBuffer(),
  'animated.gif': async () => (await animation()).gif({ delay: [100, 100] }).toBuffer(),
  'animated.webp': async () => (await animation()).webp({ delay: [100, 100], quality: 90 }).toBuffer(),
  'one-pixel.jpg': () => scene(1, 1).jpeg().toBuffer(),
  'one-pixel.png': () => sceneWithAlpha(1, 1).png().toBuffer(),
  'two-pixels.png': () => scene(2, 1).png().toBuffer(),
  'three-pixels.png': () => scene(3, 1).png().toBuffer(),
  'nine-pixels.png': () => scene(3, 3).png().toBuffer(),
  'small.jpg': () => scene(23, 17).jpeg({ quality: 92 }).toBuffer(),
  'very-wide.jpg': () => scene(3001, 3).jpeg({ quality: 92 }).toBuffer(),
  'very-tall.png': () => scene(3, 3001).png().toBuffer(),
  'mislabelled.jpg': () => scene(301, 201).png().toBuffer(),
  'text.jpg': async () => Buffer.from('this is no picture, whatever its name says'),
  'page.jpg': async () => Buffer.from('<!doctype html><title>no picture</title>'),
  'empty.jpg': async () => Buffer.alloc(0),
  'drawing.svg': async () => Buffer.from(svg),
  'cut-in-header.jpg': async () => (await photo()).subarray(0, 100),
  'cut-in-body.jpg': async () => firstHalf(await photo()),
  'damaged-header.jpg': async () => (await photo()).fill(0x55, 20, 200),
  'damaged-body.png': async () => damage(await scene(301, 201).png().toBuffer(), 400),
  'cut-in-body.png': async () => firstHalf(await scene(301, 201).png().toBuffer()),
  'damaged-body.webp': async () => damage(await scene(301, 201).webp().toBuffer(), 60),
  'cut-in-body.webp': async () => firstHalf(await scene(301, 201).webp().toBuffer()),
  'cut-in-body.gif': async () => firstHalf(await scene(301, 201).gif().toBuffer()),
  'cut-in-body.avif': async () => firstHalf(await scene(301, 201).avif({ effort: 0 }).toBuffer()),
  'too-many-pixels.png': () =>
    sharp({ create: { width: 8000, height: 7000, channels: 3, background: 'red' } })
      .png()
      .toBuffer(),
  'a b+ü@2x 100%.jpg': () => scene(91, 61).jpeg().toBuffer(),
};
