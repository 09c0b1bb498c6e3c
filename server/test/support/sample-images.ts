import { crc32 } from 'node:zlib';
import sharp from 'sharp';

/** Real pictures for tests, made on the spot: sharp encodes them, and what sharp cannot write is added byte by byte. */
export interface SampleSize {
  width: number;
  height: number;
}

export interface OrientedSample extends SampleSize {
  /** EXIF orientation, 1 to 8. `width` and `height` are those of the stored pixels. */
  orientation?: number;
}

/** The London Eye, in the form that cameras write it. */
const gpsTags = {
  GPSLatitudeRef: 'N',
  GPSLatitude: '51/1 30/1 1200/100',
  GPSLongitudeRef: 'W',
  GPSLongitude: '0/1 7/1 1044/100',
};

/** A camera's JPEG: EXIF with its maker, the place, and the orientation. */
export function cameraJpeg({ width, height, orientation = 1 }: OrientedSample): Promise<Buffer> {
  return drawing({ width, height })
    .withExif({ IFD0: { Make: 'Kuanary', Model: 'Sample' }, IFD3: gpsTags })
    .withMetadata({ orientation })
    .jpeg()
    .toBuffer();
}

/** A JPEG without any metadata. */
export function plainJpeg(size: SampleSize): Promise<Buffer> {
  return drawing(size).jpeg().toBuffer();
}

export function progressiveJpeg(size: SampleSize): Promise<Buffer> {
  return drawing(size).jpeg({ progressive: true }).toBuffer();
}

export function cmykJpeg(size: SampleSize): Promise<Buffer> {
  return drawing(size).toColourspace('cmyk').jpeg().toBuffer();
}

/** A PNG whose left half is half transparent. */
export function alphaPng({ width, height }: SampleSize): Promise<Buffer> {
  const veil = { create: { width: Math.ceil(width / 2), height, channels: 4 as const, background: '#00f8' } };
  return sharp({ create: { width, height, channels: 4, background: '#0000' } })
    .composite([{ input: veil, left: 0, top: 0 }])
    .png()
    .toBuffer();
}

export function orientedPng({ width, height, orientation = 1 }: OrientedSample): Promise<Buffer> {
  return drawing({ width, height }).withMetadata({ orientation }).png().toBuffer();
}

export function deepPng(size: SampleSize): Promise<Buffer> {
  return drawing(size).toColourspace('rgb16').png().toBuffer();
}

/** An APNG in the only way that a header can tell: an animation control chunk before the picture data. */
export async function animatedPng(size: SampleSize, frames: number): Promise<Buffer> {
  const control = Buffer.alloc(8);
  control.writeUInt32BE(frames, 0);
  return insertPngChunks(await drawing(size).png().toBuffer(), [pngChunk('acTL', control)]);
}

export function stillGif(size: SampleSize): Promise<Buffer> {
  return drawing(size).gif({ effort: 1 }).toBuffer();
}

export async function animatedGif(size: SampleSize, frames: number): Promise<Buffer> {
  return (await frameStrip(size, frames)).gif({ loop: 0, effort: 1 }).toBuffer();
}

export function webp({ width, height, orientation = 1 }: OrientedSample, lossless = false): Promise<Buffer> {
  const picture = drawing({ width, height });
  // Without metadata sharp writes the simple form of the file.
  return (orientation === 1 ? picture : picture.withMetadata({ orientation })).webp({ lossless }).toBuffer();
}

export async function animatedWebp(size: SampleSize, frames: number): Promise<Buffer> {
  return (await frameStrip(size, frames)).webp({ loop: 0 }).toBuffer();
}

/** libvips writes the orientation as rotation and mirror properties, which is how AVIF has it. */
export function avif({ width, height, orientation = 1 }: OrientedSample): Promise<Buffer> {
  return drawing({ width, height }).withMetadata({ orientation }).avif({ effort: 0 }).toBuffer();
}

/** A real JPEG of exactly `bytes` bytes: what is missing follows its end, where decoders do not look. */
export async function jpegOfBytes(bytes: number): Promise<Buffer> {
  const picture = await plainJpeg({ width: 640, height: 480 });
  if (picture.length > bytes) throw new RangeError(`the smallest one has ${picture.length} bytes`);
  return Buffer.concat([picture], bytes);
}

/**
 * As phones with depth or burst modes write it: EXIF, `metadataBytes` of extended XMP and multi-picture data before the
 * frame header, and a second picture behind the first.
 */
