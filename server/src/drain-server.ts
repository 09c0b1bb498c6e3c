import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

const closeIdleEveryMs = 100;
/** A connection that has not said a word yet may be about to; this long it is given. */
const silentConnectionMs = 1_000;

/**
 * Prepares a server for its end. The function that comes back stops accepting, lets requests under way finish, and ends
 * every socket by the deadline. `server.close()` alone ends neither a socket that never spoke nor one that went idle after
 * its last answer, and nor does `closeIdleConnections()` the first kind.
 */
export function prepareDrain(server: Server): (graceMs: number) => Promise<void> {
  const silent = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  const hasSpoken = (request: IncomingMessage): boolean => silent.delete(request.socket);
  server.on('request', hasSpoken);
  server.on('checkContinue', hasSpoken);

  return async (graceMs) => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const idle = setInterval(() => server.closeIdleConnections(), closeIdleEveryMs);
    const endSilent = setTimeout(() => {
      for (const socket of silent) socket.destroy();
    }, silentConnectionMs);
    const deadline = setTimeout(() => server.closeAllConnections(), graceMs);
    await closed;
    clearInterval(idle);
    clearTimeout(endSilent);
    clearTimeout(deadline);
  };
}
