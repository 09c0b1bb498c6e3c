import { createLogger } from '../../server/src/cli/logger.ts';
import { loadConfig } from '../../server/src/config.ts';
import { startServer } from '../../server/src/main.ts';
import { announceUrl } from './announce-url.ts';

/** What `kuanary start` runs, on a free port. */
const config = loadConfig({ HOST: '127.0.0.1', PORT: '0', ...process.env });
const server = await startServer(config, createLogger(config.log.level));
process.once('SIGTERM', () => server.stop().finally(() => process.exit()));
announceUrl(server.url);
