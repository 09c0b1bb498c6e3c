import type { RequestHandler } from 'express';
import { AppError } from '../errors.ts';

const credentialNames = new Set([
  'token',
  'ticket',
  'key',
  'api_key',
  'apikey',
  'access_token',
  'authorization',
  'secret',
]);

/** Query strings end up in logs and `Referer` headers; a credential there is refused, so that nobody gets used to it. */
export const refuseQueryCredentials: RequestHandler = (request, _response, next) => {
  const found = Object.keys(request.query).some((name) => credentialNames.has(name.toLowerCase()));
  next(found ? new AppError('credential_in_query') : undefined);
};
