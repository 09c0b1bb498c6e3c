import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { S3Client } from '@aws-sdk/client-s3';
import { parseKeyPairs, signImgproxyPath } from '@kuanary/shared/imgproxy-url';
import { type ImgproxyStandInOptions, startImgproxyStandIn } from '../../src/embedded/imgproxy/imgproxy-server.ts';
import { testSecrets } from '../support/start-app.ts';
import type { Front, SetUpChanges } from './diagnose.ts';

export interface SimpleAnswer {
  status: number;
  headers: Record<string, string>;
  body: Buffer | string;
}

/** Starts a server on loopback that answers by itself, whatever is asked. */
export function answerAlways(answer: Partial<SimpleAnswer>): () => Promise<Front> {
  return () =>
    listen((_request, response) => {
      response.writeHead(answer.status ?? 200, answer.headers ?? {}).end(answer.body);
    });
}

/** Takes requests and never answers. */
export function hang(): Promise<Front> {
  return listen(() => {});
}

export interface ForwardRules {
  /** The path and query to ask upstream for instead; an answer goes back without asking. */
  request?: (path: string, request: IncomingMessage) => string | Partial<SimpleAnswer>;
  /** The answer to give instead. */
  answer?: (answer: SimpleAnswer, path: string) => Partial<SimpleAnswer>;
}

/** Stands in front of a server, and changes what passes. */
export function forward(rules: ForwardRules): (upstream: string) => Promise<Front> {
  return (upstream) =>
    listen(async (request, response) => {
      const path = request.url ?? '/';
      const wanted = rules.request?.(path, request) ?? path;
      const answer = typeof wanted === 'string' ? await ask(upstream + wanted, request) : fill(wanted);
      const given = { ...answer, ...rules.answer?.(answer, path) };
      response.writeHead(given.status, given.headers).end(given.body);
    });
}

function fill(answer: Partial<SimpleAnswer>): SimpleAnswer {
  return { status: 200, headers: {}, body: '', ...answer };
}

async function ask(address: string, request: IncomingMessage): Promise<SimpleAnswer> {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value === 'string' && !['host', 'connection'].includes(name)) headers.set(name, value);
  }
  const response = await fetch(address, { method: request.method ?? 'GET', headers, redirect: 'manual' });
  const body = Buffer.from(await response.arrayBuffer());
  const { 'transfer-encoding': _, connection: __, 'keep-alive': ___, ...kept } = Object.fromEntries(response.headers);
  return { status: response.status, headers: kept, body };
}

async function listen(
  handle: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
): Promise<Front> {
  const server: Server = createServer((request, response) => {
    Promise.resolve(handle(request, response)).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** An address at which nothing listens. */
export async function findClosedAddress(): Promise<string> {
  const front = await hang();
  await front.close();
  return front.url;
}

/** The keys of the good set-up, with which a front can sign as well. */
function testKeyPair() {
  const [pair] = parseKeyPairs(testSecrets.imgproxyKey, testSecrets.imgproxySalt);
  if (pair === undefined) throw new Error('the test has no key pair');
  return pair;
}

/** Signature and path of a request to imgproxy. */
export function takeApart(target: string): { signature: string; path: string } {
  const [, signature = '', path = ''] = /^\/([^/]*)(\/.*)$/.exec(target) ?? [];
  return { signature, path };
}

/** The signature that the good set-up's imgproxy wants for a path. */
export function rightSignature(path: string): string {
  return signImgproxyPath(path, testKeyPair(), 32);
}

/** A request target that the good set-up's imgproxy takes. */
export function signedTarget(path: string): string {
  return `/${rightSignature(path)}${path}`;
}

export const imgproxyText = { 'content-type': 'text/plain', server: 'imgproxy' };

export function isPicture(headers: Record<string, string>): boolean {
  return headers['content-type']?.startsWith('image/') === true;
}

/** What imgproxy answers when the storage did not give it the source. */
export function unreachableSource(status: number): SimpleAnswer {
  return { status, headers: imgproxyText, body: 'Source is unreachable' };
}

/** Another stand-in than the good one answers at `IMGPROXY_URL`: given the S3 settings that would be right, it has these. */
export function otherImgproxy(
  change: (s3: ImgproxyStandInOptions['s3']) => Partial<ImgproxyStandInOptions>,
): SetUpChanges {
  let s3: ImgproxyStandInOptions['s3'] | undefined;
  return {
    prepare: async (client, bucket) => {
      s3 = await readSettings(client, bucket);
    },
    frontOfImgproxy: async () => {
      if (s3 === undefined) throw new Error('the bucket has not been prepared');
      return startImgproxyStandIn({
        host: '127.0.0.1',
        port: 0,
        keyPairs: [testKeyPair()],
        signatureSize: 32,
        s3,
        ...change(s3),
      });
    },
  };
}

async function readSettings(client: S3Client, bucket: string): Promise<ImgproxyStandInOptions['s3']> {
  const endpoint = await client.config.endpoint?.();
  const { accessKeyId, secretAccessKey } = await client.config.credentials();
  if (endpoint === undefined) throw new Error('the client has no endpoint');
  return {
    endpoint: `${endpoint.protocol}//${endpoint.hostname}:${endpoint.port}`,
    region: await client.config.region(),
    bucket,
    accessKey: accessKeyId,
    secretKey: secretAccessKey,
    forcePathStyle: true,
  };
}
