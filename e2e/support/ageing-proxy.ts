import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';

export interface AgeingProxy {
  url: string;
  /** From now on listings say that objects whose key contains `part` are older by `byMs`. */
  age(part: string, byMs: number): void;
  close(): Promise<void>;
}

/**
 * An HTTP proxy in front of an S3 server that makes objects look old in listings, because nobody wants to wait for hours. Only keys that a
 * test names: a bucket may have other objects. The `Host` header stays, so that signatures hold.
 *
 * The `Date` header stays too: the AWS SDK sets its own clock by it and would then sign for a time that the server refuses.
 */
export async function startAgeingProxy(target: string): Promise<AgeingProxy> {
  const ages = new Map<string, number>();
  const server = createServer((request, response) => {
    forward(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { hostname, port } = new URL(target);
    const { method, url: path, headers } = request;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const upstream = httpRequest({ hostname, port, method, path, headers }, resolve);
      upstream.once('error', reject);
      request.pipe(upstream);
    });
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(Buffer.from(chunk));
    const body = ageListing(Buffer.concat(chunks).toString('latin1'), ages);
    const { 'content-length': _length, 'transfer-encoding': _encoding, ...answerHeaders } = answer.headers;
    const length = method === 'HEAD' ? answer.headers['content-length'] : String(body.length);
    response.writeHead(answer.statusCode ?? 502, {
      ...answerHeaders,
      ...(length === undefined || answer.statusCode === 204 || answer.statusCode === 304
        ? {}
        : { 'content-length': length }),
    });
    response.end(Buffer.from(body, 'latin1'));
  }

  return {
    url: `http://127.0.0.1:${address.port}`,
    age: (part, byMs) => ages.set(part, byMs),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Bytes as Latin-1 text, so that what is no listing passes unchanged. */
function ageListing(body: string, ages: ReadonlyMap<string, number>): string {
  if (ages.size === 0 || !body.includes('<ListBucketResult')) return body;
  return body.replace(/<Contents>.*?<\/Contents>/gs, (entry) => {
    const [, key = ''] = /<Key>(.*?)<\/Key>/s.exec(entry) ?? [];
    const byMs = [...ages].find(([part]) => key.includes(part))?.[1] ?? 0;
    return entry.replace(
      /(<LastModified>)(.*?)(<\/LastModified>)/s,
      (_all, open: string, time: string, close: string) => {
        return `${open}${new Date(Date.parse(time) - byMs).toISOString()}${close}`;
      },
    );
  });
}
