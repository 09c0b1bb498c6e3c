import { AppError } from '../errors.ts';

/** When a full spool is worth another try: uploads in progress end within seconds. */
const retryAfterSeconds = 5;

/** Bytes of disk that all uploads together may take. */
export interface SpoolSpace {
  /** Bytes on disk now. */
  usedBytes(): number;
  /** Sets `expectedBytes` aside before the first of them arrives, so that uploads are refused early and not all half-way. */
  reserve(expectedBytes: number): SpaceReservation;
}

export interface SpaceReservation {
  /** Counts bytes about to be written; takes more space where they exceed what was expected. */
  add(bytes: number): void;
  /** Nothing more will be written. */
  trim(): void;
  /** Nothing is on disk any more. */
  release(): void;
}

/** `reserve` and `add` throw AppError `spool_unavailable` where `maxTotalBytes` would be exceeded. */
export function createSpoolSpace(maxTotalBytes: number): SpoolSpace {
  let used = 0;
  let taken = 0;

  function take(bytes: number): void {
    if (taken + bytes > maxTotalBytes) throw spoolUnavailable();
    taken += bytes;
  }

  return {
    usedBytes: () => used,
    reserve(expectedBytes) {
      take(expectedBytes);
      let reserved = expectedBytes;
      let written = 0;
      const shrinkTo = (bytes: number) => {
        taken -= reserved - bytes;
        reserved = bytes;
      };
      return {
        add(bytes) {
          const missing = Math.max(0, written + bytes - reserved);
          take(missing);
          reserved += missing;
          written += bytes;
          used += bytes;
        },
        trim: () => shrinkTo(written),
        release() {
          used -= written;
          written = 0;
          shrinkTo(0);
        },
      };
    },
  };
}

export function spoolUnavailable(cause?: unknown): AppError {
  return new AppError('spool_unavailable', undefined, { cause, retryAfterSeconds });
}
