import type { Metadata } from 'sharp';
import { type CopyrightFields, readCopyrightFields } from './exif-copyright.ts';
import { detectImageFormat, type ImageFormatName } from './image-formats.ts';
import { ImgproxyError, invalidSource } from './imgproxy-error.ts';
import { exifTurn, type Size, type Turn } from './rectangle.ts';
import type { SharpModule } from './sharp-loader.ts';

/** What a rendering must know of a source before it decodes it. */
export interface SourceImage {
  bytes: Buffer;
  format: ImageFormatName;
  /** As stored, before the EXIF orientation is applied. In pixels. */
  size: Size;
  hasAlpha: boolean;
  /** One channel of grey, with alpha or without. */
  isGrey: boolean;
  /** Colours of its palette at most; 0 where it has none. */
  paletteColours: number;
  /** The turn that the EXIF orientation asks for. */
  turn: Turn;
  copyright: CopyrightFields;
}

/** Formats that imgproxy reads and sharp does not. */
const unreadableFormats: readonly ImageFormatName[] = ['jxl', 'bmp', 'ico', 'svg'];

/**
 * Reads the header of a source. Throws an `ImgproxyError` 422 for what is no picture, has more than `maxPixels`, is damaged, or is of a
 * format that only a real imgproxy decodes.
 */
export async function readSourceImage(sharp: SharpModule, bytes: Buffer, maxPixels: number): Promise<SourceImage> {
  const format = detectImageFormat(bytes);
  if (format === undefined) throw invalidSource('the file begins like no known format');
  if (unreadableFormats.includes(format)) throw unreadable(format);
  const metadata = await readMetadata(sharp, bytes, format);
  if (metadata.compression === 'hevc') throw unreadable(format);
  const { width, height } = metadata;
  if (width * height > maxPixels) {
    throw invalidSource(`the picture has ${width} × ${height} pixels, more than ${maxPixels} in all`);
  }
  return {
    bytes,
    format,
    size: { width, height },
    hasAlpha: metadata.hasAlpha,
    isGrey: metadata.channels <= 2,
    paletteColours: format === 'gif' || metadata.isPalette ? 2 ** (metadata.bitsPerSample ?? 8) : 0,
    turn: exifTurn(metadata.orientation),
    copyright: readCopyrightFields(metadata.exif),
  };
}

async function readMetadata(sharp: SharpModule, bytes: Buffer, format: ImageFormatName): Promise<Metadata> {
  try {
    // The limit is checked on the numbers, so that a too large picture is told apart from a damaged one.
    return await sharp(bytes, { failOn: 'none', limitInputPixels: false }).metadata();
  } catch (error) {
    if (format === 'heic') throw unreadable(format);
    throw brokenImage(error);
  }
}

/** A picture whose header or pixels cannot be decoded. */
export function brokenImage(cause: unknown): ImgproxyError {
  return new ImgproxyError(422, 'Broken or unsupported image', `sharp: ${String(cause)}`, { cause });
}

function unreadable(format: ImageFormatName): ImgproxyError {
  const name = format.toUpperCase();
  return new ImgproxyError(
    422,
    `This imgproxy stand-in cannot decode ${name}; a real imgproxy can. Run one and set IMGPROXY_URL to see this picture.`,
  );
}
