import { createServer } from 'node:http';

export interface FakeStorage {
  endpoint: string;
  /** Objects by key. Keys that are not there are answered as a missing object is. */
  objects: Map<string, Buffer>;
  /** Statuses to answer instead, by key; `'hang'` never answers, `'cut'` closes the connection within the body. */
  faults: Map<string, number | 'hang' | 'cut'>;
  /** The targets of the requests so far. */
  targets: string[];
  close(): Promise<void>;
}

export const fakeBucket = 'pictures';

/** Answers path-style GetObject calls without looking at signatures, and misbehaves on demand. */
export async function startFakeStorage(): Promise<FakeStorage> {
  const objects = new Map<string, Buffer>();
  const faults = new Map<string, number | 'hang' | 'cut'>();
  const targets: string[] = [];
  const server = createServer((request, response) => {
    targets.push(request.url ?? '');
    const [path = ''] = (request.url ?? '').split('?', 1);
    const key = decodeURIComponent(path).slice(`/${fakeBucket}/`.length);
    const fault = faults.get(key);
    const body = objects.get(key);
    if (fault === 'hang') return;
    if (fault === 'cut') {
      response.writeHead(200, { 'content-length': '1000' }).write('the beginning', () => response.destroy());
      return;
    }
    if (typeof fault === 'number') {
      response.writeHead(fault, { 'content-type': 'application/xml' }).end('<Error><Code>Fault</Code></Error>');
      return;
    }
    if (body === undefined) {
      response.writeHead(404, { 'content-type': 'application/xml' }).end('<Error><Code>NoSuchKey</Code></Error>');
      return;
    }
    response.writeHead(200, { 'content-type': 'image/jpeg', etag: '"0123456789abcdef"' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the fake storage has no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    objects,
    faults,
    targets,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
