import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Front } from './diagnose.ts';

export interface FrontAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

export interface StoreFrontRules {
  /** Answers in place of the store, `hang` for never; undefined sends the request on. */
  answer?: (request: IncomingMessage) => FrontAnswer | 'hang' | undefined | Promise<FrontAnswer | undefined>;
  /** Headers that the store gets in place of those of the request. */
  changeRequest?: (request: IncomingMessage) => Record<string, string>;
  /** What the store gets in place of a form, or an answer in its place. */
  changeForm?: (form: string, request: IncomingMessage) => string | FrontAnswer;
  /** Name and value in turn, as they go over the wire: a name may come twice. */
  changeAnswer?: (headers: string[], request: IncomingMessage) => string[];
}

/** A reverse proxy in front of a store, which keeps the Host header and does one thing wrong. */
export function storeFront(rules: StoreFrontRules): (storeUrl: string) => Promise<Front> {
  return async (storeUrl) => {
    const server = createServer((request, response) => {
      handle(storeUrl, rules, request, response).catch(() => response.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      close: async () => {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      },
    };
  };
}

export function isForm(request: IncomingMessage): boolean {
  return request.method === 'POST' && (request.headers['content-type'] ?? '').startsWith('multipart/form-data');
}

export function isPreflight(request: IncomingMessage): boolean {
  return request.method === 'OPTIONS';
}

/** As nginx does with a body that it does not want: answers at once, reads on for a while, and closes the connection. */
function answerBy(
  { status, headers, body = '' }: FrontAnswer,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body), Connection: 'close' });
  response.write(body);
  // Node closes as soon as the answer has ended, and Node 24 does not wait for what the client still sends.
  request.on('end', () => response.end()).resume();
}

async function handle(
  storeUrl: string,
  rules: StoreFrontRules,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = await rules.answer?.(request);
  if (answer === undefined) await passOn(storeUrl, rules, request, response);
  else if (answer !== 'hang') answerBy(answer, request, response);
}

async function passOn(
  storeUrl: string,
  rules: StoreFrontRules,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { hostname, port } = new URL(storeUrl);
  const form =
    rules.changeForm !== undefined && isForm(request) ? (await buffer(request)).toString('latin1') : undefined;
  const changed = form === undefined ? undefined : rules.changeForm?.(form, request);
  if (typeof changed === 'object') {
    answerBy(changed, request, response);
    return;
  }
  const upstream = httpRequest({
    hostname,
    port,
    method: request.method,
    path: request.url,
    headers: {
      ...request.headers,
      ...rules.changeRequest?.(request),
      ...(changed === undefined ? {} : { 'content-length': String(changed.length) }),
    },
  });
  if (changed === undefined) request.pipe(upstream);
  else upstream.end(changed, 'latin1');
  const [answer] = (await once(upstream, 'response')) as [IncomingMessage];
  const headers = rules.changeAnswer?.(answer.rawHeaders, request) ?? answer.rawHeaders;
  response.writeHead(answer.statusCode ?? 502, headers);
  answer.pipe(response);
}
