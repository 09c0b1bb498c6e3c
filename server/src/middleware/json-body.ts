import express, { type RequestHandler } from 'express';
import { AppError } from '../errors.ts';

export const maxJsonBytes = 16 * 1024;

/** The type is checked below, and more strictly. */
const parseJson = express.json({ limit: maxJsonBytes, strict: true, inflate: false, type: () => true });
const jsonInUtf8 = /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i;

/** JSON or nothing: a form or `text/plain` needs no preflight, so a foreign page could send it. */
export const jsonBody: RequestHandler = (request, response, next) => {
  if (jsonInUtf8.test(request.get('Content-Type') ?? '')) {
    parseJson(request, response, next);
    return;
  }
  next(new AppError('unsupported_media_type', 'The body must be JSON in UTF-8: send Content-Type: application/json.'));
};
