import { prepareBucket } from '../../server/src/bucket-setup/prepare-bucket.ts';
import { startObjectStore } from '../../server/src/embedded/object-store/object-store-server.ts';
import { announceUrl } from './announce-url.ts';

/** The embedded object store with one bucket. */
const setting = (name: string): string => process.env[name] ?? '';
const identity = {
  region: setting('S3_REGION'),
  accessKey: setting('S3_ACCESS_KEY'),
  secretKey: setting('S3_SECRET_KEY'),
};
const store = await startObjectStore({ dataFolder: setting('BENCH_FOLDER'), host: '127.0.0.1', port: 0, ...identity });
await prepareBucket({ endpoint: store.url, bucket: setting('S3_BUCKET'), ...identity }, ['*']);
announceUrl(store.url);
