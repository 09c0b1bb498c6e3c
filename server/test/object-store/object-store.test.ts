import { describe } from 'vitest';
import { startEmbeddedStore } from './embedded-store.ts';
import { describeS3Server } from './s3-server-suite.ts';

const {
  KUANARY_TEST_S3_ENDPOINT: endpoint,
  KUANARY_TEST_S3_REGION: region = '',
  KUANARY_TEST_S3_ACCESS_KEY: accessKey = '',
  KUANARY_TEST_S3_SECRET_KEY: secretKey = '',
} = process.env;

describeS3Server('the embedded object store', () => startEmbeddedStore());

describe.skipIf(endpoint === undefined)('the server of KUANARY_TEST_S3_ENDPOINT', () => {
  describeS3Server(String(endpoint), async () => {
    return { endpoint: String(endpoint), region, accessKey, secretKey, close: async () => undefined };
  });
});
