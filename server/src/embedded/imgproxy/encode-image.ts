import type { Sharp } from 'sharp';
import type { CopyrightFields } from './exif-copyright.ts';
import { type ImageFormatName, imageFormatTable } from './image-formats.ts';
import { ImgproxyError } from './imgproxy-error.ts';
import type { ProcessingOptions } from './processing-options.ts';
import { round } from './rounding.ts';

/** imgproxy's own defaults; 80 for the others. */
const defaultQuality = 80;
const defaultFormatQuality: Partial<Record<ImageFormatName, number>> = { webp: 79, avif: 63 };

/** Quality is not lowered further for `max_bytes`. */
const lowestQuality = 10;

/** From here on libvips, as imgproxy uses it, keeps the full colour resolution. */
const fullChromaQuality = 90;

export function effectiveQuality(format: ImageFormatName, options: ProcessingOptions): number {
  return options.quality || options.formatQuality.get(format) || defaultFormatQuality[format] || defaultQuality;
}

/** Sets the encoder of `image`. Sizes of results are imgproxy's only roughly: its encoders are other versions. */
export function withEncoder(image: Sharp, format: ImageFormatName, quality: number, paletteColours: number): Sharp {
  const chromaSubsampling = quality < fullChromaQuality ? '4:2:0' : '4:4:4';
  switch (format) {
    case 'jpeg':
      return image.jpeg({ quality, chromaSubsampling });
    case 'webp':
      return image.webp({ quality });
    case 'avif':
      return image.avif({ quality, chromaSubsampling, effort: 1 });
    case 'tiff':
      return image.tiff({ quality, compression: 'none' });
    case 'png':
      // A source with a palette gives a PNG with one.
      return paletteColours > 0
        ? image.png({ palette: true, colours: paletteColours, effort: 1 })
        : image.png({ adaptiveFiltering: true });
    case 'gif':
      return image.gif({ effort: 1 });
    default:
      throw new ImgproxyError(422, 'Invalid URL', `${format} cannot be written`);
  }
}

/** Sets what the result keeps of the source's metadata. `copyright` survives stripping. */
export function withMetadata(
  image: Sharp,
  format: ImageFormatName,
  options: ProcessingOptions,
  copyright: CopyrightFields,
): Sharp {
  const keepsProfile = !options.stripColourProfile && imageFormatTable[format].supportsColourProfile;
  if (!options.stripMetadata) return keepsProfile ? image.keepMetadata() : image.keepExif().keepXmp();
  const profiled = keepsProfile ? image.keepIccProfile() : image;
  const hasCopyright = options.keepCopyright && Object.keys(copyright).length > 0;
  return hasCopyright ? profiled.withExif({ IFD0: { ...copyright } }) : profiled;
}

/**
 * Encodes with falling quality until the result has at most `maxBytes`, or the quality is at its lowest: then the result is larger, which
 * is no error. `encode` is called once per attempt.
 */
export async function encodeToFit(
  startQuality: number,
  maxBytes: number,
  encode: (quality: number) => Promise<Buffer>,
): Promise<Buffer> {
  for (let quality = startQuality; ; ) {
    const bytes = await encode(quality);
    if (bytes.length <= maxBytes || quality <= lowestQuality) return bytes;
    const excess = bytes.length / maxBytes;
    const factor = excess > 3 ? 0.25 : excess > 1.5 ? 0.5 : 0.75;
    quality = Math.max(1, Math.min(quality - 1, round(quality * factor)));
  }
}
