import { connect, type Socket } from 'node:net';
import { CompleteAnswer } from '@kuanary/shared/contract';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { complete, post, type RunningApp, sign, startApp } from './support/start-app.ts';

let app: RunningApp;
let jpeg: Uint8Array;

beforeEach(async () => {
  app = await startApp({ SHUTDOWN_GRACE_SECONDS: '4', LEGACY_UPLOAD: 'anonymous' });
  jpeg = await sharp({ create: { width: 6, height: 4, channels: 3, background: '#c33' } })
    .jpeg()
    .toBuffer();
});
afterEach(() => app.stop());

function openSocket(): Socket {
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  return socket;
}

describe('stopping the server', () => {
  it('finishes the requests that it had accepted, and tells their clients to go elsewhere next', async () => {
    const signed = await Promise.all(Array.from({ length: 8 }, () => sign(app, jpeg)));
    await Promise.all(signed.map((upload) => post(upload, jpeg)));
    app.proxy.reset();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    app.proxy.afterCall = async ({ copySource }) => {
      if (copySource !== undefined) await held;
    };
    const answers = signed.map(({ ticket }) => complete(app, ticket));
    await expect.poll(() => app.proxy.calls.filter(({ copySource }) => copySource !== undefined).length).toBe(8);
    const stopped = app.stopServer();
    release();
    for (const answer of answers) {
      const response = await answer;
      expect(response.status).toBe(200);
      CompleteAnswer.parse(await response.json());
    }
    await stopped;
    await expect(fetch(`${app.url}/healthz`)).rejects.toThrow();
  });

  it('does not wait for clients that keep a connection open and say nothing', async () => {
    const silent = openSocket();
    await new Promise((resolve) => silent.once('connect', resolve));
    await (await fetch(`${app.url}/healthz`)).text();
    const begun = performance.now();
    await app.stopServer();
    // Well before the end of the grace period, at which everything is cut off.
    expect(performance.now() - begun).toBeLessThan(3500);
    silent.destroy();
  });

  it('cuts off at the end of the grace period what never ends, and keeps nothing of it', async () => {
    const endless = openSocket();
    endless.write(
      'POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n',
    );
    endless.write(jpeg);
    await expect.poll(async () => (await fetch(`${app.url}/healthz`)).status).toBe(200);
    await app.stopServer();
    endless.destroy();
    expect((await app.storage.list({ prefix: 'image-', limit: 10 })).objects).toEqual([]);
  });
});
