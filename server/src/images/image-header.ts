import { type ImageFacts, type ImageFormat, imageFormats } from '@kuanary/shared/contract';
import { AppError } from '../errors.ts';
import { readGifHeader } from './gif-header.ts';
import { type ByteSource, createHeaderReader, type HeaderFacts, type HeaderReader } from './header-reader.ts';
import { detectIsobmffFormat, readIsobmffHeader } from './isobmff-header.ts';
import { readJpegHeader } from './jpeg-header.ts';
import { readPngHeader } from './png-header.ts';
import { readWebpHeader } from './webp-header.ts';

export type { ByteSource } from './header-reader.ts';

/** Bytes of the first read of a file, from its start. */
export const firstReadBytes = 65536;
/** Most bytes read of a file in all, the first read included. */
export const maxHeaderBytes = 131072;

export interface ImageLimits {
  /** Width times height, of one frame. */
  maxPixels: number;
  /** Of either side, in pixels. */
  maxSide: number;
  allowedFormats: ReadonlySet<ImageFormat>;
}

const formatNames: Record<ImageFormat, string> = {
  jpeg: 'JPEG',
  png: 'PNG',
  gif: 'GIF',
  webp: 'WebP',
  avif: 'AVIF',
  heic: 'HEIC',
};

const parsers: Record<ImageFormat, (reader: HeaderReader) => Promise<HeaderFacts>> = {
  jpeg: readJpegHeader,
  png: readPngHeader,
  gif: readGifHeader,
  webp: readWebpHeader,
  avif: readIsobmffHeader,
  heic: readIsobmffHeader,
};

const signatures: { format: ImageFormat; start: string; atEight?: string }[] = [
  { format: 'jpeg', start: '\xff\xd8\xff' },
  { format: 'png', start: '\x89PNG\r\n\x1a\n' },
  { format: 'gif', start: 'GIF87a' },
  { format: 'gif', start: 'GIF89a' },
  { format: 'webp', start: 'RIFF', atEight: 'WEBP' },
];
/** Enough for every signature and for the head of an `ftyp` box. */
const signatureBytes = 12;

/**
 * What a file's own header says of the picture in it; nothing is decoded, and what anybody claims of it does not count.
 * `first` is the start of the file where the caller has read it already; it counts as read.
 * Throws AppError `empty_file`, `unsupported_content`, `truncated`, `header_too_far` or `image_too_large`, and whatever
 * the source throws.
 */
export async function readImageHeader(
  source: ByteSource,
  limits: ImageLimits,
  first?: Uint8Array,
): Promise<ImageFacts> {
  if (source.totalBytes === 0) throw new AppError('empty_file');
  const start = first ?? (await source.read(0, Math.min(firstReadBytes, source.totalBytes)));
  const reader = createHeaderReader(source, start, maxHeaderBytes);
  const format = await detectFormat(reader);
  if (format === undefined) {
    throw new AppError(
      'unsupported_content',
      `The file is not a picture of an accepted format. ${acceptedFormats(limits)}`,
    );
  }
  if (!limits.allowedFormats.has(format)) {
    throw new AppError(
      'unsupported_content',
      `${formatNames[format]} pictures are not accepted here. ${acceptedFormats(limits)}`,
    );
  }
  const { width, height, animated } = await parsers[format](reader);
  assertSides(width, height, limits);
  return { width, height, format, bytes: source.totalBytes, animated };
}

async function detectFormat(reader: HeaderReader): Promise<ImageFormat | undefined> {
  const head = (await reader.at(0, Math.min(signatureBytes, reader.totalBytes))).toString('latin1');
  const known = signatures.find(({ start, atEight = '' }) => head.startsWith(start) && head.startsWith(atEight, 8));
  if (known !== undefined) return known.format;
  if (head.startsWith('ftyp', 4)) return detectIsobmffFormat(reader);
  const isCutOff = head.length < signatureBytes && signatures.some(({ start }) => isStartOf(head, start));
  if (isCutOff) throw new AppError('truncated');
  return undefined;
}

/** Two bytes at least: a single one says nothing. */
function isStartOf(head: string, signature: string): boolean {
  return head.length >= 2 && (signature.startsWith(head) || head.startsWith(signature));
}

function assertSides(width: number, height: number, limits: ImageLimits): void {
  if (width === 0 || height === 0) {
    throw new AppError(
      'unsupported_content',
      `The picture is ${width} × ${height} pixels, so there is nothing to show. Save it again and upload that.`,
    );
  }
  if (width > limits.maxSide || height > limits.maxSide || width * height > limits.maxPixels) {
    throw new AppError(
      'image_too_large',
      `The picture is ${width} × ${height} pixels. At most ${limits.maxPixels} pixels in all and ${limits.maxSide} ` +
        'on a side are accepted. Make it smaller and upload that.',
    );
  }
}

function acceptedFormats(limits: ImageLimits): string {
  const names = imageFormats.filter((format) => limits.allowedFormats.has(format)).map((format) => formatNames[format]);
  return `Accepted formats: ${names.join(', ')}. Convert it to one of them and upload that.`;
}
