import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RecordedCall {
  method: string;
  /** Path without query, percent escapes decoded, without the bucket. */
  key: string;
  query: string;
  requestBytes: number;
  responseBytes: number;
  copySource: string | undefined;
}

/**
 * What becomes of a call: `forward`; `refuse` it with a status; `lose` its answer (carried out, then 500); `hang` for ever;
 * `reset` the connection after carrying it out.
 */
export type Fate = 'forward' | { refuse: number; code?: string } | 'lose' | 'hang' | 'reset';

export interface RecordingProxy {
  url: string;
  calls: RecordedCall[];
  /** Decides the fate of each call from now on; without it everything is forwarded. */
  decide: ((call: { method: string; key: string; copySource: string | undefined }) => Fate) | undefined;
  /** Called when a call has been carried out and before it is answered. */
  afterCall: ((call: RecordedCall) => Promise<void>) | undefined;
  reset(): void;
  close(): Promise<void>;
}

/** An HTTP proxy in front of a store. It keeps the Host header, so that signatures stay valid. */
export async function startRecordingProxy(target: string): Promise<RecordingProxy> {
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '', query = ''] = (request.url ?? '').split('?');
    const copySource = request.headers['x-amz-copy-source'];
    const call: RecordedCall = {
      method: request.method ?? '',
      key: decodeURIComponent(path.split('/').slice(2).join('/')),
      query,
      requestBytes: 0,
      responseBytes: 0,
      copySource: typeof copySource === 'string' ? copySource : undefined,
    };
    proxy.calls.push(call);
    const fate = proxy.decide?.(call) ?? 'forward';
    if (fate === 'hang') return;
    if (typeof fate === 'object') {
      request.resume();
      await once(request, 'end');
      answerError(response, fate.refuse, fate.code ?? 'SlowDown');
    } else {
      await forward(request, response, call, fate);
    }
  }

  async function forward(
    request: IncomingMessage,
    response: ServerResponse,
    call: RecordedCall,
    fate: Fate,
  ): Promise<void> {
    const { hostname, port } = new URL(target);
    const upstream = httpRequest({
      hostname,
      port,
      method: request.method,
      path: request.url,
      headers: request.headers,
    });
    request.on('data', (chunk: Buffer) => {
      call.requestBytes += chunk.length;
    });
    request.pipe(upstream);
    const [answer] = (await once(upstream, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    call.responseBytes = body.length;
    await proxy.afterCall?.(call);
    if (fate === 'reset') response.destroy();
    else if (fate === 'lose') answerError(response, 500, 'InternalError');
    else response.writeHead(answer.statusCode ?? 502, answer.headers).end(body);
  }

  const proxy: RecordingProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: [],
    decide: undefined,
    afterCall: undefined,
    reset: () => {
      proxy.calls.length = 0;
      proxy.decide = undefined;
      proxy.afterCall = undefined;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

function answerError(response: ServerResponse, status: number, code: string): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message></Message></Error>`;
  response.writeHead(status, { 'Content-Type': 'application/xml' }).end(body);
}
