import { parseKeyPairs } from '@kuanary/shared/imgproxy-url';
import { z } from 'zod';
import { ConfigError } from '../config.ts';
import { startImgproxyStandIn } from '../embedded/imgproxy/imgproxy-server.ts';
import { listenOrExplain, parseOptions, parsePort, refuseInProduction } from './command-line.ts';
import { stopOnSignal } from './stop-on-signal.ts';

export const defaultImgproxyPort = 5003;

const missing = 'is missing';
const ImgproxySettings = z.object({
  S3_ENDPOINT: z.url({ error: 'must be the address of the object storage' }),
  S3_REGION: z.string({ error: missing }).min(1),
  S3_BUCKET: z.string({ error: missing }).min(3),
  S3_ACCESS_KEY: z.string({ error: missing }).min(1),
  S3_SECRET_KEY: z.string({ error: missing }).min(1),
  IMGPROXY_KEY: z.string({ error: missing }).min(2),
  IMGPROXY_SALT: z.string({ error: missing }).min(2),
  IMGPROXY_SIGNATURE_SIZE: z.coerce.number({ error: 'must be 1 to 32' }).int().min(1).max(32).default(32),
});

/** `kuanary imgproxy`: the imgproxy stand-in alone, on the bucket that the settings name. */
export async function runImgproxy(args: string[]): Promise<void> {
  refuseInProduction(process.env, 'the imgproxy stand-in');
  const options = parseOptions(args, ['port', 'host']);
  const parsed = ImgproxySettings.safeParse(process.env);
  if (!parsed.success)
    throw new ConfigError(parsed.error.issues.map((issue) => `${String(issue.path[0])} ${issue.message}`));
  const settings = parsed.data;
  const port = parsePort(options.port ?? process.env['KUANARY_IMGPROXY_PORT'], '--port', defaultImgproxyPort);
  const imgproxy = await listenOrExplain(
    startImgproxyStandIn({
      host: options.host ?? '127.0.0.1',
      port,
      keyPairs: readKeyPairs(settings.IMGPROXY_KEY, settings.IMGPROXY_SALT),
      signatureSize: settings.IMGPROXY_SIGNATURE_SIZE,
      s3: {
        endpoint: settings.S3_ENDPOINT,
        region: settings.S3_REGION,
        bucket: settings.S3_BUCKET,
        accessKey: settings.S3_ACCESS_KEY,
        secretKey: settings.S3_SECRET_KEY,
        forcePathStyle: process.env['S3_FORCE_PATH_STYLE'] !== 'false',
      },
    }),
    'imgproxy',
    port,
    '--port',
  );
  stopOnSignal(imgproxy.close, 0);
  console.log(`imgproxy stand-in on ${imgproxy.url}`);
}

function readKeyPairs(keys: string, salts: string): ReturnType<typeof parseKeyPairs> {
  try {
    return parseKeyPairs(keys, salts);
  } catch (error) {
    throw new ConfigError([`IMGPROXY_KEY and IMGPROXY_SALT: ${error instanceof Error ? error.message : 'not usable'}`]);
  }
}
