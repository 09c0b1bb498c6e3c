import { describe } from 'vitest';
import { givenStorage, isStorageGiven } from '../support/given-storage.ts';
import { startEmbeddedStore } from './embedded-store.ts';
import { describeS3Server } from './s3-server-suite.ts';

describeS3Server('the embedded object store', () => startEmbeddedStore());

describe.skipIf(!isStorageGiven)('the server of KUANARY_TEST_S3_ENDPOINT', () => {
  describeS3Server(givenStorage.endpoint, async () => ({ ...givenStorage, close: async () => undefined }));
});
