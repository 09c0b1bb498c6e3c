import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { type DependencyGraph, findDebianMirror, parseDependencies } from './debian-dependencies.ts';
import { runProgram } from './run-program.ts';
import { UnavailableServer } from './unavailable-server.ts';

const keyrings = ['debian-archive-keyring.gpg', 'debian-archive-keyring.pgp'].map((n) => `/usr/share/keyrings/${n}`);
const programs = ['apt-get', 'apt-cache', 'dpkg-deb'];
const connectTimeoutSeconds = 15;

export interface ArchiveOptions {
  /** Where apt keeps its state; removed by the caller. */
  folder: string;
  mirror: string;
  suite: string;
  /** Debian's name for it: `amd64`. */
  architecture: string;
  signal: AbortSignal;
}

export interface DebianArchive {
  dependenciesOf(packages: readonly string[]): Promise<DependencyGraph>;
  /** Puts the newest version of every package into a folder, as `.deb` files. */
  download(packages: readonly string[], folder: string): Promise<void>;
}

/**
 * Opens a suite of Debian's archive, whatever release this machine runs: apt with a state of its own, which sees no installed package and
 * needs no root. Signatures are verified as ever. The machine's proxy settings hold.
 */
export async function openDebianArchive(options: ArchiveOptions): Promise<DebianArchive> {
  const { folder, mirror, suite, architecture, signal } = options;
  const keyring = keyrings.find((path) => existsSync(path));
  if (keyring === undefined) throw new UnavailableServer('the package debian-archive-keyring is not installed');
  await mkdir(join(folder, 'lists/partial'), { recursive: true });
  await mkdir(join(folder, 'cache/archives/partial'), { recursive: true });
  await writeFile(join(folder, 'status'), '');
  const source = `deb [signed-by=${keyring} arch=${architecture} target=Packages] ${mirror} ${suite} main\n`;
  await writeFile(join(folder, 'sources.list'), source);
  const apt = (program: string, args: readonly string[], cwd?: string): Promise<string> => {
    const run = { signal, ...(cwd === undefined ? {} : { cwd }) };
    return runProgram(program, [...args, ...isolation(folder)], run);
  };
  await apt('apt-get', ['update', '-qq']);

  return {
    dependenciesOf: async (packages) =>
      parseDependencies(await apt('apt-cache', ['depends', '--recurse', '--important', ...packages])),
    async download(packages, into) {
      await apt('apt-get', ['download', '-qq', ...packages], into);
    },
  };
}

function isolation(folder: string): string[] {
  const settings = {
    'Dir::Etc::SourceList': join(folder, 'sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::Etc::Preferences': '/dev/null',
    'Dir::Etc::PreferencesParts': '/dev/null',
    'Dir::State': folder,
    'Dir::State::Lists': join(folder, 'lists'),
    'Dir::State::Status': join(folder, 'status'),
    'Dir::Cache': join(folder, 'cache'),
    'Acquire::Languages': 'none',
    'Acquire::Retries': '2',
    'Acquire::http::Timeout': String(connectTimeoutSeconds),
    'Acquire::https::Timeout': String(connectTimeoutSeconds),
    // As root apt would download as another user, who may not write into a private folder.
    'APT::Sandbox::User': '',
    // An archive that cannot be reached is otherwise only a warning.
    'APT::Update::Error-Mode': 'any',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/** @throws UnavailableServer naming the program that is missing */
export function assertAptPrograms(path: string): void {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  const missing = programs.find((program) => !folders.some((folder) => existsSync(join(folder, program))));
  if (missing !== undefined) throw new UnavailableServer(`Debian's ${missing} is not on the PATH`);
}

/** The mirror this machine itself uses. @throws UnavailableServer where it uses none of Debian's */
export async function readDebianMirror(aptFolder = '/etc/apt'): Promise<string> {
  const parts = await readdir(join(aptFolder, 'sources.list.d')).catch(() => []);
  const names = [
    'sources.list',
    ...parts.filter((name) => /\.(list|sources)$/.test(name)).map((name) => `sources.list.d/${name}`),
  ];
  const texts = await Promise.all(names.map((name) => readFile(join(aptFolder, name), 'utf8').catch(() => '')));
  const mirror = findDebianMirror(texts);
  if (mirror === null)
    throw new UnavailableServer(`${aptFolder} names no mirror of Debian; KUANARY_TEST_DEBIAN_MIRROR may name one`);
  return mirror;
}
