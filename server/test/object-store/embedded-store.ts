import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ObjectStoreOptions,
  type RunningObjectStore,
  startObjectStore,
} from '../../src/embedded/object-store/object-store-server.ts';
import type { ServerAddress } from './sign-request.ts';

const identity = { region: 'local', accessKey: 'suite-access-key', secretKey: 'suite-secret-key' };

/** An embedded store in a temporary folder of its own. */
export interface EmbeddedStore extends ServerAddress {
  dataFolder: string;
  /** Stops it, and starts it again in the same folder after `between`. */
  restart(between?: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export async function startEmbeddedStore(
  options: Pick<ObjectStoreOptions, 'now' | 'profiles'> = {},
): Promise<EmbeddedStore> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'kuanary-object-store-'));
  const start = (): Promise<RunningObjectStore> =>
    startObjectStore({ dataFolder, host: '127.0.0.1', port: 0, ...identity, ...options });
  let running = await start();
  return {
    ...identity,
    dataFolder,
    get endpoint() {
      return running.url;
    },
    async restart(between) {
      await running.close();
      await between?.();
      running = await start();
    },
    async close() {
      await running.close();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}
