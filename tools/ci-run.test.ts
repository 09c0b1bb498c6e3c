import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../.ci/run', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'kuanary-ci-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs .ci/run with an npx that answers for `pnpm test` and `pnpm test:real` with these shell commands. */
function runWith(test: string, testReal: string): { exitCode: number | null; lines: string[]; closingLine: string } {
  const npx = `#!/usr/bin/env bash\ncase "$*" in\n'-y pnpm@12 test') ${test} ;;\n'-y pnpm@12 test:real') ${testReal} ;;\n*) exit 99 ;;\nesac\n`;
  writeFileSync(join(folder, 'npx'), npx, { mode: 0o755 });
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}` };
  const { status, stdout } = spawnSync(script, { env, encoding: 'utf8' });
  const lines = stdout.trimEnd().split('\n');
  return { exitCode: status, lines, closingLine: lines.at(-1) ?? '' };
}

describe('.ci/run', () => {
  it('shows what both parts print and ends with the sum of their closing lines', () => {
    const { exitCode, lines } = runWith(
      'echo "10 passed, 0 failed, 3 skipped"',
      'echo hello; echo "5 passed, 0 failed"',
    );
    expect(lines).toEqual([
      '10 passed, 0 failed, 3 skipped',
      'hello',
      '5 passed, 0 failed',
      '15 passed, 0 failed, 3 skipped',
    ]);
    expect(exitCode).toBe(0);
  });

  it('runs the second part after a failure of the first, and fails', () => {
    const ran = runWith(
      'echo "10 passed, 2 failed"; echo " ELIFECYCLE  Test failed."; exit 1',
      'echo "5 passed, 0 failed"',
    );
    expect(ran).toMatchObject({ exitCode: 1, closingLine: '15 passed, 2 failed, 0 skipped' });
  });

  it('takes the last of several closing lines', () => {
    const ran = runWith('echo "1 passed, 1 failed"; echo "10 passed, 0 failed"', 'echo "5 passed, 0 failed"');
    expect(ran).toMatchObject({ exitCode: 0, closingLine: '15 passed, 0 failed, 0 skipped' });
  });

  it.each([
    ['is killed', 'kill -KILL $$', 'pnpm test:real ended with status 137: counted as one failure.'],
    ['fails before any test', 'exit 1', 'pnpm test:real ended with status 1: counted as one failure.'],
    [
      'fails though its tests pass',
      'echo "5 passed, 0 failed"; exit 1',
      'pnpm test:real ended with status 1: counted as one failure.',
    ],
    ['runs no test', 'true', 'pnpm test:real ended with status 0, but without a closing line: counted as one failure.'],
  ])('counts a failure for a part that %s', (_, testReal, sentence) => {
    const { exitCode, lines, closingLine } = runWith('echo "10 passed, 0 failed"', testReal);
    expect(lines).toContain(sentence);
    expect(closingLine).toMatch(/^1[05] passed, 1 failed, 0 skipped$/);
    expect(exitCode).toBe(1);
  });
});
