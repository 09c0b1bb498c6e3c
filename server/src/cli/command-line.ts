import { parseArgs } from 'node:util';
import { ConfigError } from '../config.ts';
import { UsageError } from './exit-codes.ts';

/** Reads `--name value` options; anything else on the command line is refused. @throws UsageError */
export function parseOptions<Name extends string>(
  args: string[],
  names: readonly Name[],
): Partial<Record<Name, string>> {
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  try {
    const { values } = parseArgs({ args, options, strict: true, allowPositionals: false });
    return values as Partial<Record<Name, string>>; // parseArgs loses the names of a computed options object
  } catch (error) {
    const known =
      names.length === 0
        ? 'This command takes no options.'
        : `It takes ${names.map((name) => `--${name}`).join(', ')}.`;
    throw new UsageError(`${error instanceof Error ? error.message : 'The command line is wrong.'}\n${known}`);
  }
}

/** @throws ConfigError naming where the port came from */
export function parsePort(text: string | undefined, name: string, defaultPort: number): number {
  if (text === undefined || text === '') return defaultPort;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new ConfigError([`${name} must be a port number between 0 and 65535`]);
}

/** Turns "address in use" into a sentence that says which setting to change. */
export async function listenOrExplain<T>(start: Promise<T>, what: string, port: number, setting: string): Promise<T> {
  try {
    return await start;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE') {
      throw new ConfigError([
        `port ${port} (${what}) is taken: stop the program that uses it, or set ${setting} to a free port`,
      ]);
    }
    if (code === 'EACCES')
      throw new ConfigError([`port ${port} (${what}) may not be used by this user: set ${setting} to one above 1023`]);
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new ConfigError([
        `the ${what} cannot listen there: HOST must be an address of this machine, such as 0.0.0.0`,
      ]);
    }
    throw error;
  }
}

/** The embedded parts are for development and tests: one process, one disk, no replication. @throws ConfigError */
export function refuseInProduction(environment: Record<string, string | undefined>, what: string): void {
  if (environment['NODE_ENV'] === 'production') {
    throw new ConfigError([
      `${what} is not for production: set S3_ENDPOINT and IMGPROXY_URL to real servers, or unset NODE_ENV`,
    ]);
  }
}
