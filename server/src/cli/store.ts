import { resolve } from 'node:path';
import { prepareBucket } from '../bucket-setup/prepare-bucket.ts';
import { ConfigError, loadSettings } from '../config.ts';
import { startObjectStore } from '../embedded/object-store/object-store-server.ts';
import { parseStoreProfiles, type StoreProfile } from '../embedded/object-store/store-profile.ts';
import { listenOrExplain, parseOptions, parsePort, refuseInProduction } from './command-line.ts';
import { stopOnSignal } from './stop-on-signal.ts';

export const defaultStorePort = 5002;
const defaultRegion = 'local';

/** `kuanary store`: the embedded object store alone. `S3_BUCKET`, when given, is made and opened to browsers. */
export async function runStore(args: string[]): Promise<void> {
  refuseInProduction(process.env, 'the embedded object store');
  const options = parseOptions(args, ['port', 'host', 'data', 'profile']);
  const { region, bucket, accessKey, secretKey } = readSettings(process.env);
  const port = parsePort(options.port ?? process.env['KUANARY_STORE_PORT'], '--port', defaultStorePort);
  const profiles =
    options.profile === undefined
      ? readStoreProfiles(process.env['KUANARY_STORE_PROFILE'], 'KUANARY_STORE_PROFILE')
      : readStoreProfiles(options.profile, '--profile');
  const store = await listenOrExplain(
    startObjectStore({
      dataFolder: resolve(options.data ?? '.kuanary/store'),
      host: options.host ?? '127.0.0.1',
      port,
      region,
      accessKey,
      secretKey,
      profiles,
    }),
    'object store',
    port,
    '--port',
  );
  if (bucket !== undefined) {
    await prepareStoreBucket({ endpoint: store.url, region, bucket, accessKey, secretKey }, ['*'], profiles);
  }
  stopOnSignal(store.close, 0);
  const described = profiles.length === 0 ? '' : `, profile ${profiles.join(',')}`;
  console.log(`Object store on ${store.url}${bucket === undefined ? '' : `, bucket "${bucket}"`}${described}`);
}

/** Only the keys have to be given; they may come in files, as everywhere. @throws ConfigError */
function readSettings(environment: Record<string, string | undefined>) {
  const given = { ...environment, S3_REGION: environment['S3_REGION']?.trim() || defaultRegion };
  const hasBucket = (environment['S3_BUCKET'] ?? '').trim() !== '';
  const settings = loadSettings(given, ['S3_REGION', 'S3_ACCESS_KEY', 'S3_SECRET_KEY']);
  return {
    region: settings.S3_REGION,
    bucket: hasBucket ? loadSettings(given, ['S3_BUCKET']).S3_BUCKET : undefined,
    accessKey: settings.S3_ACCESS_KEY,
    secretKey: settings.S3_SECRET_KEY,
  };
}

/** Like `prepareBucket`; a store whose profile knows no CORS or no lifecycle gets its bucket all the same. */
export async function prepareStoreBucket(
  target: Parameters<typeof prepareBucket>[0],
  origins: readonly string[],
  profiles: readonly StoreProfile[],
): Promise<void> {
  try {
    await prepareBucket(target, origins);
  } catch (error) {
    const incomplete = profiles.includes('cors-unsupported') || profiles.includes('lifecycle-unsupported');
    if (!(incomplete && error instanceof Error && error.name === 'NotImplemented')) throw error;
  }
}

/** @throws ConfigError naming where the names came from, and the names that there are */
export function readStoreProfiles(text: string | undefined, setting: string): StoreProfile[] {
  try {
    return parseStoreProfiles(text ?? '');
  } catch (error) {
    if (error instanceof TypeError) throw new ConfigError([`${setting}: ${error.message}`]);
    throw error;
  }
}
