import { join } from 'node:path';

export interface CephPlaces {
  /** Everything of this run: configuration, stores, logs. */
  dataFolder: string;
  /** Of the copy: where classes and plugins lie. */
  cephFolder: string;
  clusterId: string;
  monitorPort: number;
  gatewayPort: number;
}

export const clusterStores = { monitor: 'mon', osd: 'osd', gateway: 'rgw', logs: 'log' } as const;

type Section = Record<string, string | number | boolean>;

/**
 * The `ceph.conf` of the smallest cluster that RadosGW runs on: one monitor, one OSD that keeps its objects in memory, no manager, no
 * authentication between them, loopback only. Settings: https://docs.ceph.com/en/reef/rados/configuration/
 */
export function buildCephConfig(places: CephPlaces): string {
  const sections: Record<string, Section> = {
    global: { ...network(places), ...filesOf(places), ...onePlaceForEverything, ...quickTimes },
    mon: {
      'mon data': join(places.dataFolder, clusterStores.monitor),
      // A nearly full disk is no reason to refuse a test.
      'mon data avail warn': 1,
      'mon data avail crit': 1,
      'mon tick interval': 1,
      'paxos propose interval': 0.02,
      'paxos min wait': 0.01,
    },
    osd: {
      'osd data': join(places.dataFolder, clusterStores.osd),
      'osd objectstore': 'memstore',
      'memstore device bytes': 4 * 1024 ** 3,
      'osd class dir': join(places.cephFolder, 'classes'),
      'osd class update on start': false,
      'osd mon report interval': 1,
    },
    client: {
      'rgw data': join(places.dataFolder, clusterStores.gateway),
      'rgw frontends': `beast endpoint=127.0.0.1:${places.gatewayPort}`,
      'rgw rados pool pg num min': 1,
      // Asked for encryption, it answers as it does behind TLS.
      'rgw crypt require ssl': false,
      // One log of everything and one shard of everything: the pools are made faster.
      'rgw num control oids': 1,
      'rgw gc max objs': 4,
      'rgw lc max objs': 4,
      'rgw md log max shards': 1,
      'rgw usage max shards': 1,
      'rgw override bucket index max shards': 1,
      'rgw dynamic resharding': false,
      'rgw run sync thread': false,
      'rgw enable usage log': false,
    },
  };
  return Object.entries(sections)
    .map(([name, section]) => `[${name}]\n${linesOf(section)}\n`)
    .join('\n');
}

function linesOf(section: Section): string {
  return Object.entries(section)
    .map(([name, value]) => `${name} = ${value}`.trimEnd())
    .join('\n');
}

function network({ clusterId, monitorPort }: CephPlaces): Section {
  return {
    fsid: clusterId,
    'mon host': `[v2:127.0.0.1:${monitorPort}/0]`,
    'public addr': '127.0.0.1',
    'cluster addr': '127.0.0.1',
    'ms bind msgr1': false,
    'ms bind ipv6': false,
    'ms mon cluster mode': 'crc',
    'ms mon service mode': 'crc',
    'ms mon client mode': 'crc',
    'auth cluster required': 'none',
    'auth service required': 'none',
    'auth client required': 'none',
  };
}

function filesOf({ dataFolder, cephFolder }: CephPlaces): Section {
  return {
    'run dir': dataFolder,
    'pid file': '',
    // Its path would have to be shorter than 108 bytes, which a temporary folder need not be.
    'admin socket': '',
    'log file': join(dataFolder, clusterStores.logs, '$name.log'),
    'mon cluster log file': join(dataFolder, clusterStores.logs, 'cluster.log'),
    'crash dir': dataFolder,
    'plugin dir': join(cephFolder, 'plugins'),
    'osd erasure code plugins': '',
    'osd extblkdev plugins': '',
  };
}

const onePlaceForEverything: Section = {
  'osd pool default size': 1,
  'osd pool default min size': 1,
  'osd pool default pg num': 1,
  'osd pool default pgp num': 1,
  'osd pool default pg autoscale mode': 'off',
  'osd crush chooseleaf type': 0,
  'mon allow pool size one': true,
  'mon max pg per osd': 1000,
};

/** Ceph waits for seconds where it expects a network; here everything answers at once. */
const quickTimes: Section = {
  'ms initial backoff': 0.05,
  'ms max backoff': 0.5,
  'mon client hunt interval': 0.5,
  'mon client ping interval': 2,
  'objecter tick interval': 0.5,
};
