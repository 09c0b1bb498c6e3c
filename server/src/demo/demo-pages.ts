import { fileURLToPath } from 'node:url';
import express, { type RequestHandler } from 'express';

/** The same path from `src/demo` and from `dist/demo`. */
const demoFolder = fileURLToPath(new URL('../../demo', import.meta.url));

/**
 * The page that `kuanary dev` shows at `/`: the static files of `server/demo`. What is not there, and every method but GET
 * and HEAD, goes on to the next handler. The page may talk to the API, send to the store and show imgproxy's pictures;
 * the browser is told to refuse everything else.
 *
 * @param origins of the store as browsers see it, and of imgproxy
 * @see https://www.w3.org/TR/CSP3/
 */
export function createDemoPages(origins: { storageOrigin: string; imgproxyOrigin: string }): RequestHandler {
  const contentSecurityPolicy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `connect-src 'self' ${origins.storageOrigin}`,
    `img-src 'self' ${origins.imgproxyOrigin}`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');

  return express.static(demoFolder, {
    cacheControl: false,
    redirect: false,
    setHeaders(response) {
      response.setHeader('Cache-Control', 'no-cache');
      response.setHeader('Content-Security-Policy', contentSecurityPolicy);
      response.setHeader('Referrer-Policy', 'same-origin');
    },
  });
}
