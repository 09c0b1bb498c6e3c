import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { corsHeadersFor } from './bucket-cors.ts';
import { openBuckets } from './buckets.ts';
import { drainRequest } from './drain-request.ts';
import { routeRequest, type StoreContext } from './route-request.ts';
import { type Answer, answerError, sendAnswer } from './s3-answer.ts';
import { S3Error, UnauthenticatedError } from './s3-error.ts';
import { bucketOf } from './s3-request.ts';
import { buildStoreBehaviour, type StoreProfile } from './store-profile.ts';

export interface ObjectStoreOptions {
  /** Made where it is missing. One running store per folder. */
  dataFolder: string;
  host: string;
  /** 0: any free one. */
  port: number;
  /** What GetBucketLocation answers. Signatures may name any region, as on RadosGW. */
  region: string;
  accessKey: string;
  secretKey: string;
  /** Ways to answer otherwise than by default; the buckets on disk are the same. */
  profiles?: readonly StoreProfile[];
  now?: () => Date;
}

export interface RunningObjectStore {
  url: string;
  port: number;
  close(): Promise<void>;
}

/** Of a connection on which nothing moves. */
const idleTimeoutMs = 120_000;
/** Longer than clients keep idle connections, so that none is closed under a request that is on its way. */
const keepAliveTimeoutMs = 75_000;
/** Requests under way get so much time when the store closes. */
const closeGraceMs = 2_000;

/**
 * A small S3 with its objects in files, for development and tests: AWS Signature V4 and POST policies are enforced, and
 * statuses and error codes are those of Ceph RadosGW (Reef). One account, path-style addresses, one process per folder.
 *
 * @throws the error of `listen`, such as EADDRINUSE; TypeError for a profile that there is not
 */
export async function startObjectStore(options: ObjectStoreOptions): Promise<RunningObjectStore> {
  const { accessKey, secretKey, region, profiles = [], now = () => new Date() } = options;
  const behaviour = buildStoreBehaviour(profiles);
  let context: StoreContext | undefined;
  const server = createServer({ keepAliveTimeout: keepAliveTimeoutMs, requestTimeout: 0 }, (incoming, response) => {
    if (context === undefined) response.writeHead(503, { 'Retry-After': '1' }).end();
    else void handleRequest(incoming, response, context);
  });
  server.timeout = idleTimeoutMs;
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    else socket.destroy();
  });
  // The address first: a second store that is started by mistake must not tidy up the folder of the one that is running.
  const port = await listen(server, options);
  try {
    const buckets = await openBuckets(options.dataFolder, now);
    context = { buckets, identity: { accessKey, secretKey }, region, behaviour, now };
  } catch (error) {
    server.closeAllConnections();
    await close(server);
    throw error;
  }
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return { url: `http://${host}:${port}`, port, close: () => close(server) };
}

/** Answers every request with something, and never throws. */
async function handleRequest(
  incoming: IncomingMessage,
  response: ServerResponse,
  context: StoreContext,
): Promise<void> {
  incoming.on('error', () => undefined);
  response.on('error', () => undefined);
  const requestId = `tx${randomUUID().replaceAll('-', '')}`;
  try {
    response.setHeader('x-amz-request-id', requestId);
    const answer = await answerRequest(incoming, requestId, context);
    await drainRequest(incoming);
    await sendAnswer(response, answer);
  } catch {
    // Nobody is there any more to hear about it.
    response.destroy();
  }
}

async function answerRequest(incoming: IncomingMessage, requestId: string, context: StoreContext): Promise<Answer> {
  try {
    return withCorsHeaders(await routeRequest(incoming, context), incoming, context);
  } catch (error) {
    const failure = error instanceof S3Error ? error : toInternalError(error);
    const { explainsErrors, opensSignatureErrors } = context.behaviour;
    const answer = answerError(failure, { bucket: bucketOf(incoming.url), requestId, explained: explainsErrors });
    if (failure instanceof UnauthenticatedError && !opensSignatureErrors) return answer;
    // Otherwise a page cannot read why it was refused.
    return withCorsHeaders(answer, incoming, context);
  }
}

function toInternalError(error: unknown): S3Error {
  return new S3Error(500, 'InternalError', error instanceof Error ? `${error.name}: ${error.message}` : String(error));
}

function withCorsHeaders(answer: Answer, incoming: IncomingMessage, { buckets, behaviour }: StoreContext): Answer {
  const { method = '', headers, url } = incoming;
  // A preflight has been answered with its own.
  if (method === 'OPTIONS' || behaviour.unsupported.includes('cors')) return answer;
  const rules = buckets.find(bucketOf(url))?.settings.cors ?? [];
  return { ...answer, headers: { ...answer.headers, ...corsHeadersFor(rules, headers, method) } };
}

async function listen(server: Server, { port, host }: ObjectStoreOptions): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  return isAddressInfo(address) ? address.port : port;
}

function isAddressInfo(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), closeGraceMs);
  await closed;
  clearTimeout(timer);
}
