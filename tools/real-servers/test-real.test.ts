import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cache = mkdtempSync(join(tmpdir(), 'kuanary-cache-'));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

/** The command on a machine with neither apt nor imgproxy. */
function testReal(environment: Record<string, string> = {}, ...args: string[]) {
  const command = ['--conditions=source', '--import', 'tsx', 'tools/real-servers/test-real.ts', ...args];
  const env = { PATH: '', XDG_CACHE_HOME: cache, NODE_NO_WARNINGS: '1', ...environment };
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: root, env, encoding: 'utf8' });
  return { exitCode: status, lines: stdout.trimEnd().split('\n'), stderr };
}

describe('pnpm test:real', () => {
  it('says which servers cannot be had and what it skips, and passes', () => {
    const { exitCode, lines } = testReal();
    expect(lines.find((line) => line.startsWith('No RadosGW: '))).toContain('Set KUANARY_TEST_S3_ENDPOINT');
    expect(lines).toContain(
      'No imgproxy: there is none on the PATH. Install imgproxy, or set KUANARY_TEST_IMGPROXY_URL, _KEY, _SALT and KUANARY_TEST_S3_BUCKET to use one that is there.',
    );
    expect(lines).toContain('  server/test/storage/storage-contract.test.ts');
    expect(lines).toContain('  server/test/imgproxy/rendering-contract.test.ts');
    expect(lines.at(-1)).toBe('0 passed, 0 failed');
    expect(exitCode).toBe(0);
  });

  it('fails where a server is required that cannot be had', () => {
    const { exitCode, lines } = testReal({ KUANARY_TEST_REQUIRE_REAL: 'imgproxy' });
    expect(lines.join('\n')).toContain(
      'KUANARY_TEST_REQUIRE_REAL wants imgproxy. No imgproxy: there is none on the PATH.',
    );
    expect(lines.at(-1)).toBe('0 passed, 1 failed');
    expect(exitCode).toBe(1);
  });

  it('refuses wrong settings and files before it starts anything', () => {
    const halfGiven = testReal({ KUANARY_TEST_S3_ENDPOINT: 'http://127.0.0.1:1' });
    expect(halfGiven).toMatchObject({ exitCode: 2, lines: [''] });
    expect(halfGiven.stderr).toContain('KUANARY_TEST_S3_REGION');
    expect(testReal({}, 'nowhere.test.ts')).toMatchObject({ exitCode: 2, lines: [''] });
  });

  it('explains itself with --help', () => {
    const { exitCode, lines } = testReal({}, '--help');
    expect(exitCode).toBe(0);
    expect(lines.join('\n')).toContain('KUANARY_TEST_REQUIRE_REAL');
  });
});
