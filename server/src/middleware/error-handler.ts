import type { ErrorAnswer } from '@kuanary/shared/contract';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { Logger } from 'pino';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { StorageError } from '../storage/storage.ts';
import { drainRequest } from '../uploads/drain-request.ts';
import { requestIdOf } from './request-log.ts';

const shownIssues = 5;

/** Turns whatever a route throws into the one error body of the contract. Causes go to the log, never to the caller. */
export function answerErrors(log: Logger): ErrorRequestHandler {
  return async (error: unknown, request, response, next) => {
    const appError = toAppError(error);
    response.locals['errorCode'] = appError.code;
    if (appError.status >= 500) {
      log.error({ requestId: requestIdOf(response), code: appError.code, err: error }, 'request failed');
    }
    if (response.headersSent) {
      next(error);
      return;
    }
    if (appError.status === 401) response.set('WWW-Authenticate', 'Bearer');
    if (appError.retryAfterSeconds !== undefined) response.set('Retry-After', String(appError.retryAfterSeconds));
    if (!request.complete) {
      // What is left of an unread body must not be taken for the next request.
      response.set('Connection', 'close');
      await drainRequest(request);
    }
    response.set('Cache-Control', 'no-store');
    const body: ErrorAnswer = {
      success: false,
      error: appError.message,
      code: appError.code,
      requestId: requestIdOf(response),
    };
    response.status(appError.status).json(body);
  };
}

export const answerNotFound: RequestHandler = () => {
  throw new AppError('not_found');
};

/** @param methods what the address takes, for the `Allow` header */
export function refuseOtherMethods(methods: string): RequestHandler {
  return (_request, response) => {
    response.set('Allow', methods);
    throw new AppError('method_not_allowed', `This address takes ${methods} only.`);
  };
}

function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof StorageError) {
    const code = error.failure === 'timeout' ? 'storage_timeout' : 'storage_unavailable';
    return new AppError(code, undefined, { cause: error, retryAfterSeconds: 2 });
  }
  if (error instanceof z.ZodError) return new AppError('invalid_request', describeIssues(error));
  return fromBodyParser(error) ?? new AppError('internal_error', undefined, { cause: error });
}

function describeIssues(error: z.ZodError): string {
  const issues = error.issues.slice(0, shownIssues).map((issue) => {
    const field = issue.path.map(String).join('.').slice(0, 100);
    return field === '' ? issue.message.slice(0, 200) : `"${field}": ${issue.message.slice(0, 200)}`;
  });
  return `The request is not valid. ${issues.join('; ')}.`;
}

/** Express and its body parser mark their errors with `type` or `status` (https://github.com/expressjs/body-parser#errors). */
function fromBodyParser(error: unknown): AppError | null {
  if (!(error instanceof Error)) return null;
  const type = 'type' in error ? error.type : undefined;
  const status = 'status' in error ? error.status : undefined;
  if (type === 'entity.too.large') return new AppError('body_too_large');
  if (type === 'encoding.unsupported' || type === 'charset.unsupported') return new AppError('unsupported_media_type');
  if (type === 'entity.parse.failed' || type === 'request.size.invalid' || type === 'request.aborted') {
    return new AppError('invalid_json', undefined, { cause: error });
  }
  if (error instanceof URIError || status === 400) {
    return new AppError('invalid_request', 'The address has a broken percent escape. Encode it as UTF-8.');
  }
  return null;
}
