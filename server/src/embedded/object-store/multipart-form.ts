import { type ByteInput, createByteInput } from './byte-input.ts';
import { invalidArgument, S3Error } from './s3-error.ts';

export interface FormLimits {
  /** Of everything before the file: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html */
  maxBytesBeforeFile: number;
  maxFields: number;
  maxHeaderLineBytes: number;
  maxBoundaryLength: number;
}

/** The boundary's is of https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1 */
export const awsFormLimits: FormLimits = {
  maxBytesBeforeFile: 20_480,
  maxFields: 200,
  maxHeaderLineBytes: 8_192,
  maxBoundaryLength: 70,
};
/** Like RadosGW, which has none: no form that is meant well meets them, and memory stays bounded all the same. */
export const wideFormLimits: FormLimits = {
  maxBytesBeforeFile: 4 * 1024 * 1024,
  maxFields: 10_000,
  maxHeaderLineBytes: 1024 * 1024,
  maxBoundaryLength: 1024,
};

const lineEnd = Buffer.from('\r\n');
const partHeadEnd = Buffer.from('\r\n\r\n');

export interface ParsedForm {
  /** By lower-case name; of several with one name the last counts. */
  fields: ReadonlyMap<string, string>;
  /** Of the file part; undefined where it names none. */
  filename: string | undefined;
  /** The file's bytes, to be read to the end: it throws where the form has no closing boundary. Null without a file. */
  file: AsyncIterable<Uint8Array> | null;
}

/** The boundary of a multipart/form-data content type. @throws S3Error InvalidArgument */
export function parseBoundary(contentType: string | undefined, { maxBoundaryLength }: FormLimits): string {
  if (contentType === undefined || !/^multipart\/form-data\s*(?:;|$)/i.test(contentType)) {
    throw invalidArgument('Request Content-Type is not multipart/form-data.');
  }
  const [, quoted, bare] = /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined) throw invalidArgument('Missing multipart boundary specification.');
  if (boundary.length > maxBoundaryLength) {
    throw invalidArgument(`The multipart boundary may have ${maxBoundaryLength} characters, no more.`);
  }
  return boundary;
}

/**
 * Reads a form (RFC 7578) up to its file, which comes last in S3's forms: what follows it is ignored. The file is
 * streamed; everything before it is small by the limits above.
 *
 * @throws S3Error InvalidArgument for what is malformed, MaxPostPreDataLengthExceeded
 */
export async function parseForm(
  body: AsyncIterable<Uint8Array>,
  boundary: string,
  limits: FormLimits,
): Promise<ParsedForm> {
  const { maxBytesBeforeFile, maxFields } = limits;
  const input = createByteInput(withLineEndBefore(body));
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  const fields = new Map<string, string>();
  let bytesLeft = maxBytesBeforeFile;
  const readUntil = async (mark: Buffer): Promise<Buffer> => {
    const bytes = await input.readUntil(mark, bytesLeft);
    if (bytes === null) throw await explainMissing(input, bytesLeft, limits);
    bytesLeft -= Math.min(bytesLeft, bytes.length + mark.length);
    return bytes;
  };

  await readUntil(delimiter);
  for (let count = 0; ; count += 1) {
    const ending = (await input.peek(2)).toString('latin1');
    if (ending === '--') return { fields, filename: undefined, file: null };
    if (ending !== '\r\n') throw invalidArgument('Malformed request: lines of a form end in CRLF.');
    if (count > maxFields) throw invalidArgument(`A form may have ${maxFields} fields before its file, no more.`);
    input.skip(2);
    const part = parsePartHead(await readUntil(partHeadEnd), limits);
    if (part.name.toLowerCase() === 'file')
      return { fields, filename: part.filename, file: readFile(input, delimiter) };
    fields.set(part.name.toLowerCase(), decodeText(await readUntil(delimiter)));
  }
}

/** The first delimiter has no line end before it where there is no preamble. */
async function* withLineEndBefore(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield lineEnd;
  yield* body;
}

async function explainMissing(
  input: ByteInput,
  bytesLeft: number,
  { maxBytesBeforeFile }: FormLimits,
): Promise<S3Error> {
  const waiting = await input.peek(bytesLeft + 1);
  if (waiting.length <= bytesLeft)
    return invalidArgument('Malformed request: the form is cut off, or its boundary is not that of the Content-Type.');
  return new S3Error(
    400,
    'MaxPostPreDataLengthExceeded',
    `The form has more than ${maxBytesBeforeFile} bytes before its file: the part named "file" must be the last one.`,
  );
}

function parsePartHead(
  head: Buffer,
  { maxHeaderLineBytes }: FormLimits,
): { name: string; filename: string | undefined } {
  const lines = decodeText(head).split('\r\n');
  if (lines.some((line) => Buffer.byteLength(line) > maxHeaderLineBytes)) {
    throw invalidArgument(`A header line of the form may have ${maxHeaderLineBytes} bytes, no more.`);
  }
  const disposition = lines.find((line) => /^content-disposition\s*:\s*form-data\s*;/i.test(line)) ?? '';
  const name = readParameter(disposition, 'name');
  if (name === undefined || name === '') {
    throw invalidArgument('Malformed request: each part of the form needs Content-Disposition: form-data; name="…".');
  }
  return { name, filename: readParameter(disposition, 'filename') };
}

const parameterPatterns = {
  name: /;\s*name=(?:"([^"]*)"|([^;\s"]*))/i,
  filename: /;\s*filename=(?:"([^"]*)"|([^;\s"]*))/i,
};

/** Browsers write `"` and line ends as `%22`, `%0D%0A`; a backslash is itself: https://html.spec.whatwg.org/#multipart-form-data */
function readParameter(disposition: string, parameter: keyof typeof parameterPatterns): string | undefined {
  const [, quoted, bare] = parameterPatterns[parameter].exec(disposition) ?? [];
  return quoted?.replace(/%22/g, '"').replace(/%0D/gi, '\r').replace(/%0A/gi, '\n') ?? bare;
}

function decodeText(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalidArgument('Malformed request: the fields of a form must be UTF-8.');
  }
}

const pieceBytes = 256 * 1024;

async function* readFile(input: ByteInput, delimiter: Buffer): AsyncGenerator<Uint8Array> {
  let held: Buffer = Buffer.alloc(0);
  for (;;) {
    const piece = await input.readSome(pieceBytes);
    if (piece === null) throw invalidArgument('Malformed request: the form ends without its closing boundary.');
    held = held.length === 0 ? piece : Buffer.concat([held, piece]);
    let from = 0;
    for (;;) {
      const at = held.indexOf(delimiter, from);
      const end = at + delimiter.length;
      if (at >= 0 && end + 2 <= held.length) {
        if (isDelimiterEnd(held.toString('latin1', end, end + 2))) {
          if (at > 0) yield held.subarray(0, at);
          return;
        }
        // Bytes of the file that only begin like the delimiter.
        from = end;
        continue;
      }
      // What may be the beginning of the delimiter waits for more bytes.
      const safe = at >= 0 ? at : Math.max(from, held.length - delimiter.length + 1);
      if (safe > 0) yield held.subarray(0, safe);
      held = held.subarray(safe);
      break;
    }
  }
}

function isDelimiterEnd(twoCharacters: string): boolean {
  return twoCharacters === '--' || twoCharacters === '\r\n';
}
