import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeWorkFolder } from './work-folder.ts';

const parent = mkdtempSync(join(tmpdir(), 'kuanary-work-'));
afterAll(() => rmSync(parent, { recursive: true, force: true }));

describe('makeWorkFolder', () => {
  it('removes what a process that is gone has left, and nothing else', async () => {
    const { pid: gone } = spawnSync(process.execPath, ['--version']);
    const kept = [`run-${process.pid}-abc`, `other-${gone}-abc`, 'run-by-hand'];
    for (const name of [`run-${gone}-abc`, ...kept]) mkdirSync(join(parent, name, 'content'), { recursive: true });
    const made = await makeWorkFolder(parent, 'run');
    expect(readdirSync(parent).sort()).toEqual([...kept, basename(made)].sort());
  });

  it('makes the parent, and another folder every time', async () => {
    const [first, second] = [
      await makeWorkFolder(join(parent, 'new'), 'run'),
      await makeWorkFolder(join(parent, 'new'), 'run'),
    ];
    expect(first).not.toBe(second);
    expect(readdirSync(join(parent, 'new'))).toHaveLength(2);
  });
});
