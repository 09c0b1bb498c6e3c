import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ServerProcess, startServerProcess } from './server-process.ts';

/** The servers of one benchmark, and a folder for all of its files. */
export interface ServerGroup {
  folder: string;
  /** Runs bench/servers/<name>.ts. */
  start(name: string, settings: Record<string, string>): Promise<ServerProcess>;
}

/** Whatever happens in `work`, all servers are stopped, last first, and the folder is removed. */
export async function withServerGroup<T>(work: (group: ServerGroup) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'kuanary-bench-'));
  const started: ServerProcess[] = [];
  try {
    return await work({
      folder,
      async start(name, settings) {
        const server = await startServerProcess(name, settings);
        started.unshift(server);
        return server;
      },
    });
  } finally {
    for (const server of started) await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
