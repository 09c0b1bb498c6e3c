import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { runDoctor } from '../../src/doctor/run-doctor.ts';
import { startServer } from '../../src/main.ts';
import { type Diagnosis, diagnose, type Front, startSetUp, summarise, testOrigin } from './diagnose.ts';
import { expectTroubles } from './expect-troubles.ts';
import { answerAlways, type ForwardRules, findClosedAddress, forward } from './http-fronts.ts';

interface ApiChanges {
  /** Settings of the running API that differ from those of the doctor. */
  environment?: Record<string, string>;
  front?: ForwardRules;
  publicPath?: string;
}

/** Examines a good set-up with the real API running on it. */
async function diagnoseWithApi({ environment = {}, front = {} }: ApiChanges): Promise<Diagnosis> {
  const setUp = await startSetUp();
  const closing: (() => Promise<unknown>)[] = [setUp.stop];
  try {
    const server = await startServer(
      loadConfig({
        ...setUp.environment,
        HOST: '127.0.0.1',
        PORT: '0',
        SWEEP_INTERVAL_SECONDS: '0',
        SHUTDOWN_GRACE_SECONDS: '1',
        ...environment,
      }),
      pino({ level: 'silent' }),
    );
    closing.unshift(server.stop);
    const proxy: Front = await forward(front)(server.url);
    closing.unshift(proxy.close);
    const before = await setUp.keys();
    const config = loadConfig({ ...setUp.environment, PUBLIC_URL: proxy.url });
    const report = await runDoctor(config, { deep: false, signal: new AbortController().signal });
    const after = await setUp.keys();
    return summarise(
      report,
      after.filter((key) => !before.includes(key)),
    );
  } finally {
    for (const close of closing) await close();
  }
}

