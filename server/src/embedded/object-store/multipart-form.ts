import { invalidArgument } from './s3-error.ts';

/** Of everything before the file: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html */
const maxBytesBeforeFile = 20_480;
const maxFields = 200;
const maxHeaderLineBytes = 8_192;
const maxBoundaryCharacters = 70;
const lineEnd = Buffer.from('\r\n');
const headEnd = Buffer.from('\r\n\r\n');

export interface ParsedForm {
  /** By lower-case name; of several with one name the last counts. */
  fields: Map<string, string>;
  filename: string | undefined;
  /** The file's bytes, to be read to the end. It throws when the form ends without a closing boundary. */
  file: AsyncGenerator<Uint8Array>;
}

/** The boundary of a multipart/form-data content type. @throws S3Error InvalidArgument */
export function parseBoundary(contentType: string | undefined): string {
  if (contentType === undefined || !/^multipart\/form-data\b/i.test(contentType)) {
    throw invalidArgument('Request Content-Type is not multipart/form-data');
  }
  const [, quoted, bare] = /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined) throw invalidArgument('Missing multipart boundary specification');
  if (boundary.length > maxBoundaryCharacters) throw invalidArgument('The multipart boundary is too long.');
  return boundary;
}

/** Bytes that came in and are not used up yet. */
interface Input {
  pending: Buffer;
  /** Appends what comes next; false at the end. */
  more(): Promise<boolean>;
}

/**
 * Reads a form (RFC 7578) up to the file part, which comes last in S3's forms: what follows it is ignored. The file is
 * streamed; everything before it is small by the limits above.
 *
 * @throws S3Error InvalidArgument for whatever is malformed, too large or without a file
 */
export async function parseForm(body: AsyncIterable<Uint8Array>, boundary: string): Promise<ParsedForm> {
  const input = createInput(body);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const fields = new Map<string, string>();
  let bytesBefore = 0;
  // The first delimiter stands at the very start, or after a preamble, which is skipped.
  input.pending = Buffer.from(lineEnd);
  bytesBefore += (await readUntil(input, delimiter, maxBytesBeforeFile)).length;
  for (;;) {
    if (!(await skipDelimiterEnd(input))) throw invalidArgument('The form has no file.');
    const head = await readUntil(input, headEnd, maxBytesBeforeFile);
    const part = parsePartHead(head.toString('utf8'));
    if (part.name.toLowerCase() === 'file')
      return { fields, filename: part.filename, file: readFile(input, delimiter) };
    const value = await readUntil(input, delimiter, maxBytesBeforeFile);
    bytesBefore += head.length + value.length;
    if (bytesBefore > maxBytesBeforeFile)
      throw invalidArgument(`The form has more than ${maxBytesBeforeFile} bytes before the file.`);
    fields.set(part.name.toLowerCase(), value.toString('utf8'));
    if (fields.size > maxFields) throw invalidArgument(`The form has more than ${maxFields} fields.`);
  }
}

function createInput(body: AsyncIterable<Uint8Array>): Input {
  const iterator = body[Symbol.asyncIterator]();
  const input: Input = {
    pending: Buffer.alloc(0),
    more: async () => {
      const { done, value } = await iterator.next();
      if (done === true) return false;
      input.pending = input.pending.length === 0 ? Buffer.from(value) : Buffer.concat([input.pending, value]);
      return true;
    },
  };
  return input;
}

async function readUntil(input: Input, mark: Buffer, maxBytes: number): Promise<Buffer> {
  let searchedTo = 0;
  for (;;) {
    const at = input.pending.indexOf(mark, searchedTo);
    if (at >= 0) {
      const found = input.pending.subarray(0, at);
      input.pending = input.pending.subarray(at + mark.length);
      return found;
    }
    if (input.pending.length > maxBytes + mark.length)
      throw invalidArgument(`The form has more than ${maxBytes} bytes before the file.`);
    searchedTo = Math.max(0, input.pending.length - mark.length + 1);
    if (!(await input.more())) throw invalidArgument('Malformed request: the form is cut off.');
  }
}

/** Behind a delimiter: CRLF, after which a part comes, or `--`, after which nothing does. */
async function skipDelimiterEnd(input: Input): Promise<boolean> {
  const ending = (await readAhead(input, 2)).toString('latin1');
  if (ending === '--') return false;
  if (ending !== '\r\n') throw invalidArgument('Malformed request: lines of a form end in CRLF.');
  input.pending = input.pending.subarray(2);
  return true;
}

async function readAhead(input: Input, bytes: number): Promise<Buffer> {
  while (input.pending.length < bytes && (await input.more()));
  return input.pending.subarray(0, bytes);
}

function parsePartHead(head: string): { name: string; filename: string | undefined } {
  const lines = head.split('\r\n');
  if (lines.some((line) => Buffer.byteLength(line) > maxHeaderLineBytes))
    throw invalidArgument('A header line of the form is too long.');
  const disposition = lines.find((line) => /^content-disposition\s*:/i.test(line)) ?? '';
  const name = readParameter(disposition, 'name');
  if (name === undefined || name === '') throw invalidArgument('A part of the form has no name.');
  return { name, filename: readParameter(disposition, 'filename') };
}

/** Browsers write `"` in a name as `%22` (https://html.spec.whatwg.org/#multipart-form-data); a backslash is itself. */
function readParameter(disposition: string, name: string): string | undefined {
  const [, quoted, bare] = new RegExp(`;\\s*${name}=(?:"([^"]*)"|([^;\\s]*))`, 'i').exec(disposition) ?? [];
  return quoted?.replace(/%22/g, '"').replace(/%0D/gi, '\r').replace(/%0A/gi, '\n') ?? bare;
}

async function* readFile(input: Input, delimiter: Buffer): AsyncGenerator<Uint8Array> {
  for (;;) {
    const at = input.pending.indexOf(delimiter);
    const end = at + delimiter.length;
    if (at >= 0 && end + 2 <= input.pending.length) {
      const isEnd = isDelimiterEnd(input.pending, end);
      // Otherwise these are bytes of the file that only began like the delimiter.
      const bytes = input.pending.subarray(0, isEnd ? at : end);
      input.pending = input.pending.subarray(bytes.length);
      if (bytes.length > 0) yield bytes;
      if (isEnd) return;
      continue;
    }
    // What could be the beginning of a delimiter stays until more has come.
    const safe = at >= 0 ? at : Math.max(0, input.pending.length - delimiter.length + 1);
    if (safe > 0) yield input.pending.subarray(0, safe);
    input.pending = input.pending.subarray(safe);
    if (!(await input.more())) throw invalidArgument('Malformed request: the form ends without its closing boundary.');
  }
}

function isDelimiterEnd(bytes: Buffer, at: number): boolean {
  const ending = bytes.toString('latin1', at, at + 2);
  return ending === '--' || ending === '\r\n';
}
