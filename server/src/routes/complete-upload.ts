import { type CompleteAnswer, CompleteRequest } from '@kuanary/shared/contract';
import type { RequestHandler } from 'express';
import type { Tickets } from '../access/ticket.ts';
import type { PresetStore } from '../images/preset-store.ts';
import type { PresetUrls } from '../images/preset-urls.ts';
import type { ConditionalPutProbe } from '../storage/conditional-put-probe.ts';
import type { UploadCommitter } from '../uploads/commit-upload.ts';

export interface CompleteUploadParts {
  tickets: Tickets;
  presets: PresetStore;
  presetUrls: PresetUrls;
  probe: ConditionalPutProbe;
  committer: UploadCommitter;
}

/** `POST /complete`: verifies what was uploaded with the ticket, commits it, answers with its addresses. Repeatable. */
export function completeUpload(parts: CompleteUploadParts): RequestHandler {
  return async (request, response) => {
    const wanted = CompleteRequest.parse(request.body);
    const ticket = parts.tickets.verify(wanted.ticket);
    const presetNames = wanted.presets ?? parts.presets.current().names;
    parts.presetUrls.assertKnown(presetNames);

    await parts.probe.assertSafe();
    const { filename, facts } = await parts.committer.commit(ticket);

    const answer: CompleteAnswer = {
      success: true,
      filename,
      ...parts.presetUrls.addressesOf(filename, presetNames),
      image: facts,
      ...(ticket.name === undefined ? {} : { originalFilename: ticket.name }),
    };
    response.set('Cache-Control', 'no-store').json(answer);
  };
}
