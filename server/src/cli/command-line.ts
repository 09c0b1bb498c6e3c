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

/** What a command takes beside `--help`. */
interface CommandLineShape<Flag extends string, Option extends string> {
  /** Printed for `--help`. */
  help: string;
  /** `--name` */
  flags: readonly Flag[];
  /** `--name value` */
  options: readonly Option[];
  /** What stands without a name, such as files. Default: nothing. */
  operands?: { name: string; min: number; max: number };
}

interface CommandLine<Flag extends string, Option extends string> {
  flags: Record<Flag, boolean>;
  options: Partial<Record<Option, string>>;
  operands: string[];
}

/** `null` when the help was asked for, and printed. @throws UsageError */
export function parseCommandLine<Flag extends string = never, Option extends string = never>(
  args: string[],
  shape: CommandLineShape<Flag, Option>,
): CommandLine<Flag, Option> | null {
  const { help, flags, options, operands = { name: '', min: 0, max: 0 } } = shape;
  const wrong = (sentence: string): UsageError => new UsageError(`${sentence}\n\n${help}`);
  if (args.includes('--help') || args.includes('-h')) {
    console.log(help);
    return null;
  }
  const known = Object.fromEntries([
    ...flags.map((name) => [name, { type: 'boolean' as const }]),
    ...options.map((name) => [name, { type: 'string' as const }]),
  ]);
  const parsed = parseKnown(args, known, wrong);
  const { positionals: given, values } = parsed;
  if (given.length < operands.min) throw wrong(`${operands.name} is missing.`);
  if (given.length > operands.max) throw wrong(`There is no place for "${given[operands.max]}" here.`);
  return {
    flags: Object.fromEntries(flags.map((name) => [name, values[name] === true])) as Record<Flag, boolean>,
    // parseArgs loses the names of a computed options object
    options: Object.fromEntries(
      options.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])),
    ) as Partial<Record<Option, string>>,
    operands: given,
  };
}

function parseKnown(
  args: string[],
  options: Record<string, { type: 'boolean' | 'string' }>,
  wrong: (sentence: string) => UsageError,
): { values: Record<string, unknown>; positionals: string[] } {
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: true });
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : 'The command line is wrong.');
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
    // The same codes mean something else when they come from a file.
    const listening =
      error instanceof Error && 'syscall' in error && ['listen', 'getaddrinfo'].includes(String(error.syscall));
    const code = listening && 'code' in error ? error.code : undefined;
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
