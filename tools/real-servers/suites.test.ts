import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { UsageError } from './given-servers.ts';
import { chooseSuites, isOfSuite, listTestFiles, realServerSuites } from './suites.ts';

const files = [
  'e2e/real-servers.test.ts',
  'e2e/readme.test.ts',
  'server/test/doctor/real-servers.test.ts',
  'server/test/images.test.ts',
  'server/test/imgproxy/conformance.test.ts',
  'server/test/imgproxy/compare-pictures.test.ts',
  'server/test/storage/storage-contract.test.ts',
];
const none = new Set<never>();

describe('chooseSuites', () => {
  it('takes the files that mean something on real servers', () => {
    expect(chooseSuites(files, [], none)).toEqual({
      run: [
        'e2e/real-servers.test.ts',
        'server/test/doctor/real-servers.test.ts',
        'server/test/images.test.ts',
        'server/test/imgproxy/conformance.test.ts',
        'server/test/storage/storage-contract.test.ts',
      ],
      skipped: new Map(),
    });
  });

  it('skips what needs an absent server, and names it', () => {
    const { run, skipped } = chooseSuites(files, [], new Set(['s3']));
    expect(run).toEqual(['server/test/imgproxy/conformance.test.ts']);
    expect([...skipped.keys()]).toEqual(['s3']);
    expect(skipped.get('s3')).toContain('e2e/real-servers.test.ts');
    expect(chooseSuites(files, [], new Set(['s3', 'imgproxy'])).run).toEqual([]);
  });

  it('names what can be run only in part', () => {
    const { run, skipped } = chooseSuites(files, [], new Set(['imgproxy']));
    expect(run).toContain('e2e/real-servers.test.ts');
    expect(skipped.get('imgproxy')).toEqual([
      'e2e/real-servers.test.ts, in part',
      'server/test/doctor/real-servers.test.ts, in part',
      'server/test/imgproxy/conformance.test.ts',
    ]);
  });

  it('narrows to the files wanted, also in what is skipped', () => {
    expect(chooseSuites(files, ['images.test.ts'], none).run).toEqual(['server/test/images.test.ts']);
    expect(chooseSuites(files, ['images.test.ts'], new Set(['imgproxy'])).skipped).toEqual(new Map());
  });

  it('refuses a file that is none of them', () => {
    expect(() => chooseSuites(files, ['e2e/readme.test.ts'], none)).toThrow(UsageError);
    expect(() => chooseSuites(files, ['e2e/readme.test.ts'], none)).toThrow('  server/test/images.test.ts');
  });
});

describe('the list of suites for real servers', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const all = listTestFiles(root);
  const { run: listed } = chooseSuites(all, [], none);

  it('has every test file that uses the servers of KUANARY_TEST_*', () => {
    const usesServers =
      /KUANARY_TEST_(S3|IMGPROXY)|\bstart(App|TestStore)\(|(given-imgproxy|given-storage|real-storage)\.ts'/;
    const users = all.filter((file) => usesServers.test(readFileSync(join(root, file), 'utf8')));
    expect(users.filter((file) => !listed.includes(file))).toEqual([]);
    expect(users.length).toBeGreaterThan(5);
  });

  it('has no line without a file', () => {
    expect(realServerSuites.filter((suite) => !all.some((file) => isOfSuite(file, suite)))).toEqual([]);
  });
});
