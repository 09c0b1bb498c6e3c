import express, { type RequestHandler } from 'express';
import { AppError } from '../errors.ts';

export const maxJsonBytes = 16 * 1024;

/** The type is checked below, and more strictly. */
const parseJson = express.json({ limit: maxJsonBytes, strict: true, inflate: false, type: () => true });
const jsonInUtf8 = /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i;

/** 16 kB arrive in this time or the caller is not serious; the server's own limit is made for large uploads. */
const bodyTimeoutMs = 10_000;

/** JSON or nothing: a form or `text/plain` needs no preflight, so a foreign page could send it. */
export const jsonBody: RequestHandler = (request, response, next) => {
  if (!jsonInUtf8.test(request.get('Content-Type') ?? '')) {
    next(
      new AppError('unsupported_media_type', 'The body must be JSON in UTF-8: send Content-Type: application/json.'),
    );
    return;
  }
  let settled = false;
  const settle = (error?: unknown): void => {
    if (settled) return;
    settled = true;
    clearTimeout(deadline);
    next(error);
  };
  const tooSlow = `The JSON body did not arrive within ${bodyTimeoutMs / 1000} seconds. Send it again.`;
  const deadline = setTimeout(() => settle(new AppError('upload_too_slow', tooSlow)), bodyTimeoutMs);
  parseJson(request, response, settle);
};
