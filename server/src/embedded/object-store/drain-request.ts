import type { IncomingMessage } from 'node:http';
import { rawBody } from './request-body.ts';

/** Read before the answer: enough for a client that sends its whole body before it looks at the answer. */
const maxBytesBeforeAnswer = 8 * 1024 * 1024;
/** A client that still sends after its answer gets so much time to notice. */
const maxSendingAfterAnswerMs = 30_000;

/**
 * Reads and drops what is left of a body, within bounds. A connection that is closed, or an answer that comes, in the middle
 * of a body is seen by browsers and proxies as a network error instead of the answer.
 */
export async function drainRequest(incoming: IncomingMessage): Promise<void> {
  if (incoming.readableEnded || incoming.destroyed) return;
  let bytes = 0;
  try {
    for await (const chunk of rawBody(incoming)) {
      bytes += chunk.length;
      if (bytes > maxBytesBeforeAnswer) break;
    }
  } catch {
    // The client has gone; so nobody waits for the answer.
    return;
  }
  if (incoming.readableEnded) return;
  incoming.on('error', () => undefined).resume();
  const { socket } = incoming;
  const timer = setTimeout(() => socket.destroy(), maxSendingAfterAnswerMs);
  incoming.once('close', () => clearTimeout(timer));
}
