import type { Server } from 'node:http';

const closeIdleEveryMs = 100;

/**
 * Stops accepting, lets requests under way finish, and ends every socket by the deadline. `server.close()` alone does
 * neither end a socket that never spoke nor one that went idle after its last answer.
 */
export async function drainServer(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const idle = setInterval(() => server.closeIdleConnections(), closeIdleEveryMs);
  const deadline = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearInterval(idle);
  clearTimeout(deadline);
}
