import { type ErrorCode, errorCatalogue } from '@kuanary/shared/contract';

/** A failure that the caller is told about. Status and default sentence come from the contract's catalogue. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  /** Whole seconds after which a retry makes sense; sent as `Retry-After`. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, sentence?: string, options: { cause?: unknown; retryAfterSeconds?: number } = {}) {
    super(sentence ?? errorCatalogue[code].sentence, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.status = errorCatalogue[code].status;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}
