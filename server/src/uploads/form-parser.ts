import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import busboy from 'busboy';
import { AppError } from '../errors.ts';

/** Fields beside the file. */
export const maxFields = 20;
/** Of one field's value, in bytes. */
export const maxFieldBytes = 1024;
/** What a form may weigh beside its file: boundaries, part headers, fields. */
export const formOverheadBytes = 64 * 1024;
/** A boundary has at most 70 characters (RFC 2046, section 5.1.1); the rest is room for further parameters. */
const maxContentTypeLength = 256;
const maxClientFilenameLength = 255;
const maxQuotedNameLength = 64;
const fileFields = new Set<string | undefined>(['file', 'image', 'upload', 'files[]']);

export interface FormHandlers {
  onFile(part: Readable, clientFilename: string | undefined): void;
  onPreset(name: string): void;
  /** The form breaks a rule, or is not a form. */
  onError(error: unknown): void;
}

/**
 * Refuses by the head of the request, before any of the body is read: AppError `unsupported_media_type`,
 * `malformed_multipart` or `file_too_large`.
 */
export function assertFormRequest(headers: IncomingHttpHeaders, maxFileBytes: number): void {
  const contentType = headers['content-type'] ?? '';
  if (contentType.split(';', 1)[0]?.trim().toLowerCase() !== 'multipart/form-data') {
    throw new AppError(
      'unsupported_media_type',
      'The body is not a form. Send it as multipart/form-data, with the picture in a file field called "file".',
    );
  }
  for (const [name, plain] of [
    ['content-encoding', 'identity'],
    ['transfer-encoding', 'chunked'],
  ] as const) {
    const coding = headers[name];
    if (coding !== undefined && coding.trim().toLowerCase() !== plain) {
      throw new AppError('unsupported_media_type', `Compressed bodies are not read. Send the form without ${name}.`);
    }
  }
  if (contentType.length > maxContentTypeLength || /boundary\s*=\s*""/i.test(contentType)) {
    throw new AppError('malformed_multipart', 'The Content-Type needs a boundary of 1 to 70 characters.');
  }
  const contentLength = Number(headers['content-length'] ?? 0);
  if (contentLength > maxFileBytes + formOverheadBytes) throw fileTooLarge(maxFileBytes);
}

/** A parser to write the body to. It emits 'finish' after a complete form. `onError` may be called more than once, and late. */
export function createFormParser(headers: IncomingHttpHeaders, maxFileBytes: number, handlers: FormHandlers) {
  const parser = createBusboy(headers, maxFileBytes);
  let textInFileField: string | undefined;
  let hasFile = false;

  parser.on('file', (field: string | undefined, part, { filename }) => {
    hasFile = true;
    // It fails together with the parser, also before anybody reads it.
    part.on('error', handlers.onError);
    if (fileFields.has(field)) {
      handlers.onFile(part, cleanClientFilename(filename));
    } else {
      handlers.onError(
        new AppError(
          'no_file',
          `The file came in the field ${quoteName(field)}. Send it in one called "file", "image", "upload" or "files[]".`,
        ),
      );
    }
  });
  parser.on('field', (field: string | undefined, value, { valueTruncated }) => {
    if (valueTruncated) {
      const problem = `The field ${quoteName(field)} is longer than ${maxFieldBytes} bytes.`;
      handlers.onError(
        new AppError('too_many_parts', `${problem} Send the file and at most ${maxFields} short fields.`),
      );
    }
    if (fileFields.has(field)) textInFileField = field;
    if (field === 'preset') handlers.onPreset(value);
  });
  parser.on('filesLimit', () => handlers.onError(new AppError('too_many_files')));
  parser.on('fieldsLimit', () => handlers.onError(new AppError('too_many_parts')));
  parser.on('partsLimit', () => handlers.onError(new AppError('too_many_parts')));
  parser.on('error', handlers.onError);
  parser.prependOnceListener('finish', () => {
    if (!hasFile) handlers.onError(noFile(textInFileField));
  });
  return parser;
}

export function fileTooLarge(maxFileBytes: number): AppError {
  return new AppError('file_too_large', `The file is too large. At most ${maxFileBytes} bytes are accepted.`);
}

function createBusboy(headers: IncomingHttpHeaders, maxFileBytes: number) {
  try {
    return busboy({
      headers,
      preservePath: true,
      defParamCharset: 'utf8',
      // One more than allowed each: reaching a limit is then the mistake, and what is allowed comes through whole.
      limits: {
        fileSize: maxFileBytes + 1,
        files: 1,
        fields: maxFields,
        fieldSize: maxFieldBytes + 1,
        parts: maxFields + 2,
      },
    });
  } catch (cause) {
    throw new AppError('malformed_multipart', 'The Content-Type needs a boundary of 1 to 70 characters.', { cause });
  }
}

function noFile(textInFileField: string | undefined): AppError {
  if (textInFileField === undefined) return new AppError('no_file');
  const problem = `The field ${quoteName(textInFileField)} came as text.`;
  return new AppError('no_file', `${problem} Send it as a file: a form part with a file name.`);
}

/** The last segment of what the client calls its file, without what no file name has. It is only ever echoed. */
function cleanClientFilename(name: string | undefined): string | undefined {
  const segment = name?.split(/[/\\]/).at(-1) ?? '';
  return cleanText(segment, maxClientFilenameLength) || undefined;
}

/** Without control characters and lone surrogates; the cut may leave one of these. */
function cleanText(text: string, maxLength: number): string {
  return text
    .replace(/\p{Cc}/gu, '')
    .slice(0, maxLength)
    .replace(/\p{Cs}/gu, '');
}

function quoteName(name = ''): string {
  return JSON.stringify(cleanText(name, maxQuotedNameLength));
}
