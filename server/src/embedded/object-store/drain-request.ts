import type { IncomingMessage } from 'node:http';
import { rawBody } from './request-body.ts';

/** Read before the answer: enough for a client that sends its whole body before it looks at the answer. */
const maxBytesBeforeAnswer = 8 * 1024 * 1024;
/** For a client that has announced a body and does not send it. */
const maxWaitBeforeAnswerMs = 5_000;
/** A client that still sends after its answer gets so much time to notice, then its connection is closed. */
const maxSendingMs = 60_000;

/**
 * Reads and drops what is left of a body, and resolves when it is time to answer. A connection that is closed, or an answer
 * that comes, in the middle of a body is seen by browsers and proxies as a network error instead of the answer.
 */
export function drainRequest(incoming: IncomingMessage): Promise<void> {
  if (incoming.readableEnded || incoming.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const waiting = setTimeout(resolve, maxWaitBeforeAnswerMs);
    const sending = setTimeout(() => incoming.socket.destroy(), maxSendingMs);
    const finish = (): void => {
      clearTimeout(waiting);
      clearTimeout(sending);
      resolve();
    };
    dropBody(incoming, resolve).then(finish, finish);
  });
}

async function dropBody(incoming: IncomingMessage, reachedMaximum: () => void): Promise<void> {
  let bytes = 0;
  for await (const chunk of rawBody(incoming)) {
    bytes += chunk.length;
    if (bytes > maxBytesBeforeAnswer) reachedMaximum();
  }
}
