import { imageFormatTable } from './image-formats.ts';
import type { ProcessingOptions } from './processing-options.ts';
import type { RenderedImage } from './render-image.ts';
import type { DownloadedSource } from './source-download.ts';

/** imgproxy's `IMGPROXY_TTL`: a year, in seconds. */
const maxAgeSeconds = 31_536_000;

/** On every answer. The policy keeps a picture from running a script. */
export const commonHeaders: Readonly<Record<string, string>> = {
  server: 'imgproxy',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
};

/** How long answers may be kept: a year, or until the address expires. `now` in milliseconds. */
export function cacheControl(expiresAt: number, now: number): string {
  const secondsLeft = Math.trunc(expiresAt - now / 1000);
  return `max-age=${secondsLeft > 0 ? Math.min(maxAgeSeconds, secondsLeft) : maxAgeSeconds}, public`;
}

/** `inline; filename="<name>"`, the name being the one asked for or the source's, with the extension of the result. */
export function contentDisposition(sourceUrl: string, options: ProcessingOptions, extension: string): string {
  const name = sourceUrl.slice(sourceUrl.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  const stem = options.filename || (dot === -1 ? name : name.slice(0, dot)) || 'image';
  const type = options.asAttachment ? 'attachment' : 'inline';
  return `${type}; filename="${toHeaderText(stem).replaceAll('"', '%22')}${extension}"`;
}

/** Text as the UTF-8 bytes that imgproxy writes into headers; Node takes header values as Latin-1. Controls become spaces. */
function toHeaderText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Node refuses them in headers
  return Buffer.from(text.replace(/[\x00-\x1f\x7f]/g, ' '), 'utf8').toString('latin1');
}

/** The headers of an image. Node recodes a disposition that comes after the length, so it comes before. */
export function imageHeaders(
  image: RenderedImage,
  sourceUrl: string,
  source: DownloadedSource,
  options: ProcessingOptions,
): Record<string, string> {
  const { mimeType, extension } = imageFormatTable[image.format];
  return {
    ...commonHeaders,
    'content-type': mimeType,
    'content-disposition': contentDisposition(sourceUrl, options, `.${extension}`),
    'content-length': String(image.bytes.length),
    'cache-control': cacheControl(options.expiresAt, Date.now()),
    ...validators(source),
  };
}

/** The headers of a source that is handed out as it is. */
export function rawHeaders(
  sourceUrl: string,
  source: DownloadedSource,
  options: ProcessingOptions,
): Record<string, string> {
  const extension = /\.[^./]*$/.exec(sourceUrl)?.[0] ?? '';
  return {
    ...commonHeaders,
    ...(source.contentType === undefined ? {} : { 'content-type': source.contentType }),
    'content-disposition': contentDisposition(sourceUrl, options, extension),
    'content-length': String(source.bytes.length),
    'cache-control': cacheControl(options.expiresAt, Date.now()),
    ...validators(source),
  };
}

/** The storage's own validators, passed on. */
function validators({ etag, lastModified }: DownloadedSource): Record<string, string> {
  return {
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { 'last-modified': lastModified }),
  };
}
