import { randomUUID } from 'node:crypto';
import { type SignUploadAnswer, SignUploadRequest } from '@kuanary/shared/contract';
import type { RequestHandler } from 'express';
import type { Access } from '../access/authorise.ts';
import { completeWithinSeconds, type Tickets } from '../access/ticket.ts';
import type { Config } from '../config.ts';
import { incomingKey } from '../uploads/object-keys.ts';
import type { SignUploadPolicy } from '../uploads/post-policy.ts';
import { assertUploadAllowed } from '../uploads/upload-rules.ts';
import { credentialsOf } from './credentials.ts';

export interface SignUploadParts {
  config: Config;
  access: Access;
  tickets: Tickets;
  signPolicy: SignUploadPolicy;
}

/** `POST /sign-upload`: a POST policy for one file of one type and size, and the ticket that completes it. */
export function signUpload({ config, access, tickets, signPolicy }: SignUploadParts): RequestHandler {
  return async (request, response) => {
    const uploader = access.authoriseSigning(credentialsOf(request));
    const wanted = SignUploadRequest.parse(request.body);
    const { contentType } = assertUploadAllowed(wanted, uploader, config.uploads.allowedFormats);

    const uploadId = randomUUID();
    const policy = await signPolicy({
      key: incomingKey(uploadId),
      contentType,
      bytes: wanted.size,
      expiresInSeconds: config.uploads.expiresSeconds,
    });
    const answer: SignUploadAnswer = {
      uploadId,
      method: 'POST',
      url: policy.url,
      fields: policy.fields,
      ticket: tickets.issue({
        uploadId,
        bytes: wanted.size,
        expires: Math.floor(policy.expiresAt.getTime() / 1000) + completeWithinSeconds,
        ...(wanted.filename === undefined ? {} : { name: wanted.filename }),
        ...(uploader.keyId === undefined ? {} : { key: uploader.keyId }),
      }),
      expiresAt: policy.expiresAt.toISOString(),
    };
    response.status(201).set('Cache-Control', 'no-store').json(answer);
  };
}
