import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { KeyPair } from '@kuanary/shared/imgproxy-url';
import { type Answer, answerImageRequest, type Rendering } from './answer-request.ts';
import { createConcurrencyLimit } from './concurrency-limit.ts';
import { ImgproxyError } from './imgproxy-error.ts';
import { cacheControl, commonHeaders } from './response-headers.ts';
import { loadSharp } from './sharp-loader.ts';
import { createSourceStore, type SourceStoreSettings } from './source-download.ts';
import { hasMalformedEscape } from './url-path.ts';

export interface ImgproxyStandInOptions {
  host: string;
  /** 0 for any free one. */
  port: number;
  /** Any of them validates a signature. */
  keyPairs: readonly KeyPair[];
  /** Bytes of a signature, 1 to 32. */
  signatureSize: number;
  s3: SourceStoreSettings;
  /** Larger sources are refused with 422. Default 50 000 000 pixels. */
  maxSourcePixels?: number;
  /** Larger sources are refused with 422. Default 100 MiB. */
  maxSourceBytes?: number;
  /** Larger results are scaled down. Default 16384 pixels. */
  maxResultSide?: number;
  /** From the request to the answer; then 503. Default 10 seconds, as imgproxy's own. */
  requestTimeoutMs?: number;
  /** Told one line for every request, with the reason of an error. */
  log?: (line: string) => void;
}

export interface RunningImgproxy {
  url: string;
  port: number;
  /** Stops listening and drops what is under way. */
  close(): Promise<void>;
}

const defaultMaxSourcePixels = 50_000_000;
const defaultMaxSourceBytes = 100 * 1024 * 1024;
const defaultMaxResultSide = 16_384;

/** Every rendering may hold a whole picture in memory. */
const maxConcurrentRenderings = 4;
const maxWaitingRenderings = 200;

const defaultRequestTimeoutMs = 10_000;

/**
 * Starts a small imgproxy for development: the same addresses, signatures, statuses and headers, sources read from one S3 bucket, rendered
 * with sharp. Rejects with the system's error (`EADDRINUSE`) where the port is taken, and with a sentence where sharp is missing.
 */
export async function startImgproxyStandIn(options: ImgproxyStandInOptions): Promise<RunningImgproxy> {
  const sharp = await loadSharp();
  const store = createSourceStore(options.s3, options.maxSourceBytes ?? defaultMaxSourceBytes);
  const rendering: Rendering = {
    sharp,
    store,
    bucket: options.s3.bucket,
    keyPairs: options.keyPairs,
    signatureSize: options.signatureSize,
    limits: {
      maxSourcePixels: options.maxSourcePixels ?? defaultMaxSourcePixels,
      maxResultSide: options.maxResultSide ?? defaultMaxResultSide,
    },
    concurrency: createConcurrencyLimit(maxConcurrentRenderings, maxWaitingRenderings),
  };
  const server = createServer((request, response) => {
    void handle(rendering, options, request, response);
  });
  const port = await listen(server, options.host, options.port).catch((error: unknown) => {
    store.close();
    throw error;
  });
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    port,
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      store.close();
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

async function handle(
  rendering: Rendering,
  { log, requestTimeoutMs = defaultRequestTimeoutMs }: ImgproxyStandInOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const clientGone = new AbortController();
  response.once('close', () => clientGone.abort());
  let detail = '';
  const answer = await route(rendering, request, clientGone.signal, requestTimeoutMs).catch((error: unknown) => {
    const known = error instanceof ImgproxyError ? error : new ImgproxyError(500, 'Internal error', String(error));
    detail = ` (${known.detail})`;
    return textAnswer(known.status, known.message);
  });
  log?.(`${request.method} ${request.url} ${answer.status}${detail}`);
  if (response.destroyed) return;
  const identified = answer === malformedAnswer ? {} : { 'x-request-id': requestId(request) };
  response.writeHead(answer.status, { ...identified, ...answer.headers });
  response.end(answer.body);
}

function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w-]+$/.test(given) ? given : randomUUID();
}

async function route(
  rendering: Rendering,
  request: IncomingMessage,
  clientGone: AbortSignal,
  timeoutMs: number,
): Promise<Answer> {
  const target = request.url ?? '/';
  const [path = ''] = target.split('?', 1);
  if (hasMalformedEscape(path)) return malformedAnswer;
  if (request.method === 'HEAD' || request.method === 'OPTIONS') return textAnswer(200, ' ', cacheControl(0, 0));
  if (request.method !== 'GET' || path === '/favicon.ico' || path.startsWith('/.well-known/')) {
    return textAnswer(404, ' ');
  }
  if (path === '/health') return textAnswer(200, 'imgproxy is running', 'no-cache');
  if (path === '/')
    return textAnswer(200, "This is Kuanary's stand-in for imgproxy. Ask it for a signed address.", 'no-cache');
  return answerInTime(rendering, request, clientGone, timeoutMs);
}

/** Answers 503 when the time is up, whether or not the rendering can be stopped; its place is taken until it ends. */
async function answerInTime(
  rendering: Rendering,
  request: IncomingMessage,
  clientGone: AbortSignal,
  timeoutMs: number,
): Promise<Answer> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const answer = answerImageRequest(rendering, {
    target: request.url ?? '/',
    conditions: {
      ifNoneMatch: request.headers['if-none-match'],
      ifModifiedSince: request.headers['if-modified-since'],
    },
    deadline: Date.now() + timeoutMs,
    signal: AbortSignal.any([deadline, clientGone]),
  });
  const timeout = new Promise<never>((_resolve, reject) => {
    deadline.addEventListener('abort', () => {
      reject(new ImgproxyError(503, 'Timeout', `no answer after ${timeoutMs} ms`));
    });
  });
  return Promise.race([answer, timeout]);
}

/** What imgproxy's HTTP server answers by itself, before any of imgproxy's own headers. */
const malformedAnswer: Answer = {
  status: 400,
  headers: { 'content-type': 'text/plain; charset=utf-8', connection: 'close' },
  body: '400 Bad Request',
};

function textAnswer(status: number, body: string, cache?: string): Answer {
  return {
    status,
    headers: {
      ...commonHeaders,
      'content-type': 'text/plain',
      ...(cache === undefined ? {} : { 'cache-control': cache }),
    },
    body,
  };
}
