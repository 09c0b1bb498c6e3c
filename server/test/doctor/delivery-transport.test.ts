import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { judgeTransport } from '../../src/doctor/delivery-transport.ts';
import { diagnose, type Front } from './diagnose.ts';
import { createSelfSignedCertificate } from './self-signed-certificate.ts';

const now = new Date('2026-06-01T12:00:00Z');
const inDays = (days: number): Date => new Date(now.getTime() + days * 86_400_000);
const { signal } = new AbortController();

async function startHttps(certificateEnd: Date): Promise<Front> {
  const server = createServer(createSelfSignedCertificate(certificateEnd), (_request, response) => response.end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function judgeCertificate(end: Date) {
  const front = await startHttps(end);
  try {
    return await judgeTransport(new URL(front.url), signal, now);
  } finally {
    await front.close();
  }
}

describe('the way of pictures to browsers', () => {
  it('is warned of when the certificate ends soon', async () => {
    const [finding] = await judgeCertificate(inDays(10));
    expect(finding).toMatchObject({ verdict: 'warn', found: expect.stringMatching(/ends in 10 days, on 2026-06-11/) });
  });

  it('is fine with a certificate that is renewed in time', async () => {
    expect(await judgeCertificate(inDays(60))).toEqual([
      { verdict: 'pass', found: 'Its TLS certificate is valid for 60 more days.' },
    ]);
  });

  it('says nothing of a certificate that cannot be read', async () => {
    const server = createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await judgeTransport(new URL(`https://127.0.0.1:${port}`), signal, now)).toEqual([]);
    server.close();
  });

  it('is warned of when it is plain http, but on this machine', async () => {
    const [finding] = await judgeTransport(new URL('http://img.example.com'), signal, now);
    expect(finding).toMatchObject({ verdict: 'warn', found: 'Pictures come over plain http from img.example.com.' });
    expect(await judgeTransport(new URL('http://localhost:8080'), signal, now)).toEqual([]);
  });

  it('names a certificate of imgproxy that nobody trusts', async () => {
    const diagnosis = await diagnose({ frontOfImgproxy: () => startHttps(new Date(Date.now() + 86_400_000)) });
    expect({ failed: diagnosis.failed, warned: diagnosis.warned }).toEqual({
      failed: ['imgproxy-reachable'],
      warned: [],
    });
    expect(diagnosis.textOf('imgproxy-reachable')).toMatch(/certificate is self-signed.*valid certificate/s);
  });
});
