import { resolve } from 'node:path';
import { type Config, loadConfig } from '../config.ts';
import { createDemoPages } from '../demo/demo-pages.ts';
import { startImgproxyStandIn } from '../embedded/imgproxy/imgproxy-server.ts';
import { findImgproxy, startRealImgproxy } from '../embedded/imgproxy/real-imgproxy.ts';
import { startObjectStore } from '../embedded/object-store/object-store-server.ts';
import type { StoreProfile } from '../embedded/object-store/store-profile.ts';
import { startServer } from '../main.ts';
import { listenOrExplain, parseOptions, parsePort, refuseInProduction } from './command-line.ts';
import { buildDevEnvironment } from './dev-environment.ts';
import { defaultImgproxyPort } from './imgproxy.ts';
import { createLogger } from './logger.ts';
import { stopOnSignal } from './stop-on-signal.ts';
import { defaultStorePort, prepareStoreBucket, readStoreProfiles } from './store.ts';

/**
 * `kuanary dev`: the API with its demo page, and what the settings do not name: an object store, an imgproxy. Given
 * settings replace the embedded parts; everything else is as in production.
 */
export async function runDev(args: string[]): Promise<void> {
  parseOptions(args, []);
  const given = process.env;
  const embedStore = isMissing(given['S3_ENDPOINT']);
  const embedImgproxy = isMissing(given['IMGPROXY_URL']);
  refuseInProduction(given, '`kuanary dev`, which lets anybody upload,');
  const dataFolder = resolve(given['KUANARY_DATA']?.trim() || '.kuanary');
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
      const profiles = readStoreProfiles(given['KUANARY_STORE_PROFILE'], 'KUANARY_STORE_PROFILE');
      stops.push(await startStore(config, { port: storePort, dataFolder: resolve(dataFolder, 'store'), profiles }));
    }
    let imgproxyKind = 'your own';
    if (embedImgproxy) {
      const imgproxy = await startImgproxy(config, imgproxyPort, given['PATH']);
      imgproxyKind = imgproxy.kind;
      stops.push(imgproxy.close);
    }
    const demoPages = createDemoPages({
      storageOrigin: new URL(config.storage.publicEndpoint).origin,
      imgproxyOrigin: new URL(config.imgproxy.url).origin,
    });
    const starting = startServer(config, createLogger(config.log.level), demoPages);
    const server = await listenOrExplain(starting, 'API', config.http.port, 'PORT');
    stops.push(server.stop);
    // Before anything is printed: who waits for the print may press Ctrl-C at once.
    stopOnSignal(stopAll, config.http.shutdownGraceSeconds);
    console.log(`
  Kuanary is up. Open the first address and drop a photograph on the page.

  API and demo page   ${server.url}
  Object store        ${config.storage.publicEndpoint}${embedStore ? '  (embedded)' : ''}
  imgproxy            ${config.imgproxy.url}  (${imgproxyKind})
  Data                ${embedStore ? dataFolder : 'in your bucket'}
  API key             ${environment['API_KEYS']?.split(',')[0] ?? 'in your API_KEYS_FILE'}
  Without a key       ${describeAnonymous(config)}

  Ctrl-C stops all of it.
`);
  } catch (error) {
    await stopAll();
    throw error;
  }
}

async function startStore(
  config: Config,
  { port, dataFolder, profiles }: { port: number; dataFolder: string; profiles: StoreProfile[] },
): Promise<() => Promise<void>> {
  const { region, accessKey, secretKey } = config.storage;
  const starting = startObjectStore({ dataFolder, host: '127.0.0.1', port, region, accessKey, secretKey, profiles });
  const store = await listenOrExplain(starting, 'object store', port, 'KUANARY_STORE_PORT');
  const origins = [...new Set([...config.access.allowedOrigins, ...config.access.anonymousOrigins])];
  const target = { ...config.storage, endpoint: store.url };
  await prepareStoreBucket(target, origins.length > 0 ? origins : ['*'], profiles);
  return store.close;
}

/** A real imgproxy on the PATH where there is one, the stand-in otherwise. */
async function startImgproxy(
  config: Config,
  port: number,
  path: string | undefined,
): Promise<{ kind: string; close: () => Promise<void> }> {
  const program = await findImgproxy(path);
  const options = { host: '127.0.0.1', port, ...config.imgproxy, s3: config.storage };
  const starting = program === null ? startImgproxyStandIn(options) : startRealImgproxy(program, options);
  const imgproxy = await listenOrExplain(starting, 'imgproxy', port, 'KUANARY_IMGPROXY_PORT');
  return { kind: program ?? 'stand-in', close: imgproxy.close };
}

function describeAnonymous({ access }: Config): string {
  const pages = access.anonymousOrigins.join(', ');
  const signing = pages === '' ? 'no page may upload' : `pages of ${pages === '*' ? 'any origin' : pages} may upload`;
  return `${signing}; /upload ${access.legacyUpload === 'anonymous' ? 'takes any client' : `is set to ${access.legacyUpload}`}`;
}

function isMissing(setting: string | undefined): boolean {
  return setting === undefined || setting.trim() === '';
}
