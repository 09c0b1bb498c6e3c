import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { diagnose, type Front, type SetUpChanges } from './diagnose.ts';
import { expectTroubles } from './expect-troubles.ts';
import { answerAlways, findClosedAddress, hang } from './http-fronts.ts';
import { createSelfSignedCertificate } from './self-signed-certificate.ts';
import { type FrontAnswer, storeFront } from './store-front.ts';

const shortTimeout = { requestTimeoutMs: 300 };

/** What the check of the storage says where this answers at `S3_ENDPOINT`, and nothing else is blamed. */
async function explainReach(changes: SetUpChanges): Promise<string> {
  const diagnosis = await diagnose(changes, shortTimeout);
  expectTroubles(diagnosis, { failed: ['storage-reachable'] });
  return diagnosis.textOf('storage-reachable');
}

describe('doctor, about the address of the storage', () => {
  it('names a port at which nothing listens', async () => {
    const S3_ENDPOINT = await findClosedAddress();
    expect(await explainReach({ environment: { S3_ENDPOINT } })).toMatch(
      /S3_ENDPOINT\): connection refused.*not running, or listens on another port/s,
    );
  });

  it('names a host name that does not resolve', async () => {
    const environment = { S3_ENDPOINT: 'http://storage.kuanary-test.invalid' };
    expect(await explainReach({ environment })).toMatch(
      /the name does not resolve.*typing mistake.*getent hosts storage\.kuanary-test\.invalid/s,
    );
  });

  it('bounds the wait for a server that takes connections and hangs', async () => {
    expect(await explainReach({ frontOfStore: hang })).toMatch(
      /no answer within 0\.3 s.*takes connections but does not answer/s,
    );
  });

  it('tells which of the two addresses is in trouble', async () => {
    const text = await explainReach({ frontOfPublicStore: answerAlways({ status: 502 }) });
    expect(text).toMatch(/pass\n.*answers as S3 does/);
    expect(text).toMatch(/\(S3_PUBLIC_ENDPOINT\) answers HTTP 502 without a body.*proxy/s);
  });

  it('names https:// in front of a port that speaks plain http', async () => {
    const http = await answerAlways({})();
    try {
      const S3_ENDPOINT = http.url.replace('http:', 'https:');
      expect(await explainReach({ environment: { S3_ENDPOINT } })).toMatch(
        /does not speak TLS.*S3_ENDPOINT=http:\/\//s,
      );
    } finally {
      await http.close();
    }
  });

  it('names http:// in front of a port that speaks TLS only', async () => {
    const body = 'Client sent an HTTP request to an HTTPS server.\n';
    expect(await explainReach({ frontOfStore: answerAlways({ status: 400, body }) })).toMatch(
      /speaks TLS only.*S3_ENDPOINT=https:\/\//s,
    );
  });

  it('names a certificate that nobody trusts, and the setting for an authority of one’s own', async () => {
    expect(await explainReach({ frontOfStore: startSelfSigned })).toMatch(
      /certificate is self-signed.*NODE_EXTRA_CA_CERTS/s,
    );
  });

  it('names the console for people, by the title of its page', async () => {
    const page = { headers: { 'Content-Type': 'text/html' }, body: '<!doctype html><title>MinIO Console</title>' };
    expect(await explainReach({ frontOfStore: answerAlways(page) })).toMatch(
      /a web page "MinIO Console".*MinIO: port 9001.*MinIO: 9000/s,
    );
  });

  it('names a web page of something else', async () => {
    const page = { headers: { 'Content-Type': 'text/html', Server: 'nginx' }, body: '<html><title>Welcome!</title>' };
    expect(await explainReach({ frontOfStore: answerAlways(page) })).toMatch(
      /a web page "Welcome!" \(server: nginx\); that is not S3/,
    );
  });

  it('names a redirect to https', async () => {
    const frontOfStore = storeFront({
      answer: ({ headers, url = '/' }) => ({ status: 301, headers: { Location: `https://${headers.host}${url}` } }),
    });
    expect(await explainReach({ frontOfStore })).toMatch(/a redirect to https:\/\/.*S3_ENDPOINT=https:\/\//s);
  });

  it.each<[string, FrontAnswer]>([
    ['an empty answer', { status: 200 }],
    ['JSON of another API', { status: 404, headers: { 'Content-Type': 'application/json' }, body: '{"detail":"no"}' }],
    ['broken XML', { status: 200, headers: { 'Content-Type': 'application/xml' }, body: '<ListAllMyB' }],
  ])('does not take %s for S3', async (_what, answer) => {
    expect(await explainReach({ frontOfStore: storeFront({ answer: () => answer }) })).toMatch(
      /that is not S3.*S3_ENDPOINT/s,
    );
  });

  it('takes a proxy that publishes nothing but the bucket', async () => {
    const diagnosis = await diagnose({
      frontOfStore: storeFront({
        answer: ({ url }) => (url === '/' ? { status: 404, body: 'nothing here' } : undefined),
      }),
    });
    expectTroubles(diagnosis, {});
    expect(diagnosis.textOf('storage-reachable')).toContain('at the address of the bucket');
  });
});

describe('doctor, about the clock', () => {
  it.each([
    ['warns of a minute', 60_000, { warned: ['clock'] }, /60 s behind .*Forms expire early.*timedatectl/s],
    ['fails at ten minutes', -600_000, { failed: ['clock'] }, /600 s ahead of .*valid for longer.*15 minutes/s],
  ])('%s', async (_what, storageAheadMs, troubles, words) => {
    const now = () => new Date(Date.now() + storageAheadMs);
    const changeAnswer = (headers: string[]): string[] =>
      headers.map((value, index) => (headers[index - 1]?.toLowerCase() === 'date' ? now().toUTCString() : value));
    const front = storeFront({ changeAnswer });
    const diagnosis = await diagnose({ store: { now }, frontOfStore: front, frontOfPublicStore: front });
    expectTroubles(diagnosis, troubles);
    expect(diagnosis.textOf('clock')).toMatch(words);
  });
});

async function startSelfSigned(): Promise<Front> {
  const server = createServer(createSelfSignedCertificate(new Date(Date.now() + 86_400_000)), (_request, response) => {
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
