import { createS3Clients } from '../storage/s3-clients.ts';
import { createBucket } from './create-bucket.ts';
import { explainOutcome, setUpBucket } from './set-up-bucket.ts';

export interface BucketAddress {
  endpoint: string;
  region: string;
  bucket: string;
  accessKey: string;
  secretKey: string;
}

/**
 * Makes a bucket where there is none and sets it up for the pages of some origins, by the calls that `setup-bucket` makes.
 * Repeatable.
 *
 * @throws the storage's own error when it refuses one of the configurations, after the other has been set up
 */
export async function prepareBucket(address: BucketAddress, origins: readonly string[]): Promise<void> {
  const clients = createS3Clients({ ...address, publicEndpoint: address.endpoint, forcePathStyle: true });
  try {
    const target = { client: clients.retrying, bucket: address.bucket };
    await createBucket(target.client, target.bucket);
    const { cors, lifecycle } = await setUpBucket(target, { origins });
    for (const [name, outcome] of [['CORS', cors] as const, ['lifecycle', lifecycle] as const]) {
      if (outcome.state === 'refused') throw outcome.refusal.error;
      const obstacle = explainOutcome(name, outcome, origins);
      if (obstacle !== null) throw new Error(obstacle);
    }
  } finally {
    clients.destroy();
  }
}
