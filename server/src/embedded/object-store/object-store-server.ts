import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerBucketCall, listBuckets } from './bucket-calls.ts';
import { answerPreflight, corsHeadersFor } from './bucket-cors.ts';
import { type Buckets, openBuckets } from './buckets.ts';
import { answerObjectCall } from './object-calls.ts';
import { drainBody, postObject } from './post-object.ts';
import { readDocument } from './request-body.ts';
import { S3Error } from './s3-error.ts';
import { buildPlainXml } from './s3-xml.ts';
import { decode, parseQuery, verifySignature } from './signature-v4.ts';

export interface ObjectStoreOptions {
  dataFolder: string;
  host: string;
  /** 0 = any free port. */
  port: number;
  region: string;
  accessKey: string;
  secretKey: string;
  now?: () => Date;
}

export interface RunningObjectStore {
  url: string;
  port: number;
  close(): Promise<void>;
}

/**
 * An object store on this machine's disk that behaves as Ceph RadosGW does where a product, an SDK or a browser can tell:
 * signatures and POST policies enforced, CORS, ranges, conditional PUT, copy, listing. For development and tests: one
 * process, one owner, no replication.
 */
export async function startObjectStore(options: ObjectStoreOptions): Promise<RunningObjectStore> {
  const now = options.now ?? (() => new Date());
  const buckets = await openBuckets(options.dataFolder, now);
  const server = createServer((request, response) => {
    answer(buckets, options, now, request, response).catch(() => response.destroy());
  });
  // Slow uploads are welcome here; the policy's expiry is what bounds them.
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: options.port, host: options.host, backlog: 1024 }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host}:${port}`,
    port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  buckets: Buckets,
  options: ObjectStoreOptions,
  now: () => Date,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const requestId = randomUUID();
  response.setHeader('x-amz-request-id', requestId);
  const [path = '/', query = ''] = splitOnce(request.url ?? '/', '?');
  let bucketName: string | undefined;
  try {
    const [bucketPart = '', ...keyParts] = path.slice(1).split('/');
    bucketName = bucketPart === '' ? undefined : decode(bucketPart);
    addCorsHeaders(buckets, bucketName, request, response);
    await route(buckets, options, now(), {
      request,
      response,
      path,
      query,
      bucketName,
      key: decode(keyParts.join('/')),
    });
  } catch (error) {
    await answerError(error, request, response, bucketName, requestId);
  }
}

interface Route {
  request: IncomingMessage;
  response: ServerResponse;
  path: string;
  query: string;
  bucketName: string | undefined;
  key: string;
}

async function route(
  buckets: Buckets,
  options: ObjectStoreOptions,
  now: Date,
  { request, response, path, query, bucketName, key }: Route,
): Promise<void> {
  const method = request.method ?? '';
  if (method === 'OPTIONS') {
    const rules = bucketName === undefined ? null : buckets.get(bucketName).settings.cors;
    response.writeHead(200, answerPreflight(rules, request.headers)).end();
    return;
  }
  const parameters = new Map(parseQuery(query));
  if (method === 'POST' && bucketName !== undefined && isForm(request, parameters)) {
    return postObject(buckets.get(bucketName), request, response, options, now, `http://${request.headers.host ?? ''}`);
  }
  const verified = verifySignature({ method, path, query, headers: request.headers }, options, now);
  if (bucketName === undefined) {
    if (method !== 'GET') throw new S3Error(405, 'MethodNotAllowed', `The service itself does not take ${method}.`);
    response.writeHead(200, { 'Content-Type': 'application/xml' }).end(listBuckets(buckets));
    return;
  }
  if (key !== '') {
    return answerObjectCall(buckets, {
      request,
      response,
      bucket: buckets.get(bucketName),
      key,
      query: parameters,
      verified,
    });
  }
  const document = (): Promise<string> => readDocument(request, verified);
  const { status, xml } = await answerBucketCall(buckets, { method, bucketName, query: parameters, document });
  response.writeHead(status, xml === undefined ? {} : { 'Content-Type': 'application/xml' }).end(xml);
}

/** A POST that is not signed as an API call, and chooses no operation by its query, is a form. */
function isForm(request: IncomingMessage, query: ReadonlyMap<string, string>): boolean {
  const isCall = ['delete', 'uploads', 'uploadId', 'restore', 'select'].some((name) => query.has(name));
  return request.headers.authorization === undefined && !isCall;
}

/** On every answer, errors included: otherwise a browser cannot tell its page what went wrong. */
function addCorsHeaders(
  buckets: Buckets,
  bucketName: string | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const rules = bucketName === undefined ? null : buckets.find(bucketName)?.settings.cors;
  if (request.method === 'OPTIONS' || rules === null || rules === undefined) return;
  for (const [name, value] of Object.entries(corsHeadersFor(rules, request.headers, request.method ?? '')))
    response.setHeader(name, value);
}

async function answerError(
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  bucketName: string | undefined,
  requestId: string,
): Promise<void> {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const s3Error = error instanceof S3Error ? error : new S3Error(500, 'InternalError', 'The store failed. Try again.');
  await drainBody(request);
  if (!request.complete) response.setHeader('Connection', 'close');
  const body = buildPlainXml('Error', [
    ['Code', s3Error.code],
    ['Message', s3Error.message],
    ['BucketName', bucketName],
    ['RequestId', requestId],
    ['HostId', 'kuanary'],
  ]);
  response
    .writeHead(s3Error.status, { 'Content-Type': 'application/xml' })
    .end(request.method === 'HEAD' ? undefined : body);
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
