import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { drainRequest } from '../../src/uploads/drain-request.ts';
import {
  createUploadSpool,
  type FormUpload,
  type UploadSpool,
  type UploadSpoolOptions,
} from '../../src/uploads/receive-form-upload.ts';
import { type FormPart, formBody, formHeaders, type RawAnswer, requestHead, sendRaw } from './form-requests.ts';

export const maxFileBytes = 100_000;

/** A bare HTTP server that receives forms, says what it received or what was wrong, and discards the file. */
export interface FormServer {
  readonly port: number;
  readonly folder: string;
  readonly spool: UploadSpool;
  /** Aborting it stops what is being received. */
  readonly stop: AbortController;
  /** How each request ended: `received`, or the code of the error. */
  readonly outcomes: Promise<string>[];
  /** What had been read of the last connection when its answer was given. */
  readonly bytesTaken: number;
  /** Replaces the spool by one with other limits. */
  useSpool(options?: Partial<UploadSpoolOptions>): Promise<void>;
  /** Resolves when the head of the next request has arrived. */
  nextRequest(): Promise<unknown>;
  post(parts: FormPart[]): Promise<RawAnswer>;
  spooledFiles(): Promise<string[]>;
  /** Fails the test where anything of any request is left. */
  close(): Promise<void>;
}

export async function startFormServer(): Promise<FormServer> {
  const folder = await mkdtemp(join(tmpdir(), 'kuanary-test-'));
  const stop = new AbortController();
  const outcomes: Promise<string>[] = [];
  let spool = await createSpool(folder);
  let bytesTaken = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const received = spool.receive(request, { signal: stop.signal });
    outcomes.push(received.then(() => 'received', codeOf));
    server.emit('receiving');
    const { status, retryAfter, body } = await received.then(describeUpload, describeError);
    if (!request.complete) await drainRequest(request);
    const text = JSON.stringify(body);
    bytesTaken = request.socket.bytesRead;
    response.writeHead(status, { 'Content-Length': Buffer.byteLength(text), Connection: 'close', ...retryAfter });
    response.end(text);
  }

  const server = createServer(answer).on('checkContinue', answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;

  async function spooledFiles(): Promise<string[]> {
    const [own = ''] = await readdir(folder);
    return readdir(join(folder, own));
  }

  return {
    port,
    folder,
    stop,
    outcomes,
    get spool() {
      return spool;
    },
    get bytesTaken() {
      return bytesTaken;
    },
    async useSpool(options) {
      await spool.close();
      spool = await createSpool(folder, options);
    },
    nextRequest: () => once(server, 'receiving'),
    post(parts) {
      const body = formBody(parts);
      return sendRaw(port, requestHead(formHeaders(body)), body);
    },
    spooledFiles,
    async close() {
      await Promise.all(outcomes);
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      const left = { usedBytes: spool.usedBytes(), files: await spooledFiles() };
      await spool.close();
      const folders = await readdir(folder);
      await rm(folder, { recursive: true });
      expect({ ...left, folders }).toEqual({ usedBytes: 0, files: [], folders: [] });
    },
  };
}

function createSpool(folder: string, options: Partial<UploadSpoolOptions> = {}): Promise<UploadSpool> {
  const limits = { maxTotalBytes: 10 * maxFileBytes, maxFileBytes, minBytesPerSecond: 1000, slowAfterSeconds: 10 };
  return createUploadSpool({ folder, ...limits, ...options });
}

async function describeUpload(upload: FormUpload) {
  const content = await readFile(upload.file, 'latin1');
  const mode = (await stat(upload.file)).mode & 0o777;
  await upload.discard();
  const { bytes, clientFilename, preset } = upload;
  return { status: 200, retryAfter: {}, body: { content, mode, bytes, clientFilename, preset } };
}

function describeError(error: unknown) {
  if (!(error instanceof AppError)) return { status: 500, retryAfter: {}, body: { error: String(error) } };
  const retryAfter = error.retryAfterSeconds === undefined ? {} : { 'Retry-After': error.retryAfterSeconds };
  return { status: error.status, retryAfter, body: { code: error.code, error: error.message } };
}

function codeOf(error: unknown): string {
  return error instanceof AppError ? error.code : String(error);
}
