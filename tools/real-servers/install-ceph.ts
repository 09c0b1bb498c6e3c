import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { assertAptPrograms, openDebianArchive, readDebianMirror } from './debian-archive.ts';
import { librariesNeeded } from './debian-dependencies.ts';
import { runProgram } from './run-program.ts';
import { UnavailableServer } from './unavailable-server.ts';
import { makeWorkFolder } from './work-folder.ts';

/** Debian 13 carries Ceph Reef, which is what object storages that run Ceph mostly run. */
const suite = 'trixie';
const packages = ['radosgw', 'ceph-mon', 'ceph-osd', 'ceph-base', 'ceph-common'];
/** Libraries of Ceph's clients and of tracing, which no daemon links to. */
const unneeded = new Set(['librgw2', 'librbd1', 'libcephfs2', 'libradosstriper1', 'libbabeltrace1']);

export const cephPrograms = ['radosgw', 'radosgw-admin', 'ceph-mon', 'ceph-osd', 'monmaptool', 'osdmaptool'] as const;
export type CephProgram = (typeof cephPrograms)[number];

const installTimeoutMs = 300_000;

const machines: Partial<Record<NodeJS.Architecture, { debian: string; libraries: string; loader: string }>> = {
  x64: { debian: 'amd64', libraries: 'usr/lib/x86_64-linux-gnu', loader: 'ld-linux-x86-64.so.2' },
  arm64: { debian: 'arm64', libraries: 'usr/lib/aarch64-linux-gnu', loader: 'ld-linux-aarch64.so.1' },
};

/** A private copy of Ceph: `bin`, `lib` with its own dynamic loader, `classes` and `plugins`. It can be moved. */
export interface CephCopy {
  folder: string;
  /** As Ceph says it: `18.2.7`. */
  version: string;
}

export interface InstallOptions {
  cacheFolder: string;
  /** Default: the one in /etc/apt. */
  mirror: string | null;
  /** Where the programs of apt are looked for. */
  path: string;
  signal: AbortSignal;
  log(line: string): void;
}

/** The command line that runs a program of the copy with the copy's own libraries, whatever this machine has. */
export function cephCommand({ folder }: Pick<CephCopy, 'folder'>, program: CephProgram): [string, string[]] {
  const loader = ['--library-path', join(folder, 'lib'), '--argv0', program, join(folder, 'bin', program)];
  return [join(folder, 'lib/ld.so'), loader];
}

/**
 * Ceph from the cache, or fetched into it. Nothing is installed on the machine and no root is needed. A copy is made aside and moved into
 * place when it has run, so the cache holds a whole one or none.
 * @throws UnavailableServer where this machine cannot have it
 */
