import type { HttpAnswer } from './http-probe.ts';

/**
 * Why a browser keeps an answer from a page:
 * - `missing`: no Access-Control-Allow-Origin
 * - `repeated`: several values of it, which counts as none
 * - `other-origin`: it names another
 * - `status`: a preflight that was not answered with success
 * - `header`: a preflight that does not allow a header of the request
 */
export type CorsObstacle = 'missing' | 'repeated' | 'other-origin' | 'status' | 'header';

/** The CORS check of browsers for requests without credentials. @see https://fetch.spec.whatwg.org/#cors-check */
export function findCorsObstacle({ headers }: Pick<HttpAnswer, 'headers'>, origin: string): CorsObstacle | undefined {
  const allowed = headers.get('access-control-allow-origin');
  if (allowed === null) return 'missing';
  if (allowed === '*' || allowed === origin) return undefined;
  return allowed.includes(',') ? 'repeated' : 'other-origin';
}

/**
 * The same for a preflight of a POST with these further headers; POST itself needs no leave.
 *
 * @param headerNames lower-case
 * @see https://fetch.spec.whatwg.org/#cors-preflight-fetch
 */
export function findPreflightObstacle(
  answer: Pick<HttpAnswer, 'headers' | 'status'>,
  origin: string,
  headerNames: readonly string[],
): CorsObstacle | undefined {
  const obstacle = findCorsObstacle(answer, origin);
  if (obstacle !== undefined) return obstacle;
  if (answer.status < 200 || answer.status > 299) return 'status';
  const allowed = (answer.headers.get('access-control-allow-headers') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  return headerNames.every((name) => allowed.includes(name) || allowed.includes('*')) ? undefined : 'header';
}

/** Browsers refuse this for requests with credentials, which Kuanary never makes; it is a sign of a careless proxy. */
export function opensAllWithCredentials({ headers }: Pick<HttpAnswer, 'headers'>): boolean {
  return (
    headers.get('access-control-allow-origin') === '*' && headers.get('access-control-allow-credentials') === 'true'
  );
}
