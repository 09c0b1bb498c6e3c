import { AppError } from '../errors.ts';

/** Random access to a file that is elsewhere: an object in the bucket, or a spooled file. */
export interface ByteSource {
  totalBytes: number;
  /** Resolves to `length` bytes from `start`, to fewer only where the file ends. */
  read(start: number, length: number): Promise<Uint8Array>;
}

/** What a format's header says. Sides in pixels, as displayed. */
export interface HeaderFacts {
  width: number;
  height: number;
  animated: boolean;
}

/** Random access within a budget. Every parser step goes through `at`, so bounding it bounds every parser. */
export interface HeaderReader {
  readonly totalBytes: number;
  /**
   * Exactly `length` bytes from `offset`. Where they are not at hand, one read fetches them and up to `readAheadBytes`.
   * Throws AppError `truncated` where the file ends before them, `header_too_far` where the budget does.
   */
  at(offset: number, length: number, readAheadBytes?: number): Promise<Buffer>;
}

/** Most calls of `at` for one file: far more than any real header takes, few enough to cost some milliseconds. */
export const maxHeaderSteps = 10_000;
/** Most reads of the source after the first; a file of a thousand small far-apart pieces must not cost as many requests. */
export const maxFurtherReads = 64;
/** A further read fetches at least this much: what follows a long metadata segment fits in it. */
const defaultReadAheadBytes = 1024;

export function createHeaderReader(source: ByteSource, first: Uint8Array, maxBytes: number): HeaderReader {
  const pieces: { start: number; bytes: Buffer }[] = [{ start: 0, bytes: toBuffer(first) }];
  let bytesLeft = maxBytes - first.length;
  let readsLeft = maxFurtherReads;
  let stepsLeft = maxHeaderSteps;

  async function fetchPiece(offset: number, length: number, readAheadBytes: number): Promise<Buffer> {
    if (length > bytesLeft || readsLeft === 0) throw headerTooFar(maxBytes);
    const wanted = Math.min(Math.max(length, readAheadBytes), bytesLeft, source.totalBytes - offset);
    readsLeft -= 1;
    bytesLeft -= wanted;
    const bytes = toBuffer(await source.read(offset, wanted)).subarray(0, wanted);
    if (bytes.length < length) throw new AppError('truncated');
    pieces.push({ start: offset, bytes });
    return bytes.subarray(0, length);
  }

  return {
    totalBytes: source.totalBytes,
    async at(offset, length, readAheadBytes = defaultReadAheadBytes) {
      if (stepsLeft === 0) throw headerTooFar(maxBytes);
      stepsLeft -= 1;
      if (offset + length > source.totalBytes) throw new AppError('truncated');
      const piece = pieces.find(({ start, bytes }) => offset >= start && offset + length <= start + bytes.length);
      if (piece !== undefined) return piece.bytes.subarray(offset - piece.start, offset - piece.start + length);
      return fetchPiece(offset, length, readAheadBytes);
    },
  };
}

/** The file claims a format and breaks that format's own rules. */
export function malformedHeader(format: string, problem: string): AppError {
  return new AppError(
    'unsupported_content',
    `The file starts like ${format}, but ${problem}. No program can show it; save the picture again and upload that.`,
  );
}

/** True for the two ways a header can be out of reach, where a parser already knows enough to go without the rest. */
export function isOutOfReach(error: unknown): boolean {
  return error instanceof AppError && (error.code === 'header_too_far' || error.code === 'truncated');
}

function headerTooFar(maxBytes: number): AppError {
  return new AppError(
    'header_too_far',
    `The picture's size was not found within ${maxBytes / 1024} KiB of header. ` +
      'Save it again without embedded previews and with less metadata, and upload that.',
  );
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