export async function phoneJpeg(sample: OrientedSample, metadataBytes = 150_000): Promise<Buffer> {
  const picture = await cameraJpeg(sample);
  const exifEnd = 4 + picture.readUInt16BE(4);
  if (picture.readUInt16BE(2) !== 0xffe1) throw new Error('sharp no longer writes EXIF first');
  const segments: Buffer[] = [];
  for (let left = metadataBytes; left > 0; left -= maxSegmentBytes) {
    const content = noise(Math.min(left, maxSegmentBytes), left);
    content.write('http://ns.adobe.com/xmp/extension/\0', 'latin1');
    segments.push(jpegSegment(0xe1, content));
  }
  segments.push(jpegSegment(0xe2, Buffer.from('MPF\0MM\0*\0\0\0\x08\0\0\0\0\0\0', 'latin1')));
  const preview = await plainJpeg({ width: 160, height: 120 });
  return Buffer.concat([picture.subarray(0, exifEnd), ...segments, picture.subarray(exifEnd), preview]);
}

/** Some kB that claim a picture of any size. */
export function pixelFloodPng({ width, height }: SampleSize): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6], 8);
  const chunks = [pngChunk('IHDR', header), pngChunk('IDAT', Buffer.alloc(4096)), pngChunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([pngSignature, ...chunks]);
}

/** A real JPEG whose frame header claims another size. */
export async function pixelFloodJpeg({ width, height }: SampleSize): Promise<Buffer> {
  const picture = await plainJpeg({ width: 16, height: 16 });
  const frame = picture.indexOf(Buffer.from([0xff, 0xc0]));
  picture.writeUInt16BE(height, frame + 5);
  picture.writeUInt16BE(width, frame + 7);
  return picture;
}

/** The first bytes of a file, as a broken connection leaves them. */
export function cutOff(file: Buffer, bytes: number): Buffer {
  return Buffer.from(file.subarray(0, bytes));
}

/** Pictures that are something else too; `payload` is what must never come out again. */
export async function polyglots(): Promise<{ name: string; file: Buffer; payload: string }[]> {
  const payload = '<script>alert("kuanary")</script>';
  const size = { width: 32, height: 24 };
  const text = Buffer.from(payload);
  const comment = Buffer.concat([Buffer.from([0x21, 0xfe, text.length]), text, Buffer.from([0])]);
  const gif = await stillGif(size);
  const firstBlock = 13 + 3 * 2 ** (((gif[10] ?? 0) & 7) + 1);
  const jpeg = await plainJpeg(size);
  const png = await alphaPng(size);
  return [
    {
      name: 'GIF with a script',
      file: Buffer.concat([gif.subarray(0, firstBlock), comment, gif.subarray(firstBlock)]),
      payload,
    },
    {
      name: 'JPEG with HTML in its comment',
      file: Buffer.concat([jpeg.subarray(0, 2), jpegSegment(0xfe, text), jpeg.subarray(2)]),
      payload,
    },
    {
      name: 'PNG with HTML text',
      file: insertPngChunks(png, [pngChunk('tEXt', Buffer.from(`Comment\0${payload}`))]),
      payload,
    },
    { name: 'PNG with a ZIP behind it', file: Buffer.concat([png, Buffer.from(`PK\x03\x04${payload}`)]), payload },
  ];
}

export const pngSignature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
/** Of a JPEG segment's content. */
export const maxSegmentBytes = 65533;

export function pngChunk(type: string, content: Buffer): Buffer {
  const chunk = Buffer.alloc(content.length + 12);
  chunk.writeUInt32BE(content.length, 0);
  chunk.write(type, 4, 'latin1');
  content.copy(chunk, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, content.length + 8)), content.length + 8);
  return chunk;
}

/** Puts chunks right behind the image header. */
export function insertPngChunks(png: Buffer, chunks: Buffer[]): Buffer {
  const headerEnd = 33;
  return Buffer.concat([png.subarray(0, headerEnd), ...chunks, png.subarray(headerEnd)]);
}

export function jpegSegment(marker: number, content: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
}

/** The same bytes for the same seed (xorshift32). */
export function noise(bytes: number, seed = 1): Buffer {
  const buffer = Buffer.alloc(bytes);
  let state = seed | 1;
  for (let index = 0; index < bytes; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    buffer[index] = state & 0xff;
  }
  return buffer;
}

/** A grey noise picture stretched to the size: cheap to make, and not flat. */
function drawing({ width, height }: SampleSize, seed = 1) {
  return sharp(noise(8 * 8 * 3, seed), { raw: { width: 8, height: 8, channels: 3 } }).resize(width, height, {
    fit: 'fill',
  });
}

/** All frames under one another, which is how libvips takes an animation. */
async function frameStrip({ width, height }: SampleSize, frames: number) {
  const pictures: Buffer[] = [];
  for (let frame = 1; frame <= frames; frame += 1) {
    pictures.push(
      await drawing({ width, height }, frame * 7919)
        .raw()
        .toBuffer(),
    );
  }
  return sharp(Buffer.concat(pictures), {
    raw: { width, height: height * frames, channels: 3, pageHeight: height },
  });
}
