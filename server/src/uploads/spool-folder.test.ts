import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSpoolFolder } from './spool-folder.ts';
import { createSpoolSpace } from './spool-space.ts';
import { createSpooledFile } from './spooled-file.ts';

let parent: string;
const deadPid = spawnSync(process.execPath, ['--version']).pid;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'kuanary-test-'));
});

afterEach(async () => {
  await rm(parent, { recursive: true });
});

async function leave(name: string, ageInHours: number): Promise<string> {
  const path = join(parent, name);
  await mkdir(path);
  await writeFile(join(path, 'file'), 'x');
  const then = Date.now() / 1000 - ageInHours * 3600;
  await utimes(path, then, then);
  return name;
}

describe('createSpoolFolder', () => {
  it('makes the parent where it is missing, and leaves nothing when removed', async () => {
    const folder = await createSpoolFolder(join(parent, 'a', 'b'));
    const { handle } = await folder.createFile();
    await handle.close();
    await folder.remove();
    expect(await readdir(join(parent, 'a', 'b'))).toEqual([]);
  });

  it('says so where the parent cannot be used, and works as soon as it can', async () => {
    const blocked = join(parent, 'a-file');
    await writeFile(blocked, '');
    const troubles: unknown[] = [];
    const folder = await createSpoolFolder(blocked, (error) => troubles.push(error));
    expect(troubles).toHaveLength(1);
    await expect(createSpooledFile(folder, createSpoolSpace(100).reserve(0), 100)).rejects.toMatchObject({
      code: 'spool_unavailable',
    });
    await rm(blocked);
    const { handle } = await folder.createFile();
    await handle.close();
    await folder.remove();
  });

  it('removes what dead processes of ours left more than a day ago, and nothing else', async () => {
    await leave(`kuanary-spool-${deadPid}-${randomUUID()}`, 25);
    await leave(`kuanary-spool-${process.pid}-${randomUUID()}`, 25);
    const kept = [
      await leave(`kuanary-spool-${deadPid}-${randomUUID()}`, 23),
      await leave(`kuanary-spool-${process.ppid}-${randomUUID()}`, 25),
      await leave(`kuanary-spool-${deadPid}-x`, 25),
      await leave('of-somebody-else', 25),
    ];
    const link = `kuanary-spool-${deadPid}-${randomUUID()}`;
    await symlink(join(parent, 'of-somebody-else'), join(parent, link));
    const folder = await createSpoolFolder(parent);
    const found = await readdir(parent);
    expect(found).toHaveLength(kept.length + 2);
    expect(found).toEqual(expect.arrayContaining([...kept, link]));
    await folder.remove();
  });
});

describe('createSpooledFile', () => {
  it.skipIf(!existsSync('/dev/full'))('is unavailable when the disk is full, and gives its space back', async () => {
    const space = createSpoolSpace(100);
    const file = join(parent, 'never-there');
    const folder = { createFile: async () => ({ file, handle: await open('/dev/full', 'w') }), remove: async () => {} };
    const spooled = await createSpooledFile(folder, space.reserve(0), 100);
    await expect(spooled.write(Readable.from([Buffer.from('x')]))).rejects.toMatchObject({ code: 'spool_unavailable' });
    await spooled.remove();
    expect(space.usedBytes()).toBe(0);
    space.reserve(100);
  });
});
