import type { IncomingMessage } from 'node:http';

/** Most bytes read and dropped after a failure. */
export const maxDrainBytes = 1024 * 1024;
/** A client that has sent nothing for this long is taken to be waiting for the answer. */
const quietMilliseconds = 200;
const maxDrainMilliseconds = 2000;

/**
 * Reads and drops what the client is still sending, within bounds. Closing a connection with unread bytes resets it, and
 * a client that is busy sending then sees the reset instead of the answer (RFC 9112, section 9.6).
 */
export function drainRequest(request: IncomingMessage): Promise<void> {
  if (request.destroyed || request.readableEnded) return Promise.resolve();
  return new Promise((resolve) => {
    let bytesLeft = maxDrainBytes;
    const quiet = setTimeout(finish, quietMilliseconds);
    const deadline = setTimeout(finish, maxDrainMilliseconds);

    function drop(chunk: Buffer): void {
      bytesLeft -= chunk.length;
      quiet.refresh();
      if (bytesLeft <= 0) finish();
    }
    function finish(): void {
      clearTimeout(quiet);
      clearTimeout(deadline);
      request.off('data', drop).off('end', finish).off('close', finish);
      request.pause();
      resolve();
    }
    request.on('data', drop).once('end', finish).once('close', finish);
    request.resume();
  });
}
