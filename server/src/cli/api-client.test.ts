import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createApiClient } from './api-client.ts';
import { UploadFailure } from './upload-failure.ts';

const apiKey = 'cms:0123456789';
const image = { format: 'jpeg', width: 64, height: 48, bytes: 1000, animated: false };
const completed = {
  success: true,
  filename: 'image-0.jpg',
  url: 'https://img.example.com/hero',
  urls: {},
  links: {},
  image,
};
const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

async function startApi(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    request.resume();
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endings.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { client: createApiClient({ baseUrl, apiKey }), requests };
}

function breakWithin(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': text.length });
  response.write(text.slice(0, text.length / 2), () => response.destroy());
}

describe('the API client', () => {
  it('asks again for a completion whose answer broke off', async () => {
    const { client, requests } = await startApi((_request, response) => {
      if (requests.length === 1) breakWithin(response, 200, completed);
      else if (requests.length === 2) breakWithin(response, 409, { error: 'no', code: 'x', requestId: 'y' });
      else response.end(JSON.stringify(completed));
    });
    expect(await client.complete('ticket', undefined)).toMatchObject({ filename: 'image-0.jpg' });
    expect(requests).toHaveLength(3);
  });

  it('says that an answer broke off, where it does not ask again', async () => {
    const { client } = await startApi((_request, response) => breakWithin(response, 200, { some: 'limits' }));
    await expect(client.getLimits()).rejects.toThrow(/^The connection to the API at .* broke within its answer: /);
  });

  it('tells a whole answer that is none of Kuanary, and does not ask again', async () => {
    const { client, requests } = await startApi((_request, response) => response.end('<html>'));
    await expect(client.complete('ticket', undefined)).rejects.toThrow('does not answer as Kuanary');
    expect(requests).toHaveLength(1);
  });

  it('shows the key where it is needed, which GET /limits is not', async () => {
    const { client, requests } = await startApi((_request, response) => response.writeHead(404).end());
    await expect(client.getLimits()).rejects.toThrow(UploadFailure);
    await expect(client.signUpload({ contentType: 'image/jpeg', size: 1, filename: 'a.jpg' })).rejects.toThrow();
    expect(requests.map(({ headers }) => headers.authorization)).toEqual([undefined, `Bearer ${apiKey}`]);
  });

  it('takes what would steer a terminal out of what a server says', async () => {
    const { client } = await startApi((_request, response) => {
      response
        .writeHead(400)
        .end(JSON.stringify({ error: 'No.\u001b[2J\u009b1mFine!\n', code: 'x\u001b', requestId: 'a\rb' }));
    });
    const failure = await client.complete('ticket', undefined).catch((error: unknown) => error);
    expect(failure).toMatchObject({ message: 'No. [2J 1mFine! ', code: 'x ', requestId: 'a b' });
  });
});