describe('doctor, when it looks at the running API', () => {
  it('says that it does not where PUBLIC_URL is not set', async () => {
    const diagnosis = await diagnose();
    expect(diagnosis.textOf('api')).toContain('PUBLIC_URL is not set');
  });

  it('is content with an API that runs with the same settings', async () => {
    const diagnosis = await diagnoseWithApi({});
    expectTroubles(diagnosis, {});
    expect(diagnosis.textOf('api')).toMatch(
      /The API answers at .*is ready.*read \/limits.*Links lead to .*may call the API/s,
    );
    expect(diagnosis.leftKeys).toEqual([]);
  });

  it('warns of an API that does not run (yet)', async () => {
    const diagnosis = await diagnose({ environment: { PUBLIC_URL: await findClosedAddress() } });
    expectTroubles(diagnosis, { warned: ['api'] });
    expect(diagnosis.textOf('api')).toMatch(/connection refused.*may not be running yet.*PUBLIC_URL/s);
  });

  it('warns of a proxy with nothing behind it (yet)', async () => {
    const front = await answerAlways({
      status: 502,
      headers: { server: 'nginx', 'content-type': 'text/html' },
      body: '<title>502 Bad Gateway</title>',
    })();
    const diagnosis = await diagnose({ environment: { PUBLIC_URL: front.url } });
    await front.close();
    expectTroubles(diagnosis, { warned: ['api'] });
    expect(diagnosis.textOf('api')).toMatch(/"502 Bad Gateway" \(server: nginx\).*may not be running yet/s);
  });

  it('names another program at PUBLIC_URL', async () => {
    const front = await answerAlways({ headers: { 'content-type': 'application/json' }, body: '{"hello":"world"}' })();
    const diagnosis = await diagnose({ environment: { PUBLIC_URL: front.url } });
    await front.close();
    expectTroubles(diagnosis, { failed: ['api'] });
    expect(diagnosis.textOf('api')).toMatch(/Another program answers there.*PUBLIC_URL/s);
  });

  it('names an API that runs with other limits', async () => {
    const diagnosis = await diagnoseWithApi({ environment: { MAX_UPLOAD_BYTES: '200000', ALLOWED_TYPES: 'jpeg' } });
    expectTroubles(diagnosis, { warned: ['api'] });
    expect(diagnosis.textOf('api')).toMatch(/another MAX_UPLOAD_BYTES, ALLOWED_TYPES.*Restart the API/s);
  });

  it('names an API that signs with other keys', async () => {
    const diagnosis = await diagnoseWithApi({ environment: { IMGPROXY_KEY: '55'.repeat(32) } });
    expectTroubles(diagnosis, { warned: ['api'] });
    expect(diagnosis.textOf('api')).toMatch(/not made with the imgproxy key and salt/);
  });

  it('names an API that sends to another imgproxy', async () => {
    const diagnosis = await diagnoseWithApi({ environment: { IMGPROXY_URL: 'http://127.0.0.1:1' } });
    expectTroubles(diagnosis, { warned: ['api'] });
    expect(diagnosis.textOf('api')).toMatch(/not under IMGPROXY_URL/);
    expect(diagnosis.textOf('api')).toContain('imgproxy does not answer at IMGPROXY_URL');
  });

  it('repeats what an API that is not ready says', async () => {
    const diagnosis = await diagnoseWithApi({
      environment: { S3_SECRET_KEY: 'another-secret-key-0123456789-0123456789' },
    });
    expectTroubles(diagnosis, { failed: ['api'] });
    expect(diagnosis.textOf('api')).toMatch(/not ready.*The bucket does not answer/s);
  });

  it('names an API that allows other origins', async () => {
    const diagnosis = await diagnoseWithApi({ environment: { ALLOWED_ORIGINS: 'https://other.example.com' } });
    expectTroubles(diagnosis, { failed: ['api'] });
    expect(diagnosis.textOf('api')).toContain(`does not let pages of ${testOrigin} call it`);
  });

  it('names a proxy that adds CORS headers to those of the API', async () => {
    const diagnosis = await diagnoseWithApi({
      front: { answer: ({ headers }) => ({ headers: { ...headers, 'access-control-allow-origin': '*, *' } }) },
    });
    expectTroubles(diagnosis, { failed: ['api'] });
    expect(diagnosis.textOf('api')).toMatch(/Access-Control-Allow-Origin twice.*add_header/s);
  });

  it('names a proxy that takes CORS headers away', async () => {
    const diagnosis = await diagnoseWithApi({
      front: {
        answer: ({ headers: { 'access-control-allow-origin': _, ...headers } }, path) =>
          path === '/limits' ? { headers } : {},
      },
    });
    expectTroubles(diagnosis, { failed: ['api'] });
    expect(diagnosis.textOf('api')).toContain('no Access-Control-Allow-Origin');
  });

  it('names a proxy that passes only some paths on', async () => {
    const notFound = { status: 404, headers: { 'content-type': 'text/html' }, body: '<title>404</title>' };
    const withoutLinks = await diagnoseWithApi({
      front: { request: (path) => (path.startsWith('/i/') ? notFound : path) },
    });
    expectTroubles(withoutLinks, { failed: ['api'] });
    expect(withoutLinks.textOf('api')).toContain('/i/thumbnail/…) is answered with HTTP 404');
    const withoutLimits = await diagnoseWithApi({
      front: { request: (path) => (path === '/limits' ? notFound : path) },
    });
    expectTroubles(withoutLimits, { failed: ['api'] });
    expect(withoutLimits.textOf('api')).toContain('/limits is answered with HTTP 404');
  });

  it('names a PUBLIC_URL without https where https is forced', async () => {
    const diagnosis = await diagnoseWithApi({
      front: {
        request: (path, request) => ({ status: 308, headers: { location: `https://${request.headers.host}${path}` } }),
      },
    });
    expectTroubles(diagnosis, { failed: ['api'] });
    expect(diagnosis.textOf('api')).toMatch(/forces https.*PUBLIC_URL=https:/s);
  });
});
