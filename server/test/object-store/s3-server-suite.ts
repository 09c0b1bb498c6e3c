import { afterAll, beforeAll, describe } from 'vitest';
import { describePostObject } from './post-object-suite.ts';
import type { ServerAddress } from './sign-request.ts';
import { createSuiteBucket, type SuiteBucket } from './suite-bucket.ts';

export interface S3Server extends ServerAddress {
  close(): Promise<void>;
}

/** The protocol as the product, the SDK and browsers use it: the embedded store and Ceph RadosGW (Reef) answer alike. */
export function describeS3Server(name: string, start: () => Promise<S3Server>): void {
  describe(`S3 on ${name}`, () => {
    let server: S3Server;
    let bucket: SuiteBucket;

    beforeAll(async () => {
      server = await start();
      bucket = await createSuiteBucket(server);
    });
    afterAll(async () => {
      await bucket.remove();
      await server.close();
    });

    describePostObject(() => bucket);
  });
}
