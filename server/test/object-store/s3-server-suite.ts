import { afterAll, beforeAll, describe } from 'vitest';
import { describeAuthentication } from './authentication-suite.ts';
import { describeBodies } from './body-suite.ts';
import { describeBuckets } from './bucket-suite.ts';
import { describeCopies } from './copy-suite.ts';
import { describeCors } from './cors-suite.ts';
import { describeListings } from './list-suite.ts';
import { describeMultipartUploads } from './multipart-suite.ts';
import { describeObjects } from './object-suite.ts';
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

    const parts = [
      describeAuthentication,
      describeBodies,
      describeBuckets,
      describeObjects,
      describeCopies,
      describeListings,
      describeMultipartUploads,
      describeCors,
      describePostObject,
    ];
    for (const describePart of parts) describePart(() => bucket);
  });
}
