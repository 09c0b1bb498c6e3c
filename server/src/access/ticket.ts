import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../errors.ts';

/** How long after the policy's end an upload may still be completed. */
export const completeWithinSeconds = 3600;

/** What `/complete` must know of a signed upload; the ticket carries it, so that no state is kept. */
const Ticket = z.strictObject({
  uploadId: z.uuid(),
  /** The signed size in bytes. */
  bytes: z.int().positive(),
  /** Unix seconds. */
  expires: z.int().positive(),
  /** The person's own name for the file, to be echoed. */
  name: z.string().optional(),
  /** Id of the API key behind the upload; absent for anonymous ones. */
  key: z.string().optional(),
});
export type Ticket = z.infer<typeof Ticket>;

export interface Tickets {
  issue(ticket: Ticket): string;
  /** @throws AppError `invalid_ticket` for whatever is not ours, `ticket_expired` */
  verify(text: string): Ticket;
}

/**
 * Tickets are `base64url(json).base64url(HMAC-SHA256)`. The MAC covers a purpose and the bucket too: a ticket is good for
 * nothing but completing an upload of this deployment.
 *
 * @param secrets the first signs, all verify
 */
export function createTickets(secrets: readonly string[], bucket: string, now: () => Date): Tickets {
  const [signingSecret] = secrets;
  if (signingSecret === undefined) throw new Error('tickets need a secret');

  function macOf(payload: string, secret: string): Buffer {
    return createHmac('sha256', secret).update(`kuanary ticket v1\n${bucket}\n`).update(payload).digest();
  }

  function issue(ticket: Ticket): string {
    const payload = Buffer.from(JSON.stringify(ticket)).toString('base64url');
    return `${payload}.${macOf(payload, signingSecret ?? '').toString('base64url')}`;
  }

  function verify(text: string): Ticket {
    const [payload, mac, ...rest] = text.split('.');
    if (payload === undefined || mac === undefined || rest.length > 0) throw new AppError('invalid_ticket');
    const given = Buffer.from(mac, 'base64url');
    // base64url has several spellings of the same bytes; only ours is a ticket.
    if (given.toString('base64url') !== mac) throw new AppError('invalid_ticket');
    if (!secrets.some((secret) => isSameMac(given, macOf(payload, secret)))) throw new AppError('invalid_ticket');
    const ticket = Ticket.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
    if (!ticket.success) throw new AppError('invalid_ticket');
    if (ticket.data.expires * 1000 <= now().getTime()) throw new AppError('ticket_expired');
    return ticket.data;
  }

  return { issue, verify };
}

function isSameMac(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}
