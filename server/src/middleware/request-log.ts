import { randomUUID } from 'node:crypto';
import type { RequestHandler, Response } from 'express';
import type { Logger } from 'pino';

/** Gives each request its id (also as `X-Request-Id`) and logs one line when it is over: no query, no body, no headers. */
export function logRequests(log: Logger, monotonicMs: () => number): RequestHandler {
  return (request, response, next) => {
    const startedMs = monotonicMs();
    const requestId = randomUUID();
    response.locals['requestId'] = requestId;
    response.set('X-Request-Id', requestId);
    response.once('close', () => {
      log.info(
        {
          requestId,
          method: request.method,
          path: request.path,
          ip: request.ip,
          status: response.writableFinished ? response.statusCode : 499,
          code: response.locals['errorCode'],
          ms: Math.round(monotonicMs() - startedMs),
        },
        'request',
      );
    });
    next();
  };
}

export function requestIdOf(response: Response): string {
  const requestId: unknown = response.locals['requestId'];
  return typeof requestId === 'string' ? requestId : '';
}
