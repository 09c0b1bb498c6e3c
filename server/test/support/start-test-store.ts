import { startObjectStore } from '../../src/embedded/object-store/object-store-server.ts';
import { givenStorage, isStorageGiven } from './given-storage.ts';
import type { TestStorageAddress } from './test-bucket.ts';

export interface TestStore extends TestStorageAddress {
  close(): Promise<void>;
}

/** The real server that the environment names, so that a whole suite can be run on it; otherwise the embedded store. */
export async function startTestStore(dataFolder: string, secretKey: string): Promise<TestStore> {
  if (isStorageGiven) return { ...givenStorage, close: async () => {} };
  const identity = { region: 'local', accessKey: 'TESTKEY', secretKey };
  const store = await startObjectStore({ dataFolder, host: '127.0.0.1', port: 0, ...identity });
  return { endpoint: store.url, ...identity, close: store.close };
}
