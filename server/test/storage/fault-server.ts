import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface FaultServer {
  url: string;
  /** Requests as they arrived, for example `GET /bucket/key`. */
  requests: string[];
  /** Connections that are open now. */
  connections: ReadonlySet<Socket>;
  /** Resolves when the client has closed every connection. */
  allClosed(): Promise<void>;
  close(): Promise<void>;
}

/** An HTTP server that answers as `answer` says: with anything, late, partly or not at all. Bodies are read and dropped. */
export async function startFaultServer(answer: RequestListener): Promise<FaultServer> {
  const requests: string[] = [];
  const connections = new Set<Socket>();
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url?.split('?')[0]}`);
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    request.resume();
    answer(request, response);
  });
  let onAllClosed = (): void => undefined;
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      connections.delete(socket);
      if (connections.size === 0) onAllClosed();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    connections,
    allClosed: () =>
      new Promise((resolve) => {
        onAllClosed = resolve;
        if (connections.size === 0) resolve();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers when the request has arrived completely. */
export function answerWith(status: number, body: string, headers: Record<string, string> = {}): Answer {
  return (request, response) => {
    request.once('end', () => response.writeHead(status, headers).end(body));
  };
}

export function s3Error(code: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message></Message></Error>`;
}

/** First answer to the first request, and so on; the last one to all others. */
export function inTurn(...answers: readonly [Answer, ...Answer[]]): Answer {
  let turn = 0;
  return (request, response) => {
    const answer = answers[Math.min(turn, answers.length - 1)] ?? answers[0];
    turn += 1;
    answer(request, response);
  };
}

export const neverAnswer: Answer = () => undefined;
export const resetConnection: Answer = (request) => request.socket.resetAndDestroy();
