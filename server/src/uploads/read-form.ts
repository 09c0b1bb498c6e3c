import type { IncomingMessage } from 'node:http';
import type { Writable } from 'node:stream';
import { AppError } from '../errors.ts';
import { createFormParser, fileTooLarge, formOverheadBytes } from './form-parser.ts';
import type { SpooledFile } from './spooled-file.ts';
import { type UploadRateRule, watchUploadRate } from './upload-rate.ts';

export interface ReceivedForm {
  /** Size of the file. */
  bytes: number;
  clientFilename: string | undefined;
  preset: string | undefined;
}

export interface ReadFormOptions extends UploadRateRule {
  maxFileBytes: number;
  /** Any of them stops the reading, with its reason where that is an AppError. */
  stops: AbortSignal[];
}

/**
 * Reads a form to its end, its one file into `spooled`. Memory stays constant: the request is paused while the disk is
 * behind. Once it has thrown, nothing writes to `spooled` any more and the rest of the body is unread.
 */
export function readForm(
  request: IncomingMessage,
  spooled: SpooledFile,
  options: ReadFormOptions,
): Promise<ReceivedForm> {
  return new Promise((resolve, reject) => {
    assertStillWanted(request, options.stops);
    const form: ReceivedForm = { bytes: 0, clientFilename: undefined, preset: undefined };
    let spooling: Promise<number> | undefined;
    let isFileOpen = false;
    let isSettled = false;

    const parser = createFormParser(request.headers, options.maxFileBytes, {
      onFile(part, clientFilename) {
        if (isSettled) return;
        form.clientFilename = clientFilename;
        isFileOpen = true;
        part.once('end', () => {
          isFileOpen = false;
        });
        spooling = spooled.write(part);
        spooling.catch(fail);
      },
      onPreset(name) {
        form.preset = name;
      },
      onError: fail,
    });
    const feed = feedParser(request, parser, options, () => isFileOpen, fail);
    parser.once('finish', () => {
      spooling?.then(succeed, fail);
    });

    function succeed(bytes: number): void {
      if (isSettled) return;
      if (bytes === 0) {
        // Browsers send a nameless empty file where none was chosen.
        fail(new AppError(form.clientFilename === undefined ? 'no_file' : 'empty_file'));
        return;
      }
      isSettled = true;
      feed.stop();
      resolve({ ...form, bytes });
    }

    function fail(error: unknown): void {
      if (isSettled) return;
      isSettled = true;
      feed.stop();
      request.pause();
      parser.destroy();
      const reason = toFormError(error, feed.hasEnded());
      // The parser's end is the file part's end too.
      void Promise.allSettled([spooling]).then(() => reject(reason));
    }
  });
}

/** Passes the body on to the parser under watch: of its size, its rate, its end, and of the signals that stop it. */
function feedParser(
  request: IncomingMessage,
  parser: Writable,
  options: ReadFormOptions,
  isFileOpen: () => boolean,
  fail: (error: unknown) => void,
): { stop(): void; hasEnded(): boolean } {
  const maxBodyBytes = options.maxFileBytes + formOverheadBytes;
  let bodyBytes = 0;
  let hasEnded = false;
  const listening = new AbortController();
  const rate = watchUploadRate(options, () => fail(new AppError('upload_too_slow')));

  function onData(chunk: Buffer): void {
    bodyBytes += chunk.length;
    rate.add(chunk.length);
    if (bodyBytes > maxBodyBytes) {
      fail(isFileOpen() ? fileTooLarge(options.maxFileBytes) : new AppError('too_many_parts'));
    } else if (!parser.write(chunk)) {
      request.pause();
    }
  }
  function onEnd(): void {
    hasEnded = true;
    rate.stop();
    parser.end();
  }
  function onClose(): void {
    if (!hasEnded) fail(new AppError('truncated_body'));
  }
  function onDrain(): void {
    request.resume();
  }

  request.on('data', onData).once('end', onEnd).once('close', onClose);
  parser.on('drain', onDrain);
  for (const stop of options.stops) {
    const onAbort = () => fail(stopReason(stop));
    stop.addEventListener('abort', onAbort, { once: true, signal: listening.signal });
  }
  return {
    hasEnded: () => hasEnded,
    stop() {
      listening.abort();
      rate.stop();
      request.off('data', onData).off('end', onEnd).off('close', onClose);
      parser.off('drain', onDrain);
    },
  };
}

/** While the file was being made, the client may have gone and a signal may have been given. */
function assertStillWanted(request: IncomingMessage, stops: AbortSignal[]): void {
  if (request.destroyed) throw new AppError('truncated_body');
  const stop = stops.find((signal) => signal.aborted);
  if (stop !== undefined) throw stopReason(stop);
}

function stopReason(stop: AbortSignal): AppError {
  return stop.reason instanceof AppError
    ? stop.reason
    : new AppError('truncated_body', undefined, { cause: stop.reason });
}

/** After the last byte the parser only complains of what is missing; before it, of what is wrong. */
function toFormError(error: unknown, hasEnded: boolean): AppError {
  if (error instanceof AppError) return error;
  return new AppError(hasEnded ? 'truncated_body' : 'malformed_multipart', undefined, { cause: error });
}
