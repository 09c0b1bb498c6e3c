import { resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../config.ts';
import { startObjectStore } from '../embedded/object-store/object-store-server.ts';
import { prepareBucket } from '../embedded/prepare-bucket.ts';
import { listenOrExplain, parseOptions, parsePort, refuseInProduction } from './command-line.ts';
import { stopOnSignal } from './stop-on-signal.ts';

export const defaultStorePort = 5002;

const StoreSettings = z.object({
  S3_REGION: z.string().min(1).default('local'),
  S3_BUCKET: z.string().min(3).optional(),
  S3_ACCESS_KEY: z.string({ error: 'is missing: the access key that clients must use' }).min(1),
  S3_SECRET_KEY: z.string({ error: 'is missing: the secret key that clients must use' }).min(1),
});

/** `kuanary store`: the embedded object store alone. `S3_BUCKET`, when given, is made and opened to browsers. */
export async function runStore(args: string[]): Promise<void> {
  refuseInProduction(process.env, 'the embedded object store');
  const options = parseOptions(args, ['port', 'host', 'data']);
  const settings = StoreSettings.safeParse(process.env);
  if (!settings.success) {
    throw new ConfigError(settings.error.issues.map((issue) => `${String(issue.path[0])} ${issue.message}`));
  }
  const { S3_REGION: region, S3_BUCKET: bucket, S3_ACCESS_KEY: accessKey, S3_SECRET_KEY: secretKey } = settings.data;
  const port = parsePort(options.port ?? process.env['KUANARY_STORE_PORT'], '--port', defaultStorePort);
  const store = await listenOrExplain(
    startObjectStore({
      dataFolder: resolve(options.data ?? '.kuanary/store'),
      host: options.host ?? '127.0.0.1',
      port,
      region,
      accessKey,
      secretKey,
    }),
    'object store',
    port,
    '--port',
  );
  if (bucket !== undefined) await prepareBucket({ endpoint: store.url, region, bucket, accessKey, secretKey }, ['*']);
  stopOnSignal(store.close, 0);
  console.log(`Object store on ${store.url}${bucket === undefined ? '' : `, bucket "${bucket}"`}`);
}
