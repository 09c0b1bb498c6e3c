import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { availableParallelism, constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseGivenServers, type ServerName, UsageError } from './given-servers.ts';
import { obtainServers } from './obtain-servers.ts';
import { type ChosenSuites, chooseSuites, listTestFiles } from './suites.ts';

const help = `pnpm test:real [test file ...] [vitest options]

Runs the suites that mean something on real servers: on an S3 server (RadosGW) and on imgproxy.
A test file is given by a part of its path that ends in .test.ts; without any, all of them run.

Servers that are there are used when their addresses are given:
  KUANARY_TEST_S3_ENDPOINT, KUANARY_TEST_S3_REGION, KUANARY_TEST_S3_ACCESS_KEY, KUANARY_TEST_S3_SECRET_KEY
  KUANARY_TEST_S3_OTHER_ACCESS_KEY, KUANARY_TEST_S3_OTHER_SECRET_KEY   a second account of that server; optional
  KUANARY_TEST_IMGPROXY_URL, KUANARY_TEST_IMGPROXY_KEY, KUANARY_TEST_IMGPROXY_SALT
  KUANARY_TEST_S3_BUCKET   the bucket that imgproxy may read: IMGPROXY_ALLOWED_SOURCES=s3://<bucket>/*.

Otherwise they are started on loopback, without root, and stopped at the end:
  RadosGW    Ceph Reef from Debian's packages, fetched once into $XDG_CACHE_HOME/kuanary or ~/.cache/kuanary
             (about 85 MB, 170 MB on disk). Needs Linux with apt and debian-archive-keyring.
             KUANARY_TEST_DEBIAN_MIRROR   the mirror to fetch from; default: the one in /etc/apt
  imgproxy   the program on the PATH

A server that cannot be had is named with its reason, with the suites that are skipped for it.
  KUANARY_TEST_REQUIRE_REAL=s3,imgproxy   the absence of these is a failure

Exit code: 0 all that could run has passed, 1 a test has failed or a required server is absent, 2 wrong usage.`;

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** @returns the exit code */
async function testReal(args: readonly string[], environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(help);
    return 0;
  }
  const given = parseGivenServers(environment);
  const isTestFile = (arg: string): boolean => !arg.startsWith('-') && arg.endsWith('.test.ts');
  const wanted = args.filter(isTestFile);
  const testFiles = listTestFiles(root);
  chooseSuites(testFiles, wanted, new Set()); // a wrong file is refused before any server is started

  const servers = await obtainServers({ given, environment, signal, log: (line) => console.log(line) });
  try {
    const suites = chooseSuites(testFiles, wanted, new Set(servers.absent.keys()));
    const notes = describeAbsence(servers.absent, suites);
    if (notes !== '') console.log(`\n${notes}\n`);
    const unmet = given.required.filter((name) => servers.absent.has(name));
    for (const name of unmet) console.log(`KUANARY_TEST_REQUIRE_REAL wants ${name}. ${servers.absent.get(name)}`);
    if (unmet.length > 0 || suites.run.length === 0) {
      console.log(`0 passed, ${unmet.length} failed`);
      return unmet.length > 0 ? 1 : 0;
    }
    const options = args.filter((arg) => !isTestFile(arg) && arg !== '--');
    const testEnvironment = { ...environment, ...servers.environment, KUANARY_TEST_CLOSING_NOTES: notes };
    return await runVitest([...suites.run, ...withWorkers(options)], testEnvironment, signal);
  } finally {
    await servers.close();
  }
}

/** What is absent, as far as it matters to the suites wanted. */
function describeAbsence(absent: ReadonlyMap<ServerName, string>, { skipped }: ChosenSuites): string {
  const paragraphs = [...skipped].map(([name, files]) => [
    absent.get(name) ?? '',
    'Skipped without it:',
    ...files.map((file) => `  ${file}`),
  ]);
  return paragraphs.flat().join('\n');
}

/** As many workers as processors: the tests wait for servers more than they compute, and vitest by itself would leave one free. */
function withWorkers(options: readonly string[]): string[] {
  const given = options.some((option) => /^--max-?workers\b/i.test(option));
  return given ? [...options] : [`--maxWorkers=${availableParallelism()}`, ...options];
}

async function runVitest(args: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<number> {
  signal.throwIfAborted();
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', ...args], { cwd: root, env, stdio: 'inherit' });
  const end = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', end, { once: true });
  const [code, killedBy]: [number | null, NodeJS.Signals | null] = await once(child, 'exit').then(([c, s]) => [c, s]);
  signal.removeEventListener('abort', end);
  signal.throwIfAborted();
  if (killedBy !== null) console.log(`vitest was ended by ${killedBy}`);
  return code ?? 1;
}

class Interrupted extends Error {
  readonly exitCode: number;
  constructor(signalName: NodeJS.Signals) {
    super(`stopped by ${signalName}`);
    this.name = 'Interrupted';
    this.exitCode = 128 + constants.signals[signalName];
  }
}

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(name, () => interruption.abort(new Interrupted(name)));

testReal(process.argv.slice(2), process.env, interruption.signal).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    if (!(error instanceof UsageError || error instanceof Interrupted)) throw error;
    console.error(error.message);
    process.exitCode = error instanceof UsageError ? 2 : error.exitCode;
  },
);
