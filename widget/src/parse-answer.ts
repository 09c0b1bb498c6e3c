import type { CompleteAnswer, ImageFacts, ImageFormat, SignUploadAnswer } from '@kuanary/shared/contract';

/*
 * The API's answers, narrowed by hand: a schema library would weigh more than the rest of the client. Fields that are
 * not known here are left out, so that a newer server may say more. Every function returns null for anything else.
 */

export function parseSignUploadAnswer(value: unknown): SignUploadAnswer | null {
  if (!isRecord(value)) return null;
  const { uploadId, method, url, fields, ticket, expiresAt } = value;
  if (typeof uploadId !== 'string' || method !== 'POST' || typeof url !== 'string') return null;
  if (!isStringRecord(fields) || typeof ticket !== 'string' || typeof expiresAt !== 'string') return null;
  return { uploadId, method, url, fields, ticket, expiresAt };
}

export function parseCompleteAnswer(value: unknown): CompleteAnswer | null {
  if (!isRecord(value) || value['success'] !== true) return null;
  const { filename, url, urls, links, srcset, originalFilename } = value;
  const image = parseImageFacts(value['image']);
  if (typeof filename !== 'string' || typeof url !== 'string' || image === null) return null;
  if (!isStringRecord(urls) || !isStringRecord(links)) return null;
  return {
    success: true,
    filename,
    url,
    urls,
    links,
    image,
    ...(isStringRecord(srcset) ? { srcset } : {}),
    ...(typeof originalFilename === 'string' ? { originalFilename } : {}),
  };
}

export function parseErrorAnswer(
  value: unknown,
): { error: string; code: string; requestId: string | undefined } | null {
  if (!isRecord(value) || value['success'] !== false) return null;
  const { error, code, requestId } = value;
  if (typeof error !== 'string' || typeof code !== 'string') return null;
  return { error, code, requestId: typeof requestId === 'string' ? requestId : undefined };
}

function parseImageFacts(value: unknown): ImageFacts | null {
  if (!isRecord(value)) return null;
  const { width, height, format, bytes, animated } = value;
  if (!isCount(width) || !isCount(height) || !isCount(bytes) || !isImageFormat(format)) return null;
  return typeof animated === 'boolean' ? { width, height, format, bytes, animated } : null;
}

/** A record, so that the compiler wants every format of the contract to be here. */
const knownFormats: Record<ImageFormat, true> = {
  jpeg: true,
  png: true,
  gif: true,
  webp: true,
  avif: true,
  heic: true,
};

function isImageFormat(value: unknown): value is ImageFormat {
  return typeof value === 'string' && Object.hasOwn(knownFormats, value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStringRecord(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((item) => typeof item === 'string');
}
