import { describe, expect, it } from 'vitest';
import { createPng } from '../../src/doctor/png-writer.ts';
import { startRecordingProxy } from '../support/recording-proxy.ts';
import { diagnose } from './diagnose.ts';
import { expectTroubles } from './expect-troubles.ts';
import {
  answerAlways,
  findClosedAddress,
  forward,
  hang,
  imgproxyText,
  isPicture,
  otherImgproxy,
  unreachableSource,
} from './http-fronts.ts';

const longTestMs = 30_000;

describe('doctor, when imgproxy is not there', () => {
  it('names an imgproxy that is not running', async () => {
    const diagnosis = await diagnose({ environment: { IMGPROXY_URL: await findClosedAddress() } });
    expectTroubles(diagnosis, { failed: ['imgproxy-reachable'] });
    expect(diagnosis.textOf('imgproxy-reachable')).toMatch(
      /connection refused.*not running.*container itself.*IMGPROXY_URL/s,
    );
    expect(diagnosis.skipped).toContain('imgproxy-picture');
  });

  it(
    'names an imgproxy that hangs',
    async () => {
      const diagnosis = await diagnose({ frontOfImgproxy: hang });
      expectTroubles(diagnosis, { failed: ['imgproxy-reachable'] });
      expect(diagnosis.textOf('imgproxy-reachable')).toMatch(/no answer within 5 s.*hangs/s);
    },
    longTestMs,
  );

  it('names a web page at the address of imgproxy', async () => {
    const diagnosis = await diagnose({
      frontOfImgproxy: answerAlways({
        headers: { 'content-type': 'text/html', server: 'nginx' },
        body: '<html><head><title>Welcome to nginx!</title></head></html>',
      }),
    });
    expectTroubles(diagnosis, { failed: ['imgproxy-reachable'] });
    expect(diagnosis.textOf('imgproxy-reachable')).toMatch(
      /"Welcome to nginx!" \(server: nginx\).*another program.*IMGPROXY_URL/s,
    );
  });

  it('names a CDN that forces https', async () => {
    const diagnosis = await diagnose({
      frontOfImgproxy: forward({
        request: (path, request) => ({
          status: 301,
          headers: { location: `https://${request.headers.host}${path}`, server: 'cloudflare' },
        }),
      }),
    });
    expectTroubles(diagnosis, { failed: ['imgproxy-reachable'] });
    expect(diagnosis.textOf('imgproxy-reachable')).toMatch(
      /HTTP 301.*forces https.*IMGPROXY_URL=https:\/\/127\.0\.0\.1/s,
    );
  });

  it('names a login page in front of imgproxy', async () => {
    const diagnosis = await diagnose({
      frontOfImgproxy: answerAlways({ status: 302, headers: { location: 'https://login.example.com/?token=abc' } }),
    });
    expectTroubles(diagnosis, { failed: ['imgproxy-reachable'] });
    expect(diagnosis.textOf('imgproxy-reachable')).toMatch(/redirect to https:\/\/login\.example\.com\/[^?].*login/s);
    expect(diagnosis.textOf('imgproxy-reachable')).not.toContain('abc');
  });

  it('names the address of the storage in the place of imgproxy', async () => {
    let storeUrl = '';
    const diagnosis = await diagnose({
      frontOfStore: (url) => {
        storeUrl = url;
        return startRecordingProxy(url);
      },
      frontOfImgproxy: () => startRecordingProxy(storeUrl),
    });
    expectTroubles(diagnosis, { failed: ['imgproxy-reachable'] });
    expect(diagnosis.textOf('imgproxy-reachable')).toMatch(/An S3 server answers.*S3_ENDPOINT/s);
  });

  it('names a CDN that does not reach imgproxy', async () => {
    const diagnosis = await diagnose({
      frontOfImgproxy: answerAlways({
        status: 522,
        headers: { 'content-type': 'text/html', server: 'cloudflare' },
        body: '<title>522: Connection timed out</title>',
      }),
    });
    expectTroubles(diagnosis, { failed: ['imgproxy-reachable'] });
    expect(diagnosis.textOf('imgproxy-reachable')).toMatch(/522.*got no connection in time.*firewall/s);
  });

  it('names a path prefix that only imgproxy has', async () => {
    const diagnosis = await diagnose({
      frontOfImgproxy: answerAlways({ status: 404, headers: imgproxyText, body: ' ' }),
    });
    expectTroubles(diagnosis, { failed: ['imgproxy-reachable'] });
    expect(diagnosis.textOf('imgproxy-reachable')).toMatch(/IMGPROXY_PATH_PREFIX/);
  });

  it('is content with a path prefix that both have', async () => {
    const diagnosis = await diagnose({
      frontOfImgproxy: async (upstream) => {
        const front = await forward({ request: (path) => path.replace(/^\/img/, '') })(upstream);
        return { ...front, url: `${front.url}/img/` };
      },
    });
    expectTroubles(diagnosis, {});
  });

  it('is content with a proxy that does not publish /health', async () => {
    const diagnosis = await diagnose({
      frontOfImgproxy: forward({
        request: (path) => (path === '/health' ? { status: 403, body: '<html><title>403</title></html>' } : path),
      }),
    });
    expectTroubles(diagnosis, {});
    expect(diagnosis.textOf('imgproxy-reachable')).toContain('/health is not published');
  });

  it('names a query in IMGPROXY_URL', async () => {
    const diagnosis = await diagnose({ environment: { IMGPROXY_URL: 'http://127.0.0.1:8080/?w=1' } });
    expect(diagnosis.textOf('imgproxy-reachable')).toContain('has a query');
  });
});

