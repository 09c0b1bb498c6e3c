import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryFolder, repositoryFolder } from './support/run-kuanary.ts';
import { type Stack, startStack } from './support/start-stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

describe('the README', () => {
  it('has a script of every call that works when pasted', async () => {
    const readme = await readFile(join(repositoryFolder, 'README.md'), 'utf8');
    const [, script = ''] = /## Every call, with curl\n[\s\S]*?```sh\n([\s\S]*?)```/.exec(readme) ?? [];
    const folder = await makeTemporaryFolder();
    const picture = sharp({ create: { width: 800, height: 600, channels: 3, background: '#369' } });
    await writeFile(join(folder.path, 'photo.jpg'), await picture.jpeg().toBuffer());

    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: folder.path,
      env: { PATH: process.env['PATH'], KUANARY: stack.apiUrl, KEY: stack.apiKey },
    });

    expect(stdout).toContain('stored: 201');
    expect(stdout).toContain('thumbnail: 200 image/webp');
    expect(stdout).toContain('hero: 200 image/webp');
    expect(stdout).toContain('original: 200');
    expect(stdout).toContain('deleted: 204');
    expect(stdout).toContain('"ready":true');
    expect(stdout).not.toContain('"success":false');
    const thumbnail = await sharp(join(folder.path, 'thumbnail.webp')).metadata();
    expect(thumbnail).toMatchObject({ format: 'webp', width: 300, height: 225 });
    await folder.remove();
  });
});
