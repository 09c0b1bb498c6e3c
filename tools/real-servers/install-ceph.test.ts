import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CephCopy, cephCommand, installCeph } from './install-ceph.ts';

let cacheFolder: string;
beforeEach(() => {
  cacheFolder = mkdtempSync(join(tmpdir(), 'kuanary-cache-'));
});
afterEach(() => rmSync(cacheFolder, { recursive: true, force: true }));

/** Where no program of apt can be found, so that nothing is ever fetched. */
const install = (folder = cacheFolder): Promise<CephCopy> =>
  installCeph({
    cacheFolder: folder,
    mirror: null,
    path: '',
    signal: new AbortController().signal,
    log: () => undefined,
  });

/** A copy whose loader is a shell script. */
function placeCopy(loaderScript: string): string {
  const folder = join(cacheFolder, 'ceph-reef');
  mkdirSync(join(folder, 'lib'), { recursive: true });
  writeFileSync(join(folder, 'lib/ld.so'), `#!/bin/sh\n${loaderScript}\n`, { mode: 0o755 });
  return folder;
}

describe('installCeph', () => {
  it('takes the copy in the cache without fetching', async () => {
    const folder = placeCopy('echo "ceph version 18.2.7+ds-1 (6b0e98) reef (stable)"');
    expect(await install()).toEqual({ folder, version: '18.2.7' });
  });

  it('does not trust a copy that does not run', async () => {
    placeCopy('exit 127');
    await expect(install()).rejects.toMatchObject({ name: 'UnavailableServer' });
  });

  it.runIf(process.platform === 'linux')('says which program is missing, and leaves nothing half done', async () => {
    await expect(install()).rejects.toThrow("Debian's apt-get is not on the PATH");
    expect(readdirSync(cacheFolder)).toEqual([]);
  });

  it('says what to do about a cache that cannot be written', async () => {
    writeFileSync(join(cacheFolder, 'file'), '');
    await expect(install(join(cacheFolder, 'file/kuanary'))).rejects.toThrow('XDG_CACHE_HOME may name another folder');
  });
});

describe('cephCommand', () => {
  it("runs a program with the copy's own loader and libraries", () => {
    const [program, args] = cephCommand({ folder: '/copy' }, 'ceph-mon');
    expect([program, ...args].join(' ')).toBe(
      '/copy/lib/ld.so --library-path /copy/lib --argv0 ceph-mon /copy/bin/ceph-mon',
    );
  });
});