export async function installCeph(options: InstallOptions): Promise<CephCopy> {
  const { cacheFolder, log } = options;
  const folder = join(cacheFolder, 'ceph-reef');
  const version = await versionOf(folder, options.signal);
  if (version !== null) return { folder, version };

  const started = Date.now();
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(installTimeoutMs)]);
  const work = await makeWorkFolder(cacheFolder, 'fetching').catch((error: unknown) => {
    throw new UnavailableServer(
      `${cacheFolder} cannot be written (${messageOf(error)}); XDG_CACHE_HOME may name another folder`,
    );
  });
  try {
    const made = await fetchCeph(work, { ...options, signal });
    const madeVersion = await versionOf(made, signal);
    if (madeVersion === null) throw new UnavailableServer('the Ceph of Debian does not run on this machine');
    await rm(folder, { recursive: true, force: true });
    await rename(made, folder);
    log(`Fetched in ${Math.round((Date.now() - started) / 1000)} s, kept in ${folder}.`);
    return { folder, version: madeVersion };
  } catch (error) {
    options.signal.throwIfAborted();
    if (signal.aborted) throw new UnavailableServer(`it was not fetched within ${installTimeoutMs / 1000} seconds`);
    throw error;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Null where there is no copy, or one that does not run. */
async function versionOf(folder: string, signal: AbortSignal): Promise<string | null> {
  const [loader, args] = cephCommand({ folder }, 'radosgw');
  const answer = await runProgram(loader, [...args, '--version'], { signal }).catch(() => '');
  signal.throwIfAborted();
  return /^ceph version (\S+)/.exec(answer)?.[1]?.replace(/[+-].*$/, '') ?? null;
}

async function fetchCeph(work: string, options: InstallOptions): Promise<string> {
  const machine = machines[process.arch];
  if (process.platform !== 'linux' || machine === undefined)
    throw new UnavailableServer(`Debian's packages do not run on ${process.platform} ${process.arch}`);
  assertAptPrograms(options.path);
  const mirror = options.mirror ?? (await readDebianMirror());
  const { signal, log } = options;
  log('Fetching Ceph Reef from Debian, about 85 MB, once ...');
  const [debs, unpacked, made] = [join(work, 'debs'), join(work, 'unpacked'), join(work, 'ceph')];
  for (const folder of [debs, unpacked, made]) await mkdir(folder);

  const archive = await openDebianArchive({
    folder: join(work, 'apt'),
    mirror,
    suite,
    architecture: machine.debian,
    signal,
  });
  const graph = await archive.dependenciesOf(packages);
  await archive.download([...packages, ...librariesNeeded(graph, packages, unneeded)], debs);
  await unpackAll(debs, unpacked, signal);
  await takeOver(unpacked, made, machine, signal);
  return made;
}

async function unpackAll(debs: string, into: string, signal: AbortSignal): Promise<void> {
  const waiting = await readdir(debs);
  const unpack = async (): Promise<void> => {
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop())
      await runProgram('dpkg-deb', ['-x', join(debs, name), into], { signal });
  };
  await Promise.all(Array.from({ length: availableParallelism() }, unpack));
}

/** Copies the programs, what they load by name, and the libraries that one of these links to. */
async function takeOver(
  unpacked: string,
  made: string,
  machine: { libraries: string; loader: string },
  signal: AbortSignal,
): Promise<void> {
  const libraries = join(unpacked, machine.libraries);
  const loaded = [
    { from: join(libraries, 'rados-classes'), to: join(made, 'classes') },
    { from: join(libraries, 'ceph/crypto'), to: join(made, 'plugins/crypto') },
    { from: join(libraries, 'ceph/compressor'), to: join(made, 'plugins/compressor') },
  ];
  const programs = cephPrograms.map((name) => join(unpacked, 'usr/bin', name));
  const plugins = await Promise.all(loaded.map(async ({ from, to }) => ({ to, files: await listPlugins(from) })));
  await copyInto(join(made, 'bin'), programs);
  for (const { to, files } of plugins) await copyInto(to, files);

  const loader = join(libraries, machine.loader);
  const searched = [libraries, join(libraries, 'ceph')].join(':');
  const linked = new Set<string>();
  for (const file of [...programs, ...plugins.flatMap(({ files }) => files)]) {
    const list = await runProgram(loader, ['--library-path', searched, '--list', file], { signal });
    const missing = /(\S+) => not found/.exec(list);
    if (missing !== null) throw new UnavailableServer(`${basename(file)} of Debian's Ceph needs ${missing[1]}`);
    for (const [, path = ''] of list.matchAll(/=> (\/\S+)/g)) if (dirname(path).startsWith(unpacked)) linked.add(path);
  }
  await copyInto(join(made, 'lib'), [...linked]);
  await copyFile(loader, join(made, 'lib/ld.so'));
}

/** Under the names they are asked for, which are links to files with a version. */
async function listPlugins(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => name.endsWith('.so')).map((name) => join(folder, name));
}

async function copyInto(folder: string, files: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const file of files) await copyFile(file, join(folder, basename(file)));
}
