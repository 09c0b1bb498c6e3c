import type { RequestHandler } from 'express';
import type { Readiness } from '../readiness.ts';

/** `GET /healthz`: the process answers. It asks nobody else: an outage elsewhere must not restart the fleet. */
export const answerAlive: RequestHandler = (_request, response) => {
  response.set('Cache-Control', 'no-store').json({ status: 'ok' });
};

/** `GET /readyz`: 200 when uploads would work, else 503; only status words and remedies, no names or addresses. */
export function answerReady(readiness: Readiness): RequestHandler {
  return async (_request, response) => {
    const report = await readiness.report();
    response
      .status(report.ready ? 200 : 503)
      .set('Cache-Control', 'no-store')
      .json(report);
  };
}
