import type { RequestHandler } from 'express';

const exposedHeaders = 'ETag, Retry-After, X-Request-Id';
/** Browsers may remember a preflight's answer this long, in seconds. */
const preflightMaxAgeSeconds = 600;

/** For addresses that hold nothing private: any page may read them. */
export const allowAnyOrigin: RequestHandler = (request, response, next) => {
  response.set({ 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': exposedHeaders });
  if (isPreflight(request)) answerPreflight(response, 'GET, HEAD');
  else next();
};

/**
 * For calls that only the listed origins may make; `*` on the list answers `*`. Never with credentials: nothing here reads
 * cookies. Set before anything can fail, so that errors are readable too.
 */
export function allowOrigins(origins: readonly string[]): RequestHandler {
  const allowed = new Set(origins);
  return (request, response, next) => {
    const origin = request.get('Origin');
    if (!allowed.has('*')) response.vary('Origin');
    const answered = allowed.has('*') ? '*' : origin !== undefined && allowed.has(origin) ? origin : undefined;
    if (answered !== undefined) {
      response.set({ 'Access-Control-Allow-Origin': answered, 'Access-Control-Expose-Headers': exposedHeaders });
    }
    if (!isPreflight(request)) next();
    else if (answered === undefined) response.status(204).end();
    else answerPreflight(response, 'GET, HEAD, POST, DELETE');
  };
}

function isPreflight(request: Parameters<RequestHandler>[0]): boolean {
  return request.method === 'OPTIONS' && request.get('Access-Control-Request-Method') !== undefined;
}

function answerPreflight(response: Parameters<RequestHandler>[1], methods: string): void {
  response
    .status(204)
    .set({
      'Access-Control-Allow-Methods': methods,
      'Access-Control-Allow-Headers': 'Authorization, Content-Type',
      'Access-Control-Max-Age': String(preflightMaxAgeSeconds),
    })
    .end();
}
