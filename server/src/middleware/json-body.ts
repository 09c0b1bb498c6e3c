import express, { type RequestHandler } from 'express';
import { AppError } from '../errors.ts';

export const maxJsonBytes = 16 * 1024;

const parseJson = express.json({ limit: maxJsonBytes, strict: true, inflate: false, type: 'application/json' });

/** JSON or nothing: a form or `text/plain` needs no preflight, so a foreign page could send it. */
export const jsonBody: RequestHandler = (request, response, next) => {
  if (request.is('application/json') === false || request.get('Content-Type') === undefined) {
    next(new AppError('unsupported_media_type', 'The body must be JSON: send Content-Type: application/json.'));
    return;
  }
  const [, charset] = /;\s*charset="?([^";]*)/i.exec(request.get('Content-Type') ?? '') ?? [];
  if (charset !== undefined && charset.trim().toLowerCase() !== 'utf-8') {
    next(new AppError('unsupported_media_type', 'The body must be JSON in UTF-8.'));
    return;
  }
  parseJson(request, response, next);
};
