import { findConfigWarnings, loadConfig } from '../config.ts';
import { startServer } from '../main.ts';
import { listenOrExplain, parseOptions } from './command-line.ts';
import { createLogger } from './logger.ts';
import { stopOnSignal } from './stop-on-signal.ts';

/** `kuanary start`: the API alone, on the storage and the imgproxy that the settings name. */
export async function runStart(args: string[]): Promise<void> {
  parseOptions(args, []);
  const config = loadConfig(process.env);
  const log = createLogger(config.log.level);
  for (const warning of findConfigWarnings(config)) log.warn(warning);
  const server = await listenOrExplain(startServer(config, log), 'API', config.http.port, 'PORT');
  stopOnSignal(server.stop, config.http.shutdownGraceSeconds);
  log.info({ port: server.port }, `listening on ${server.url}`);
}
