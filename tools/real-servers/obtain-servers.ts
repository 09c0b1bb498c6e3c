import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findImgproxy, startRealImgproxy } from '../../server/src/embedded/imgproxy/real-imgproxy.ts';
import { startObjectStore } from '../../server/src/embedded/object-store/object-store-server.ts';
import { createTestBucket } from '../../server/test/support/test-bucket.ts';
import { parseKeyPairs } from '../../shared/src/imgproxy-url.ts';
import { findFreePorts } from './free-ports.ts';
import {
  type GivenServers,
  type ImgproxyAddress,
  type S3Address,
  type ServerName,
  toTestEnvironment,
} from './given-servers.ts';
import { installCeph } from './install-ceph.ts';
import { ProgramError } from './run-program.ts';
import { startRadosGateway } from './start-radosgw.ts';
import { UnavailableServer } from './unavailable-server.ts';

export interface ObtainedServers {
  /** `KUANARY_TEST_*` for the tests; empty where there is no server at all. */
  environment: Record<string, string>;
  /** Why a server cannot be had, in one sentence or two with what to do. */
  absent: Map<ServerName, string>;
  /** Ends what was started here, the last first. */
  close(): Promise<void>;
}

interface Obtaining {
  given: GivenServers;
  environment: NodeJS.ProcessEnv;
  signal: AbortSignal;
  log(line: string): void;
  /** Runs at the end, and when obtaining fails midway. */
  atEnd(close: () => Promise<void>): void;
}

const remedies: Record<ServerName, string> = {
  s3: 'Set KUANARY_TEST_S3_ENDPOINT, _REGION, _ACCESS_KEY and _SECRET_KEY to use a server that is there.',
  imgproxy:
    'Install imgproxy, or set KUANARY_TEST_IMGPROXY_URL, _KEY, _SALT and KUANARY_TEST_S3_BUCKET to use one that is there.',
};
const labels: Record<ServerName, string> = { s3: 'RadosGW', imgproxy: 'imgproxy' };

/** The given servers, or else ones started here. Rejects only with the signal's reason, or where a given server fails. */
export async function obtainServers(options: Omit<Obtaining, 'atEnd'>): Promise<ObtainedServers> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer();
  };
  const obtaining = { ...options, atEnd: (closer: () => Promise<void>) => void closers.push(closer) };
  const absent = new Map<ServerName, string>();
  try {
    const s3 = await orAbsent('s3', obtainS3(obtaining), absent);
    const imgproxy = await orAbsent('imgproxy', obtainImgproxy(obtaining, s3), absent);
    const address = imgproxy?.s3 ?? s3;
    const environment =
      address === null ? {} : toTestEnvironment(address, imgproxy?.address ?? null, imgproxy?.bucket ?? null);
    return { environment, absent, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function orAbsent<T>(name: ServerName, server: Promise<T>, absent: Map<ServerName, string>): Promise<T | null> {
  try {
    return await server;
  } catch (error) {
    if (!(error instanceof UnavailableServer || error instanceof ProgramError)) throw error;
    absent.set(name, `No ${labels[name]}: ${error.message}. ${remedies[name]}`);
    return null;
  }
}

async function obtainS3({ given, environment, signal, log, atEnd }: Obtaining): Promise<S3Address> {
  if (given.s3 !== null) {
    log(`S3: ${given.s3.endpoint}, as given`);
    return given.s3;
  }
  const cacheFolder = join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'kuanary');
  const path = environment['PATH'] ?? '';
  const ceph = await installCeph({ cacheFolder, mirror: given.debianMirror, path, signal, log });
  const gateway = await startRadosGateway(ceph, signal);
  atEnd(gateway.close);
  log(`S3: RadosGW ${ceph.version} on ${gateway.endpoint}`);
  return gateway;
}

interface ObtainedImgproxy {
  address: ImgproxyAddress;
  /** Where the bucket is that it reads. */
  s3: S3Address;
  bucket: string;
}

async function obtainImgproxy(obtaining: Obtaining, s3: S3Address | null): Promise<ObtainedImgproxy> {
  const { given, environment, log, atEnd } = obtaining;
  if (given.imgproxy !== null && given.bucket !== null && s3 !== null) {
    log(`imgproxy: ${given.imgproxy.url}, as given`);
    return { address: given.imgproxy, s3, bucket: given.bucket };
  }
  const program = await findImgproxy(environment['PATH']);
  if (program === null) throw new UnavailableServer('there is none on the PATH');
  const storage = s3 ?? (await startEmbeddedStore(obtaining));
  const bucket = given.bucket ?? (await makeBucket(storage, obtaining));
  const [key, salt] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')];
  const [port = 0] = await findFreePorts(1);
  const imgproxy = await startRealImgproxy(program, {
    host: '127.0.0.1',
    port,
    keyPairs: parseKeyPairs(key, salt),
    signatureSize: 32,
    s3: { endpoint: storage.endpoint, region: storage.region, ...storage.owner, bucket, forcePathStyle: true },
  }).catch((error: unknown) => {
    throw new UnavailableServer(error instanceof Error ? error.message : String(error));
  });
  atEnd(imgproxy.close);
  log(`imgproxy: ${program} on ${imgproxy.url}${s3 === null ? ', which reads from the embedded store' : ''}`);
  return { address: { url: imgproxy.url, key, salt }, s3: storage, bucket };
}

async function makeBucket({ endpoint, region, owner }: S3Address, { atEnd }: Obtaining): Promise<string> {
  const { bucket, remove } = await createTestBucket({ endpoint, region, ...owner }).catch((cause: unknown) => {
    throw new Error(`${endpoint} makes no bucket for imgproxy`, { cause });
  });
  atEnd(remove);
  return bucket;
}

/** So that a real imgproxy is tested also where there is no real storage. */
async function startEmbeddedStore({ atEnd }: Obtaining): Promise<S3Address> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'kuanary-store-'));
  atEnd(() => rm(dataFolder, { recursive: true, force: true }));
  const owner = { accessKey: randomBytes(10).toString('hex'), secretKey: randomBytes(20).toString('hex') };
  const region = 'local';
  const store = await startObjectStore({ dataFolder, host: '127.0.0.1', port: 0, region, ...owner });
  atEnd(store.close);
  return { endpoint: store.url, region, owner, other: null };
}
