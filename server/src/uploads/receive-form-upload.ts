import { setMaxListeners } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { AppError } from '../errors.ts';
import { assertFormRequest } from './form-parser.ts';
import { readForm } from './read-form.ts';
import { createSpoolFolder } from './spool-folder.ts';
import { createSpoolSpace } from './spool-space.ts';
import { createSpooledFile, type SpooledFile } from './spooled-file.ts';

/** A form's file on disk, with what else the form said. */
export interface FormUpload {
  /** Path of the spooled file. */
  file: string;
  bytes: number;
  /** The client's own name for the file: one path segment without control characters, only ever echoed. */
  clientFilename: string | undefined;
  /** The form's `preset` field; the last one where there are several. */
  preset: string | undefined;
  /** Removes the file; calling it again does nothing. */
  discard(): Promise<void>;
}

/** Where forms are received. Whoever gets a `FormUpload` discards it. */
export interface UploadSpool {
  /**
   * Receives a multipart form with one file. Throws AppError `unsupported_media_type`, `malformed_multipart`, `no_file`,
   * `too_many_files`, `too_many_parts`, `truncated_body`, `file_too_large`, `empty_file`, `upload_too_slow`
   * or `spool_unavailable`. By then the file is gone. The client may still be sending: drain the request, then answer with
   * `Connection: close`.
   *
   * @param limits.maxFileBytes what this client may send, where that is less than anybody may
   * @param limits.signal when aborted, stops it with the signal's reason where that is an AppError, else `truncated_body`
   */
  receive(request: IncomingMessage, limits?: { maxFileBytes?: number; signal?: AbortSignal }): Promise<FormUpload>;
  /** Bytes on disk now. */
  usedBytes(): number;
  /** Stops what is being received and removes all files. */
  close(): Promise<void>;
}

export interface UploadSpoolOptions {
  /** A private folder is made inside. */
  folder: string;
  /** Of all files being received or not yet discarded, in bytes. */
  maxTotalBytes: number;
  maxFileBytes: number;
  /** An upload that stays below this on average over `slowAfterSeconds` is stopped. */
  minBytesPerSecond: number;
  slowAfterSeconds: number;
  /** Milliseconds. */
  now?: () => number;
  /** Told at the start where `folder` cannot be written to; until it can, forms are answered `spool_unavailable`. */
  onUnusable?: (error: unknown) => void;
}

export async function createUploadSpool(options: UploadSpoolOptions): Promise<UploadSpool> {
  const folder = await createSpoolFolder(options.folder, options.onUnusable);
  const space = createSpoolSpace(options.maxTotalBytes);
  const closing = new AbortController();
  // Every upload in progress listens to it, and there may be many.
  setMaxListeners(0, closing.signal);
  const running = new Set<Promise<FormUpload>>();

  async function receiveForm(
    request: IncomingMessage,
    limits: { maxFileBytes?: number; signal?: AbortSignal },
  ): Promise<FormUpload> {
    const maxFileBytes = Math.min(limits.maxFileBytes ?? options.maxFileBytes, options.maxFileBytes);
    closing.signal.throwIfAborted();
    assertFormRequest(request.headers, maxFileBytes);
    const expectedBytes = Math.min(Number(request.headers['content-length'] ?? 0), maxFileBytes);
    const spooled = await createSpooledFile(folder, space.reserve(expectedBytes), maxFileBytes);
    const stops = limits.signal === undefined ? [closing.signal] : [closing.signal, limits.signal];
    return readInto(spooled, request, maxFileBytes, stops);
  }

  async function readInto(
    spooled: SpooledFile,
    request: IncomingMessage,
    maxFileBytes: number,
    stops: AbortSignal[],
  ): Promise<FormUpload> {
    try {
      const form = await readForm(request, spooled, { now: Date.now, ...options, maxFileBytes, stops });
      await spooled.finish();
      return { ...form, file: spooled.file, discard: spooled.remove };
    } catch (error) {
      // What cannot be removed now goes with the folder; the client is told what went wrong first.
      await spooled.remove().catch(() => undefined);
      throw error;
    }
  }

  return {
    receive(request, limits = {}) {
      const run = receiveForm(request, limits).finally(() => running.delete(run));
      running.add(run);
      return run;
    },
    usedBytes: () => space.usedBytes(),
    async close() {
      closing.abort(new AppError('spool_unavailable', 'This instance is shutting down. Send the form again.'));
      await Promise.allSettled(running);
      await folder.remove();
    },
  };
}
