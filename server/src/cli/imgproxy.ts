import {
  buildImgproxyConfig,
  buildStorageConfig,
  imgproxySettingNames,
  loadSettings,
  storageSettingNames,
} from '../config.ts';
import { startImgproxyStandIn } from '../embedded/imgproxy/imgproxy-server.ts';
import { listenOrExplain, parseOptions, parsePort, refuseInProduction } from './command-line.ts';
import { stopOnSignal } from './stop-on-signal.ts';

export const defaultImgproxyPort = 5003;

/** `kuanary imgproxy`: the imgproxy stand-in alone, on the bucket that the settings name. */
export async function runImgproxy(args: string[]): Promise<void> {
  refuseInProduction(process.env, 'the imgproxy stand-in');
  const options = parseOptions(args, ['port', 'host']);
  const port = parsePort(options.port ?? process.env['KUANARY_IMGPROXY_PORT'], '--port', defaultImgproxyPort);
  // Its address is what everybody else has as IMGPROXY_URL; who starts it need not say it twice.
  const environment = { ...process.env, IMGPROXY_URL: `http://127.0.0.1:${port}` };
  const given = loadSettings(environment, [...storageSettingNames, ...imgproxySettingNames]);
  const { keyPairs, signatureSize } = buildImgproxyConfig(given);
  const imgproxy = await listenOrExplain(
    startImgproxyStandIn({
      host: options.host ?? '127.0.0.1',
      port,
      keyPairs,
      signatureSize,
      s3: buildStorageConfig(given),
    }),
    'imgproxy',
    port,
    '--port',
  );
  stopOnSignal(imgproxy.close, 0);
  console.log(`imgproxy stand-in on ${imgproxy.url}`);
}