describe('doctor, when pictures do not load', () => {
  it('names a wrong S3 secret at imgproxy', async () => {
    const diagnosis = await diagnose(
      otherImgproxy((s3) => ({ s3: { ...s3, secretKey: 'another-secret-key-0123456789' } })),
    );
    expectTroubles(diagnosis, { failed: ['imgproxy-picture'] });
    expect(diagnosis.textOf('imgproxy-picture')).toMatch(
      /HTTP 403 "Source is unreachable".*refuses imgproxy's own S3 key.*AWS_SECRET_ACCESS_KEY.*IMGPROXY_S3_REGION=local/s,
    );
  });

  it('names sources that do not allow the bucket', async () => {
    const diagnosis = await diagnose(otherImgproxy((s3) => ({ s3: { ...s3, bucket: 'another-bucket' } })));
    expectTroubles(diagnosis, { failed: ['imgproxy-picture'] });
    expect(diagnosis.textOf('imgproxy-picture')).toMatch(
      /Invalid source URL.*IMGPROXY_ALLOWED_SOURCES=s3:\/\/kuanary-.*\/\*\./s,
    );
  });

  it('names an imgproxy without S3', async () => {
    const diagnosis = await diagnose({
      frontOfImgproxy: forward({
        answer: ({ status, body }) =>
          status === 200 && String(body) !== 'imgproxy is running' ? unreachableSource(404) : {},
      }),
    });
    expectTroubles(diagnosis, { failed: ['imgproxy-picture'] });
    expect(diagnosis.textOf('imgproxy-picture')).toMatch(
      /IMGPROXY_USE_S3 is not set.*IMGPROXY_USE_S3=true, IMGPROXY_S3_ENDPOINT=http/s,
    );
  });

  it('names a storage that answers imgproxy with errors', async () => {
    const diagnosis = await diagnose({
      frontOfImgproxy: forward({ answer: ({ headers }) => (isPicture(headers) ? unreachableSource(502) : {}) }),
    });
    expectTroubles(diagnosis, { failed: ['imgproxy-picture'] });
    expect(diagnosis.textOf('imgproxy-picture')).toMatch(/The storage answers imgproxy with server errors/);
  });

  it('names something in front that changes pictures', async () => {
    const diagnosis = await diagnose({
      frontOfImgproxy: forward({
        answer: ({ headers }, path) =>
          isPicture(headers) && path.includes('/rs:fit:16:16/')
            ? {
                body: createPng({ width: 20, height: 20 }),
                headers: { 'content-type': 'image/png', 'cache-control': headers['cache-control'] ?? '' },
              }
            : {},
      }),
    });
    expectTroubles(diagnosis, { warned: ['imgproxy-picture'] });
    expect(diagnosis.textOf('imgproxy-picture')).toMatch(/20 × 20 png; 16 × 12 png was asked for.*image optimisation/s);
  });

  it('names a picture that is cut off on its way', async () => {
    const diagnosis = await diagnose({
      frontOfImgproxy: forward({
        answer: ({ headers }) => (isPicture(headers) ? { body: 'x', headers: { 'content-type': 'image/png' } } : {}),
      }),
    });
    expectTroubles(diagnosis, { failed: ['imgproxy-picture'] });
  });
});
