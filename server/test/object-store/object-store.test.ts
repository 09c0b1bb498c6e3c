import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { startObjectStore } from '../../src/embedded/object-store/object-store-server.ts';
import { describeS3Server, type S3Server } from './s3-server-suite.ts';

async function startEmbedded(): Promise<S3Server> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'kuanary-object-store-'));
  const identity = { region: 'local', accessKey: 'suite-access-key', secretKey: 'suite-secret-key' };
  const store = await startObjectStore({ dataFolder, host: '127.0.0.1', port: 0, ...identity });
  return {
    endpoint: store.url,
    ...identity,
    async close() {
      await store.close();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

const {
  KUANARY_TEST_S3_ENDPOINT: endpoint,
  KUANARY_TEST_S3_REGION: region = '',
  KUANARY_TEST_S3_ACCESS_KEY: accessKey = '',
  KUANARY_TEST_S3_SECRET_KEY: secretKey = '',
} = process.env;

describeS3Server('the embedded object store', startEmbedded);

describe.skipIf(endpoint === undefined)('KUANARY_TEST_S3_ENDPOINT', () => {
  describeS3Server(String(endpoint), async () => {
    return { endpoint: String(endpoint), region, accessKey, secretKey, close: async () => undefined };
  });
});
