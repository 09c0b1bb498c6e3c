/** What the headers of an answer say about caches, after RFC 9111. */

/**
 * Seconds for which a cache may keep the answer: `s-maxage`, else `max-age`, else `Expires`. 0 where it must not be kept
 * or not without asking again; undefined where nothing is said.
 */
export function maxAgeSeconds(headers: Headers): number | undefined {
  const directives = (headers.get('cache-control') ?? '').toLowerCase();
  if (/\b(no-store|no-cache|private)\b/.test(directives)) return 0;
  const [, shared] = /\bs-maxage=(\d+)/.exec(directives) ?? [];
  const [, ownAge] = /\bmax-age=(\d+)/.exec(directives) ?? [];
  const age = shared ?? ownAge;
  if (age !== undefined) return Number(age);
  const expires = Date.parse(headers.get('expires') ?? '');
  if (Number.isNaN(expires)) return undefined;
  const now = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(now) ? undefined : Math.max(0, Math.round((expires - now) / 1000));
}

/** Headers by which CDNs and caching proxies say what they did. */
const cacheHeaders = ['cf-cache-status', 'x-cache', 'x-cache-status', 'x-proxy-cache', 'cdn-cache', 'age'];
const otherCdnHeaders = ['cf-ray', 'x-served-by', 'x-amz-cf-id', 'cdn-requestid', 'via'];

/** The headers of a CDN or caching proxy, as "cf-cache-status: HIT"; empty where there is none. */
export function listCdnHeaders(headers: Headers): string[] {
  return [...cacheHeaders, ...otherCdnHeaders].flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [`${name}: ${value.slice(0, 80)}`];
  });
}

/** Whether the answer was not made for this request. */
export function servedFromCache(headers: Headers): boolean {
  if (Number(headers.get('age') ?? 0) > 0) return true;
  return cacheHeaders.some((name) => name !== 'age' && /\b(hit|stale|revalidated)\b/i.test(headers.get(name) ?? ''));
}
