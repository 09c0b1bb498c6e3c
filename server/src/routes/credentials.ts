import type { Request } from 'express';
import type { Credentials } from '../access/authorise.ts';

/** What of a request decides who the caller is: one header, and the browser's word on the page's origin. */
export function credentialsOf(request: Request): Credentials {
  return { authorization: request.get('Authorization'), origin: request.get('Origin') };
}
