import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../config.ts';

type Environment = Record<string, string | undefined>;

/** Made once and kept, so that tickets, keys and signed URLs survive a restart. */
const Secrets = z.object({
  S3_ACCESS_KEY: z.string().min(1),
  S3_SECRET_KEY: z.string().min(1),
  IMGPROXY_KEY: z.string().min(1),
  IMGPROXY_SALT: z.string().min(1),
  API_KEYS: z.string().min(1),
});
type Secrets = z.infer<typeof Secrets>;

/**
 * The environment of `kuanary dev`: what is given, and for the rest values that make everything work on this machine.
 * This is all that differs from production.
 */
export async function buildDevEnvironment(
  given: Environment,
  parts: { dataFolder: string; embedStore: boolean; embedImgproxy: boolean; storePort: number; imgproxyPort: number },
): Promise<Environment> {
  const secrets = await loadOrMakeSecrets(parts.dataFolder);
  const defaults: Environment = {
    HOST: '127.0.0.1',
    ANONYMOUS_ORIGINS: '*',
    ANONYMOUS_MAX_BYTES: given['MAX_UPLOAD_BYTES']?.trim() || '20971520',
    LEGACY_UPLOAD: 'anonymous',
    LOG_LEVEL: 'warn',
    API_KEYS: secrets.API_KEYS,
  };
  if (parts.embedStore) {
    defaults['S3_ENDPOINT'] = `http://127.0.0.1:${parts.storePort}`;
    defaults['S3_REGION'] = 'local';
    defaults['S3_BUCKET'] = 'kuanary';
    defaults['S3_ACCESS_KEY'] = secrets.S3_ACCESS_KEY;
    defaults['S3_SECRET_KEY'] = secrets.S3_SECRET_KEY;
  }
  if (parts.embedImgproxy) {
    defaults['IMGPROXY_URL'] = `http://127.0.0.1:${parts.imgproxyPort}`;
    defaults['IMGPROXY_KEY'] = secrets.IMGPROXY_KEY;
    defaults['IMGPROXY_SALT'] = secrets.IMGPROXY_SALT;
  }
  const environment: Environment = { ...defaults };
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && value.trim() !== '') environment[name] = value;
    // A value in a file is a given value too.
    if (name.endsWith('_FILE') && value !== undefined && value.trim() !== '')
      delete environment[name.slice(0, -'_FILE'.length)];
  }
  return environment;
}

async function loadOrMakeSecrets(dataFolder: string): Promise<Secrets> {
  const file = join(dataFolder, 'secrets.json');
  const stored = await readFile(file, 'utf8').catch(() => null);
  if (stored !== null) return parseSecrets(stored, file);
  const secrets: Secrets = {
    S3_ACCESS_KEY: randomBytes(10).toString('hex'),
    S3_SECRET_KEY: randomBytes(32).toString('hex'),
    IMGPROXY_KEY: randomBytes(32).toString('hex'),
    IMGPROXY_SALT: randomBytes(32).toString('hex'),
    API_KEYS: `dev:${randomBytes(24).toString('hex')}`,
  };
  await mkdir(dataFolder, { recursive: true });
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, file);
  return secrets;
}

function parseSecrets(text: string, file: string): Secrets {
  try {
    return Secrets.parse(JSON.parse(text));
  } catch {
    throw new ConfigError([`${file} is damaged: delete it to have new secrets made (old signed URLs stop working)`]);
  }
}
