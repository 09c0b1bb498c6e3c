import { printable } from '../printable-text.ts';

/** One file could not be uploaded; the message is a sentence for people. All that servers said in it is safe to show. */
export class UploadFailure extends Error {
  /** Machine code of the API or of the storage, where one answered. */
  readonly code: string | undefined;
  /** Under which the API or the storage has it in its log. */
  readonly requestId: string | undefined;

  constructor(message: string, details: { code?: string | undefined; requestId?: string | undefined } = {}) {
    super(printable(message));
    this.name = 'UploadFailure';
    this.code = toPrintable(details.code);
    this.requestId = toPrintable(details.requestId);
  }
}

function toPrintable(text: string | undefined): string | undefined {
  return text === undefined ? undefined : printable(text);
}

/** What went wrong with a connection, in a few words: "ECONNREFUSED 127.0.0.1:5001". */
export function describeConnectionFailure(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  if (cause.name === 'TimeoutError') return 'no answer in time';
  // Several addresses were tried: the error of the last one says more than the empty message of all.
  if (cause instanceof AggregateError && cause.message === '') return describeConnectionFailure(cause.errors.at(-1));
  return cause.message;
}
