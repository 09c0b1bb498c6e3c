import { imageFilenamePattern } from '@kuanary/shared/contract';
import type { RequestHandler } from 'express';
import type { Access } from '../access/authorise.ts';
import type { Tickets } from '../access/ticket.ts';
import { AppError } from '../errors.ts';
import type { ConditionalPutProbe } from '../storage/conditional-put-probe.ts';
import type { ImageDeleter } from '../uploads/delete-image.ts';
import { credentialsOf } from './credentials.ts';

export interface DeleteImageParts {
  access: Access;
  tickets: Tickets;
  probe: ConditionalPutProbe;
  deleter: ImageDeleter;
}

/** `DELETE /images/:filename`: with an API key, or with the unexpired ticket that made the image. */
export function deleteImage(parts: DeleteImageParts): RequestHandler<{ filename: string }> {
  return async (request, response) => {
    const credentials = credentialsOf(request);
    const ticketText = ticketIn(credentials.authorization);
    const onlyOfUploadId = ticketText === null ? undefined : parts.tickets.verify(ticketText).uploadId;
    if (onlyOfUploadId === undefined) parts.access.requireApiKey(credentials);
    const { filename } = request.params;
    if (!imageFilenamePattern.test(filename)) throw new AppError('image_not_found');

    await parts.probe.assertSafe();
    await parts.deleter.deleteImage(filename, onlyOfUploadId);
    response.status(204).set('Cache-Control', 'no-store').end();
  };
}

/** A ticket has a dot and no colon; an API key, `id:secret`, has a colon. */
function ticketIn(authorization: string | undefined): string | null {
  return /^Bearer +([\w-]+\.[\w-]+)$/i.exec(authorization ?? '')?.[1] ?? null;
}
