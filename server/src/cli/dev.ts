import { resolve } from 'node:path';
import { ConfigError, loadConfig } from '../config.ts';
import { createDemoPages } from '../demo/demo-pages.ts';
import { startImgproxyStandIn } from '../embedded/imgproxy/imgproxy-server.ts';
import { findImgproxy, startRealImgproxy } from '../embedded/imgproxy/real-imgproxy.ts';
import { startObjectStore } from '../embedded/object-store/object-store-server.ts';
import { prepareBucket } from '../embedded/prepare-bucket.ts';
import { startServer } from '../main.ts';
import { listenOrExplain, parseOptions, parsePort, refuseInProduction } from './command-line.ts';
import { buildDevEnvironment } from './dev-environment.ts';
import { defaultImgproxyPort } from './imgproxy.ts';
import { createLogger } from './logger.ts';
import { stopOnSignal } from './stop-on-signal.ts';
import { defaultStorePort } from './store.ts';

/**
 * `kuanary dev`: the API with its demo page, and what the settings do not name: an object store, an imgproxy. Given
 * settings replace the embedded parts; everything else is as in production.
 */
export async function runDev(args: string[]): Promise<void> {
  parseOptions(args, []);
  const given = process.env;
  const embedStore = isMissing(given['S3_ENDPOINT']);
  const embedImgproxy = isMissing(given['IMGPROXY_URL']);
  if (embedStore || embedImgproxy) refuseInProduction(given, 'the embedded backend of `kuanary dev`');
  const dataFolder = resolve(given['KUANARY_DATA'] ?? '.kuanary');
  const storePort = parsePort(given['KUANARY_STORE_PORT'], 'KUANARY_STORE_PORT', defaultStorePort);
  const imgproxyPort = parsePort(given['KUANARY_IMGPROXY_PORT'], 'KUANARY_IMGPROXY_PORT', defaultImgproxyPort);
  const environment = await buildDevEnvironment(given, {
    dataFolder,
    embedStore,
    embedImgproxy,
    storePort,
    imgproxyPort,
  });
  const config = loadConfig(environment);

  // What has started is stopped again, last first, when a later part cannot start.
  const stops: (() => Promise<void>)[] = [];
  const stopAll = async (): Promise<void> => {
    for (const stop of stops.splice(0).reverse()) await stop();
  };
  try {
    if (embedStore) {
      const { region, accessKey, secretKey } = config.storage;
      const store = await listenOrExplain(
        startObjectStore({
          dataFolder: resolve(dataFolder, 'store'),
          host: '127.0.0.1',
          port: storePort,
          region,
          accessKey,
          secretKey,
        }),
        'object store',
        storePort,
        'KUANARY_STORE_PORT',
      );
      stops.push(store.close);
      const origins = [...new Set([...config.access.allowedOrigins, ...config.access.anonymousOrigins])];
      await prepareBucket({ ...config.storage, endpoint: store.url }, origins.length > 0 ? origins : ['*']);
    }
    let imgproxyKind = 'your own';
    if (embedImgproxy) {
      const program = await findImgproxy(given['PATH']);
      imgproxyKind = program === null ? 'stand-in' : `${program}`;
      const options = { host: '127.0.0.1', port: imgproxyPort, ...config.imgproxy, s3: config.storage };
      const started = program === null ? startImgproxyStandIn(options) : startRealImgproxy(program, options);
      const imgproxy = await listenOrExplain(started, 'imgproxy', imgproxyPort, 'KUANARY_IMGPROXY_PORT');
      stops.push(imgproxy.close);
    }
    const log = createLogger(config.log.level);
    const demoPages = createDemoPages({
      storageOrigin: new URL(config.storage.publicEndpoint).origin,
      imgproxyOrigin: new URL(config.imgproxy.url).origin,
    });
    const server = await listenOrExplain(startServer(config, log, demoPages), 'API', config.http.port, 'PORT');
    stops.push(server.stop);
    // Before anything is printed: who waits for the print may press Ctrl-C at once.
    stopOnSignal(stopAll, config.http.shutdownGraceSeconds);
    console.log(`
  Kuanary is up. Open the first address and drop a photograph on the page.

  API and demo page   ${server.url}
  Object store        ${config.storage.publicEndpoint}${embedStore ? '  (embedded)' : ''}
  imgproxy            ${config.imgproxy.url}  (${imgproxyKind})
  Data                ${embedStore ? dataFolder : 'in your bucket'}
  API key             ${environment['API_KEYS']?.split(',')[0] ?? 'none'}

  Ctrl-C stops all of it.
`);
  } catch (error) {
    await stopAll();
    throw error instanceof Error ? error : new ConfigError(['the parts did not start']);
  }
}

function isMissing(setting: string | undefined): boolean {
  return setting === undefined || setting.trim() === '';
}
