import { describe, expect, it } from 'vitest';
import { testSecrets } from '../support/start-app.ts';
import { diagnose } from './diagnose.ts';
import { expectTroubles } from './expect-troubles.ts';
import { forward, rightSignature, signedTarget, takeApart } from './http-fronts.ts';

describe('doctor, when signatures are wrong', () => {
  it('names another key at imgproxy ("Invalid signature")', async () => {
    const diagnosis = await diagnose({ environment: { IMGPROXY_KEY: '33'.repeat(32) } });
    expectTroubles(diagnosis, { failed: ['imgproxy-signature'] });
    expect(diagnosis.textOf('imgproxy-signature')).toMatch(
      /Invalid signature.*differs between Kuanary and imgproxy.*64 and 64 hex digits.*same hex values to both.*Quotes/s,
    );
    expect(JSON.stringify(diagnosis.report)).not.toMatch(/3333|2222/);
  });

  it('names a key and a salt that are swapped', async () => {
    const diagnosis = await diagnose({
      environment: { IMGPROXY_KEY: testSecrets.imgproxySalt, IMGPROXY_SALT: testSecrets.imgproxyKey },
    });
    expectTroubles(diagnosis, { failed: ['imgproxy-signature'] });
    expect(diagnosis.textOf('imgproxy-signature')).toContain('swapped');
  });

  it('names a rotation in which imgproxy has the old pair only', async () => {
    const diagnosis = await diagnose({
      environment: {
        IMGPROXY_KEY: `${'33'.repeat(32)},${testSecrets.imgproxyKey}`,
        IMGPROXY_SALT: `${'44'.repeat(32)},${testSecrets.imgproxySalt}`,
      },
    });
    expectTroubles(diagnosis, { failed: ['imgproxy-signature'] });
    expect(diagnosis.textOf('imgproxy-signature')).toMatch(/has pair 2 of our 2.*give imgproxy the new pair first/s);
  });

  it('names keys and salts in another order', async () => {
    const diagnosis = await diagnose({
      environment: {
        IMGPROXY_KEY: `${testSecrets.imgproxyKey},${'33'.repeat(32)}`,
        IMGPROXY_SALT: `${'44'.repeat(32)},${testSecrets.imgproxySalt}`,
      },
    });
    expectTroubles(diagnosis, { failed: ['imgproxy-signature'] });
    expect(diagnosis.textOf('imgproxy-signature')).toContain('the order at imgproxy is another');
  });

  it('names another signature size at imgproxy', async () => {
    const diagnosis = await diagnose({ imgproxy: { signatureSize: 12 } });
    expectTroubles(diagnosis, { failed: ['imgproxy-signature'] });
    expect(diagnosis.textOf('imgproxy-signature')).toMatch(/IMGPROXY_SIGNATURE_SIZE is 12 at imgproxy and 32 here/);
  });

  it('names an imgproxy that takes unsigned addresses', async () => {
    const diagnosis = await diagnose({
      frontOfImgproxy: forward({
        request: (target) => (target === '/health' ? target : signedTarget(takeApart(target).path)),
      }),
    });
    expectTroubles(diagnosis, { failed: ['imgproxy-signature'] });
    expect(diagnosis.textOf('imgproxy-signature')).toMatch(
      /without a signature.*IMGPROXY_KEY=<hex> and IMGPROXY_SALT=<hex>/s,
    );
    expect(diagnosis.skipped).toContain('imgproxy-picture');
  });

  it.each([
    ['a web page', { 'content-type': 'text/html', server: 'nginx' }, '<html><title>404 Not Found</title></html>'],
    ['a line of text', { 'content-type': 'text/plain' }, '404 page not found'],
  ])(
    'is content with a proxy that answers addresses without our signature itself, with %s',
    async (_what, headers, body) => {
      const isOurs = (target: string): boolean =>
        target === '/health' || takeApart(target).signature === rightSignature(takeApart(target).path);
      const diagnosis = await diagnose({
        frontOfImgproxy: forward({
          request: (target) => (isOurs(target) ? target : { status: 404, headers, body }),
        }),
      });
      expectTroubles(diagnosis, {});
    },
  );

  it('is content with a CDN that has a page of its own for every error', async () => {
    const diagnosis = await diagnose({
      frontOfImgproxy: forward({
        answer: ({ status, headers }) =>
          status >= 400
            ? {
                headers: { 'cache-control': headers['cache-control'] ?? '', 'content-type': 'text/html' },
                body: '<html>Sorry</html>',
              }
            : {},
      }),
    });
    expect(diagnosis.failed).toEqual([]);
    expect(diagnosis.textOf('imgproxy-signature')).toMatch(/^pass/);
  });

  it('does not take a page for an answer of imgproxy where every address gets it', async () => {
    const page = { status: 404, headers: { 'content-type': 'text/html' }, body: '<html><title>Lost</title></html>' };
    const diagnosis = await diagnose({
      frontOfImgproxy: forward({ request: (target) => (target === '/health' ? target : page) }),
    });
    expectTroubles(diagnosis, { failed: ['imgproxy-signature'] });
    expect(diagnosis.textOf('imgproxy-signature')).toMatch(/404, a web page "Lost".*another program answers there/s);
  });

  it('names a word that imgproxy trusts in the place of a signature', async () => {
    const diagnosis = await diagnose({
      frontOfImgproxy: forward({
        request: (target) => {
          const { signature, path } = takeApart(target);
          return signature === 'unsafe' ? signedTarget(path) : target;
        },
      }),
    });
    expectTroubles(diagnosis, { failed: ['imgproxy-signature'] });
    expect(diagnosis.textOf('imgproxy-signature')).toMatch(/accepts "unsafe".*IMGPROXY_TRUSTED_SIGNATURES/s);
  });

  it('names a server that takes a signature that is cut off', async () => {
    const diagnosis = await diagnose({
      frontOfImgproxy: forward({
        request: (target) => {
          const { signature, path } = takeApart(target);
          const right = rightSignature(path);
          return signature.length >= 8 && right.startsWith(signature.slice(0, 8)) ? `/${right}${path}` : target;
        },
      }),
    });
    expectTroubles(diagnosis, { failed: ['imgproxy-signature'] });
    expect(diagnosis.textOf('imgproxy-signature')).toContain('cut off');
  });

  it('names a proxy that changes the path of pictures', async () => {
    const diagnosis = await diagnose({
      frontOfImgproxy: forward({ request: (path) => path.replace('s3://', 's3:%2F%2F') }),
    });
    expectTroubles(diagnosis, { failed: ['imgproxy-signature'] });
    const shortening = await diagnose({ frontOfImgproxy: forward({ request: (path) => path.replace('/f:png', '') }) });
    expectTroubles(shortening, { failed: ['imgproxy-picture'] });
    expect(shortening.textOf('imgproxy-picture')).toContain('something in front changes the path');
  });
});
