import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { buildCephConfig, clusterStores } from './ceph-config.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { findFreePorts } from './free-ports.ts';
import { type CephCopy, type CephProgram, cephCommand } from './install-ceph.ts';
import { runProgram } from './run-program.ts';
import { UnavailableServer } from './unavailable-server.ts';
import { makeWorkFolder } from './work-folder.ts';

const startTimeoutMs = 60_000;
const askEveryMs = 50;

export interface AccessKeys {
  accessKey: string;
  secretKey: string;
}

export interface RadosGateway {
  endpoint: string;
  region: string;
  /** Two accounts: what one owns is somebody else's to the other. */
  owner: AccessKeys;
  other: AccessKeys;
  /** Ends the daemons and throws the data away. */
  close(): Promise<void>;
}

interface Cluster {
  run(program: CephProgram, ...args: string[]): Promise<string>;
  start(program: CephProgram, ...args: string[]): Promise<void>;
  /** Aborted when it is time to stop, when starting takes too long, and when a daemon has ended. */
  signal: AbortSignal;
}

/**
 * Starts a RadosGW on loopback with an empty cluster in a temporary folder. Needs no root.
 * @throws UnavailableServer with the last error of its logs, or the signal's reason
 */
export async function startRadosGateway(ceph: CephCopy, stop: AbortSignal): Promise<RadosGateway> {
  const dataFolder = await makeWorkFolder(tmpdir(), 'kuanary-ceph');
  const daemons: Daemon[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(daemons.map((daemon) => daemon.kill()));
    await rm(dataFolder, { recursive: true, force: true });
  };
  try {
    const started = await startCluster(useCluster(ceph, dataFolder, daemons, stop), ceph, dataFolder);
    return { ...started, close };
  } catch (error) {
    const complaint = await readComplaint(join(dataFolder, clusterStores.logs));
    await close();
    stop.throwIfAborted();
    throw new UnavailableServer(`RadosGW did not start: ${reasonOf(error)}${complaint}`);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'TimeoutError' ? `not within ${startTimeoutMs / 1000} seconds` : error.message;
}

function useCluster(ceph: CephCopy, dataFolder: string, daemons: Daemon[], stop: AbortSignal): Cluster {
  const daemonEnded = new AbortController();
  const signal = AbortSignal.any([stop, daemonEnded.signal, AbortSignal.timeout(startTimeoutMs)]);
  const command = (program: CephProgram, args: string[]): [string, string[]] => {
    const [loader, loaderArgs] = cephCommand(ceph, program);
    return [loader, [...loaderArgs, '-c', join(dataFolder, 'ceph.conf'), ...args]];
  };
  return {
    signal,
    run: (program, ...args) => runProgram(...command(program, args), { signal }),
    async start(program, ...args) {
      signal.throwIfAborted();
      const daemon = await startDaemon(command(program, args), join(dataFolder, clusterStores.logs, `${program}.out`));
      daemons.push(daemon);
      void daemon.ended.then(() => daemonEnded.abort(new UnavailableServer(`${program} has ended`)));
    },
  };
}

async function startCluster(
  cluster: Cluster,
  ceph: CephCopy,
  dataFolder: string,
): Promise<Omit<RadosGateway, 'close'>> {
  const [monitorPort = 0, gatewayPort = 0] = await findFreePorts(2);
  const clusterId = randomUUID();
  for (const folder of Object.values(clusterStores)) await mkdir(join(dataFolder, folder));
  const places = { dataFolder, cephFolder: ceph.folder, clusterId, monitorPort, gatewayPort };
  await writeFile(join(dataFolder, 'ceph.conf'), buildCephConfig(places));

  await makeStores(cluster, dataFolder, clusterId, monitorPort);
  const [owner, other] = [makeKeys(), makeKeys()];
  // Waits for the OSD, and makes the pools that the gateway looks for.
  await createAccount(cluster, 'owner', owner);
  await cluster.start('radosgw', '-f', '-n', 'client.rgw.a');
  await createAccount(cluster, 'other', other);
  const endpoint = `http://127.0.0.1:${gatewayPort}`;
  await waitForAnswer(endpoint, cluster.signal);
  return { endpoint, region: 'default', owner, other };
}

/** The OSD is in the very first map of the cluster, so that nobody has to announce it. Starts the monitor, then the OSD. */
async function makeStores(cluster: Cluster, dataFolder: string, clusterId: string, monitorPort: number): Promise<void> {
  const [monitorMap, osdMap] = [join(dataFolder, 'monmap'), join(dataFolder, 'osdmap')];
  const address = `[v2:127.0.0.1:${monitorPort}/0]`;
  await cluster.run('monmaptool', '--create', '--fsid', clusterId, '--addv', 'a', address, monitorMap);
  await cluster.run('osdmaptool', '--createsimple', '1', osdMap);
  await cluster.run('ceph-mon', '--mkfs', '-i', 'a', '--monmap', monitorMap, '--osdmap', osdMap);
  await cluster.start('ceph-mon', '-f', '-i', 'a');
  await cluster.run('ceph-osd', '--mkfs', '-i', '0', '--osd-uuid', randomUUID());
  await cluster.start('ceph-osd', '-f', '-i', '0');
}

function makeKeys(): AccessKeys {
  return { accessKey: randomBytes(10).toString('hex').toUpperCase(), secretKey: randomBytes(20).toString('hex') };
}

async function createAccount(cluster: Cluster, id: string, { accessKey, secretKey }: AccessKeys): Promise<void> {
  const keys = ['--access-key', accessKey, '--secret-key', secretKey];
  await cluster.run('radosgw-admin', 'user', 'create', '--uid', id, '--display-name', id, ...keys);
}

async function waitForAnswer(endpoint: string, signal: AbortSignal): Promise<void> {
  const answers = (): Promise<boolean> =>
    fetch(endpoint, { signal }).then(
      (response) => response.ok,
      () => false,
    );
  while (!(await answers())) {
    signal.throwIfAborted();
    await wait(askEveryMs, undefined, { signal });
  }
}

/** The last error in the logs, where Ceph marks errors with the level -1. */
async function readComplaint(folder: string): Promise<string> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.log')).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  const complaint = texts.flatMap((text) => text.split('\n').filter((line) => / -1 /.test(line))).at(-1);
  return complaint === undefined ? '' : ` (${complaint})`;
}
