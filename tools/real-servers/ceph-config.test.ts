import { describe, expect, it } from 'vitest';
import { buildCephConfig } from './ceph-config.ts';

const config = buildCephConfig({
  dataFolder: '/data',
  cephFolder: '/ceph',
  clusterId: '00000000-0000-4000-8000-000000000001',
  monitorPort: 4001,
  gatewayPort: 4002,
});
const section = (name: string): string[] => {
  const [, text = ''] = new RegExp(`^\\[${name}\\]\\n((?:(?!\\[).*\\n)*)`, 'm').exec(config) ?? [];
  return text.split('\n');
};

describe('buildCephConfig', () => {
  it('listens on loopback only, on the ports given', () => {
    expect(section('global')).toContain('mon host = [v2:127.0.0.1:4001/0]');
    expect(section('global')).toContain('public addr = 127.0.0.1');
    expect(section('client')).toContain('rgw frontends = beast endpoint=127.0.0.1:4002');
    expect(config).not.toContain('0.0.0.0');
  });

  it('writes nowhere but into the data folder, and loads from the copy', () => {
    const paths = [...config.matchAll(/ = (\/\S+)/g)].map(([, path]) => path);
    expect(paths.filter((path) => !/^\/(data|ceph)(\/|$)/.test(path ?? ''))).toEqual([]);
    expect(section('osd')).toContain('osd data = /data/osd');
    expect(section('osd')).toContain('osd class dir = /ceph/classes');
    expect(section('global')).toContain('plugin dir = /ceph/plugins');
  });

  it('leaves an empty setting empty, which turns it off', () => {
    expect(section('global')).toContain('admin socket =');
  });
});
