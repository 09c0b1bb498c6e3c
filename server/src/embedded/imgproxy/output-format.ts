import { type ImageFormatName, imageFormatTable } from './image-formats.ts';
import { ImgproxyError } from './imgproxy-error.ts';
import type { ProcessingOptions } from './processing-options.ts';

/** imgproxy's `IMGPROXY_PREFERRED_FORMATS`: kept as they are when no format is asked for; others become the first that fits. */
const preferredFormats: readonly ImageFormatName[] = ['jpeg', 'png', 'gif'];

/** AVIF encoders take no smaller side, in pixels. */
const minAvifSide = 16;

/** The longest side that a format can hold, in pixels; imgproxy scales larger pictures down silently. */
const maxSides: Partial<Record<ImageFormatName, number>> = { webp: 16383, avif: 16384, gif: 65535 };

/** Throws a 422 that says so where the stand-in cannot write a format that imgproxy can. */
export function assertWritable(format: ImageFormatName | undefined): void {
  if (format === undefined || format === 'svg' || imageFormatTable[format].writable) return;
  throw new ImgproxyError(
    422,
    `This imgproxy stand-in cannot write ${format}; a real imgproxy can. Ask it for webp or jpeg.`,
  );
}

/** The format of the answer: the one asked for, else the source's own where it is preferred, else one that keeps what is transparent. */
export function chooseOutputFormat(
  source: ImageFormatName,
  hasAlpha: boolean,
  options: ProcessingOptions,
): ImageFormatName {
  if (options.format === 'svg') throw new ImgproxyError(422, 'Invalid URL', 'only an SVG can be answered as SVG');
  if (options.format !== undefined) return options.format;
  if (preferredFormats.includes(source)) return source;
  const { top, right, bottom, left } = options.padding;
  const isExtended = options.extend.enabled || top + right + bottom + left > 0;
  return options.background === undefined && (hasAlpha || isExtended) ? 'png' : 'jpeg';
}

/** What is written in the end: pictures too small for AVIF become PNG or JPEG. */
export function fallBackForSmallSides(
  format: ImageFormatName,
  width: number,
  height: number,
  hasAlpha: boolean,
): ImageFormatName {
  if (format !== 'avif' || Math.min(width, height) >= minAvifSide) return format;
  return hasAlpha ? 'png' : 'jpeg';
}

/** The factor, at most 1, by which a picture must shrink to fit its format. */
export function shrinkToFitFormat(format: ImageFormatName, width: number, height: number): number {
  const maxSide = maxSides[format] ?? Number.POSITIVE_INFINITY;
  return Math.min(1, maxSide / Math.max(width, height));
}
