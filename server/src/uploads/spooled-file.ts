import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { fileTooLarge } from './form-parser.ts';
import type { SpoolFolder } from './spool-folder.ts';
import { type SpaceReservation, spoolUnavailable } from './spool-space.ts';

/** One file of the spool, from its first byte to its removal. */
export interface SpooledFile {
  /** Its path. */
  readonly file: string;
  /** Writes a part of a form, chunk by chunk. Resolves to its size. Throws AppError `file_too_large` or `spool_unavailable`. */
  write(part: Readable): Promise<number>;
  /** Nothing more will be written. Throws AppError `spool_unavailable`. */
  finish(): Promise<void>;
  /** May be called at any time when nothing writes, and again. */
  remove(): Promise<void>;
}

/** Throws AppError `spool_unavailable` where the file cannot be made. */
export async function createSpooledFile(
  folder: SpoolFolder,
  reservation: SpaceReservation,
  maxFileBytes: number,
): Promise<SpooledFile> {
  const { file, handle } = await folder.createFile().catch((cause: unknown) => {
    reservation.release();
    throw spoolUnavailable(cause);
  });

  return {
    file,
    async write(part) {
      let bytes = 0;
      const chunks: AsyncIterable<Buffer> = part;
      for await (const chunk of chunks) {
        bytes += chunk.length;
        // Busboy only marks a file that is too large, and ends it like any other.
        if (bytes > maxFileBytes) throw fileTooLarge(maxFileBytes);
        reservation.add(chunk.length);
        await handle.appendFile(chunk).catch((cause: unknown) => {
          throw spoolUnavailable(cause);
        });
      }
      return bytes;
    },
    async finish() {
      await handle.close().catch((cause: unknown) => {
        throw spoolUnavailable(cause);
      });
      reservation.trim();
    },
    async remove() {
      await handle.close();
      await rm(file, { force: true });
      reservation.release();
    },
  };
}
