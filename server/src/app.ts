import express, { type Express, type RequestHandler } from 'express';
import type { Logger } from 'pino';
import { allowAnyOrigin, allowOrigins } from './middleware/cors.ts';
import { answerErrors, answerNotFound, refuseOtherMethods } from './middleware/error-handler.ts';
import { jsonBody } from './middleware/json-body.ts';
import { refuseQueryCredentials } from './middleware/refuse-query-credentials.ts';
import { logRequests } from './middleware/request-log.ts';
import type { Readiness } from './readiness.ts';
import { type CompleteUploadParts, completeUpload } from './routes/complete-upload.ts';
import { type DeleteImageParts, deleteImage } from './routes/delete-image.ts';
import { followLink } from './routes/follow-link.ts';
import { type GetImageParts, getImage } from './routes/get-image.ts';
import { getLimits } from './routes/get-limits.ts';
import { getOriginal } from './routes/get-original.ts';
import { answerAlive, answerReady } from './routes/health.ts';
import { type LegacyUploadParts, legacyUpload } from './routes/legacy-upload.ts';
import { listImages } from './routes/list-images.ts';
import { listPresets } from './routes/list-presets.ts';
import { type SignUploadParts, signUpload } from './routes/sign-upload.ts';

export interface AppParts
  extends SignUploadParts,
    CompleteUploadParts,
    LegacyUploadParts,
    GetImageParts,
    DeleteImageParts {
  readiness: Readiness;
  log: Logger;
  monotonicMs: () => number;
  /** Pages at `/` that only `kuanary dev` has. */
  demoPages?: RequestHandler;
}

/** The whole API on one screen: which address, who may read the answer, what carries it out. */
export function createApp(parts: AppParts): Express {
  const { config, presets, presetUrls } = parts;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('trust proxy', config.http.trustProxy);

  app.use(logRequests(parts.log, parts.monotonicMs));
  app.use((_request, response, next) => {
    response.set('X-Content-Type-Options', 'nosniff');
    if (parts.readiness.isDraining()) response.set('Connection', 'close');
    next();
  });
  const listed = [
    allowOrigins([...config.access.allowedOrigins, ...config.access.anonymousOrigins]),
    refuseQueryCredentials,
  ];
  const open = allowAnyOrigin;

  app.route('/sign-upload').all(listed).post(jsonBody, signUpload(parts)).all(refuseOtherMethods('POST'));
  app.route('/complete').all(listed).post(jsonBody, completeUpload(parts)).all(refuseOtherMethods('POST'));
  app.route('/upload').all(listed).post(legacyUpload(parts)).all(refuseOtherMethods('POST'));
  app.route('/presets').all(open).get(listPresets(presets)).all(refuseOtherMethods('GET'));
  app
    .route('/limits')
    .all(open)
    .get(getLimits(config, presets, presetUrls))
    .all(refuseOtherMethods('GET'));
  app.route('/i/:preset/:filename').all(open).get(followLink(presets, presetUrls)).all(refuseOtherMethods('GET'));
  app.route('/images').all(listed).get(listImages(parts)).all(refuseOtherMethods('GET'));
  app.route('/images/:filename/original').all(listed).get(getOriginal(parts)).all(refuseOtherMethods('GET'));
  app
    .route('/images/:filename')
    .all(listed)
    .get(getImage(parts))
    .delete(deleteImage(parts))
    .all(refuseOtherMethods('GET, DELETE'));
  app.route('/healthz').all(open).get(answerAlive).all(refuseOtherMethods('GET'));
  app.route('/readyz').all(open).get(answerReady(parts.readiness)).all(refuseOtherMethods('GET'));
  if (parts.demoPages !== undefined) app.use(parts.demoPages);

  app.use(answerNotFound);
  app.use(answerErrors(parts.log));
  return app;
}
