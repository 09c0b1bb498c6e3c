import { describe, expect, it } from 'vitest';
import { listCdnHeaders, maxAgeSeconds, servedFromCache } from './cache-headers.ts';

describe('maxAgeSeconds', () => {
  it.each([
    [{ 'cache-control': 'max-age=31536000, public' }, 31_536_000],
    [{ 'cache-control': 'Public, MAX-AGE=60, s-maxage=3600' }, 3600],
    [{ 'cache-control': 'no-cache' }, 0],
    [{ 'cache-control': 'private, max-age=60' }, 0],
    [{ 'cache-control': 'no-store, max-age=60' }, 0],
    [{ 'cache-control': 'max-age=0' }, 0],
    [{ 'cache-control': 'public' }, undefined],
    [{}, undefined],
    [{ expires: 'Thu, 01 Jan 2026 01:00:00 GMT', date: 'Thu, 01 Jan 2026 00:00:00 GMT' }, 3600],
    [{ expires: '0', date: 'Thu, 01 Jan 2026 00:00:00 GMT' }, 0],
  ])('reads %j as %s', (headers, seconds) => {
    expect(maxAgeSeconds(new Headers(headers))).toBe(seconds);
  });
});

describe('servedFromCache', () => {
  it.each([
    [{ 'cf-cache-status': 'HIT' }, true],
    [{ 'cf-cache-status': 'MISS' }, false],
    [{ 'x-cache': 'Hit from cloudfront' }, true],
    [{ 'x-cache': 'MISS, HIT' }, true],
    [{ age: '12' }, true],
    [{ age: '0' }, false],
    [{ via: '1.1 varnish' }, false],
  ])('reads %j as %s', (headers, served) => {
    expect(servedFromCache(new Headers(headers))).toBe(served);
  });
});

describe('listCdnHeaders', () => {
  it('names what CDNs and caching proxies add, and nothing else', () => {
    const headers = new Headers({ via: '1.1 varnish', age: '3', 'x-cache': 'HIT', server: 'imgproxy' });
    expect(listCdnHeaders(headers)).toEqual(['x-cache: HIT', 'age: 3', 'via: 1.1 varnish']);
    expect(listCdnHeaders(new Headers({ server: 'imgproxy' }))).toEqual([]);
  });
});
