import { describe, expect, it } from 'vitest';
import { diagnose, type SetUpChanges } from './diagnose.ts';
import { expectTroubles } from './expect-troubles.ts';
import { forward, signedTarget } from './http-fronts.ts';

describe('doctor, when delivery costs more than it must', () => {
  const onPictures = (headers: Record<string, string>): SetUpChanges => ({
    frontOfImgproxy: forward({
      answer: (answer) => (answer.status === 200 ? { headers: { ...answer.headers, ...headers } } : {}),
    }),
  });

  it.each([
    ['must not be kept', 'no-cache', /kept for 0 s only \(Cache-Control: no-cache\).*IMGPROXY_TTL/s],
    ['may be kept for an hour', 'public, max-age=3600', /kept for 3600 s only/],
    ['may be kept by browsers only', 'private, max-age=31536000', /kept for 0 s only/],
  ])('names pictures that %s', async (_what, cacheControl, words) => {
    const diagnosis = await diagnose(onPictures({ 'cache-control': cacheControl }));
    expectTroubles(diagnosis, { warned: ['delivery-cache'] });
    expect(diagnosis.textOf('delivery-cache')).toMatch(words);
  });

  it('names a cookie on pictures, without its value', async () => {
    const diagnosis = await diagnose(onPictures({ 'set-cookie': '__cf_bm=abcdef; path=/' }));
    expectTroubles(diagnosis, { warned: ['delivery-cache'] });
    expect(diagnosis.textOf('delivery-cache')).toContain('a cookie (__cf_bm)');
    expect(JSON.stringify(diagnosis.report)).not.toContain('abcdef');
  });

  it('names a Vary that divides caches', async () => {
    const diagnosis = await diagnose(onPictures({ vary: 'Accept-Encoding, User-Agent' }));
    expectTroubles(diagnosis, { warned: ['delivery-cache'] });
    expect(diagnosis.textOf('delivery-cache')).toContain('Vary: user-agent');
  });

  it('says that a CDN is in front, and what Vary: Accept asks of it', async () => {
    const diagnosis = await diagnose(onPictures({ 'cf-cache-status': 'HIT', 'cf-ray': '8a-FRA', vary: 'Accept' }));
    expectTroubles(diagnosis, {});
    expect(diagnosis.textOf('delivery-cache')).toMatch(/one copy per format.*cf-cache-status: HIT, cf-ray: 8a-FRA/s);
  });

  it('says that imgproxy gives browsers another format than the address says', async () => {
    const diagnosis = await diagnose({
      frontOfImgproxy: forward({
        request: (target, request) => {
          if (!request.headers.accept?.includes('image/webp')) return target;
          const path = target.replace(/^\/[^/]*/, '').replace('/f:png/', '/f:webp/');
          return signedTarget(path);
        },
      }),
    });
    expectTroubles(diagnosis, {});
    expect(diagnosis.textOf('delivery-cache')).toMatch(
      /Browsers get webp where the address says png.*IMGPROXY_ENFORCE/s,
    );
  });

  it('says that no CDN is in front', async () => {
    const diagnosis = await diagnose();
    expectTroubles(diagnosis, {});
    expect(diagnosis.textOf('delivery-cache')).toContain('No CDN shows itself');
  });
});
