import { formatTable, type ImageFormat } from '@kuanary/shared/contract';
import type { Uploader } from '../access/authorise.ts';
import { AppError } from '../errors.ts';

/** Names that browsers and old clients use for a type that has another name. */
const typeAliases: Record<string, string> = { 'image/jpg': 'image/jpeg', 'image/heif': 'image/heic' };

/**
 * What may be signed: a declared type on the list, a size between 1 byte and the caller's limit. The answer is the type in
 * its one spelling; what the file really is, is looked at after the upload.
 *
 * @throws AppError `unsupported_file_type`, `empty_file`, `file_too_large`
 */
export function assertUploadAllowed(
  declared: { contentType: string; size: number },
  uploader: Uploader,
  allowedFormats: ReadonlySet<ImageFormat>,
): { contentType: string } {
  const contentType = normaliseContentType(declared.contentType);
  const allowedTypes = listMimeTypes(allowedFormats);
  if (!allowedTypes.includes(contentType)) {
    throw new AppError(
      'unsupported_file_type',
      `Files of this type are not accepted. Accepted are ${allowedTypes.join(', ')}.`,
    );
  }
  if (declared.size === 0) throw new AppError('empty_file');
  assertSizeAllowed(declared.size, uploader.maxBytes);
  return { contentType };
}

/** @throws AppError `file_too_large` with both numbers */
function assertSizeAllowed(bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  throw new AppError(
    'file_too_large',
    `The file has ${bytes} bytes; at most ${maxBytes} are accepted. Make it smaller.`,
  );
}

export function listMimeTypes(formats: ReadonlySet<ImageFormat>): string[] {
  return [...formats].map((format) => formatTable[format].mimeType);
}

function normaliseContentType(contentType: string): string {
  const lowerCase = contentType.toLowerCase();
  return Object.hasOwn(typeAliases, lowerCase) ? (typeAliases[lowerCase] ?? lowerCase) : lowerCase;
}
