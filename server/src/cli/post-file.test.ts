import { once } from 'node:events';
import { appendFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { postFile } from './post-file.ts';
import { UploadFailure } from './upload-failure.ts';

let folder: string;
let file: string;
const endings: (() => void)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kuanary-post-file-'));
  file = join(folder, 'picture.jpg');
});
afterEach(async () => {
  for (const end of endings.splice(0)) end();
  await rm(folder, { recursive: true, force: true });
});

async function startStorage(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endings.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/bucket`;
}

function post(url: string, bytes: number, onProgress: (sent: number) => void = () => {}): Promise<void> {
  return postFile({
    url,
    fields: { key: 'tmp/incoming/x', policy: 'ü"' },
    file,
    bytes,
    contentType: 'image/jpeg',
    onProgress,
  });
}

describe('postFile', () => {
  it('sends fields, then the file, with an exact Content-Length', async () => {
    const content = Buffer.alloc(200_000, 7);
    await writeFile(file, content);
    let received: { length: string | undefined; type: string | undefined; body: Buffer } | undefined;
    const url = await startStorage(async (request, response) => {
      const { 'content-length': length, 'content-type': type } = request.headers;
      received = { length, type, body: await buffer(request) };
      response.writeHead(201).end();
    });
    const progress: number[] = [];
    await post(url, content.length, (sent) => progress.push(sent));
    expect(received?.length).toBe(String(received?.body.length));
    const form = await new Response(new Uint8Array(received?.body ?? []), {
      headers: { 'Content-Type': received?.type ?? '' },
    }).formData();
    expect([...form.keys()]).toEqual(['key', 'policy', 'file']);
    expect(form.get('policy')).toBe('ü"');
    const stored = form.get('file');
    expect(stored instanceof Blob && Buffer.from(await stored.arrayBuffer()).equals(content)).toBe(true);
    expect(progress.at(-1)).toBe(content.length);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  });

  it.each([
    ['grows', (name: string) => appendFile(name, 'more')],
    ['shrinks', (name: string) => truncate(name, 10)],
  ])('does not finish a form whose file %s on the way', async (_how, change) => {
    await writeFile(file, Buffer.alloc(300_000));
    let complete: boolean | undefined;
    const url = await startStorage((request) => {
      request.resume();
      request.on('error', () => undefined);
      request.on('close', () => {
        complete = request.complete;
      });
    });
    const size = 300_000;
    await change(file);
    await expect(post(url, size)).rejects.toThrow('The file changed while it was being read.');
    await expect.poll(() => complete).toBe(false);
  });

  it('passes on what S3 says, with its request id, and sends no more of the file', async () => {
    const size = 500_000_000;
    await writeFile(file, '');
    await truncate(file, size); // without blocks on the disk
    let receivedBytes = 0;
    const url = await startStorage((request, response) => {
      request.on('data', (chunk) => {
        receivedBytes += chunk.length;
      });
      request.on('error', () => undefined);
      response.writeHead(403, { 'Content-Type': 'application/xml' });
      response.end(
        '<Error><Code>AccessDenied</Code><Message>Policy expired.</Message><RequestId>tx1</RequestId></Error>',
      );
    });
    const failure = await post(url, size).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UploadFailure);
    expect(failure).toMatchObject({
      message: expect.stringContaining('refuses the file: 403 AccessDenied, "Policy expired."'),
      code: 'AccessDenied',
      requestId: 'tx1',
    });
    expect(receivedBytes).toBeLessThan(size / 2);
  });

  it('calls the page of a proxy what it is', async () => {
    await writeFile(file, 'x');
    const url = await startStorage((request, response) => {
      request.resume();
      response.writeHead(413).end('<html><title>413</title></html>');
    });
    await expect(post(url, 1)).rejects.toThrow('413 without an S3 error code');
  });

  it('reports a connection that breaks', async () => {
    await writeFile(file, Buffer.alloc(1000));
    const url = await startStorage((request) => request.socket.destroy());
    await expect(post(url, 1000)).rejects.toThrow(/did not take the file: /);
  });
});
