import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningApp, startApp } from '../support/start-app.ts';
import { runKuanary } from './run-kuanary.ts';

let folder: string;
let app: RunningApp;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kuanary-presets-'));
  app = await startApp();
  await writeFile(join(folder, 'wrong.json'), JSON.stringify({ hero: { width: 0, heigth: 5 } }));
  await writeFile(
    join(folder, 'next.json'),
    JSON.stringify({ thumbnail: { resize: 'fit', width: 400, format: 'webp' }, card: { width: 640 } }),
  );
});
afterAll(async () => {
  await app.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('kuanary presets check', () => {
  it('needs no settings: without a file it checks the documented presets', async () => {
    const run = await runKuanary(['presets', 'check'], {}, folder);
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toBe('the documented presets: 4 presets, no problem.\n');
    expect(run.stderr).toContain('There is no data/presets.json');
  });

  it('names all problems and exits with 1', async () => {
    const run = await runKuanary(['presets', 'check', 'wrong.json'], {}, folder);
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toContain('Preset "hero", field "width": 0 is not allowed.');
    expect(run.stdout).toContain('Preset "hero", field "heigth": there is no such field.');
  });

  it('says which URLs of the running service would change', async () => {
    const run = await runKuanary(['presets', 'check', 'next.json'], { PUBLIC_URL: app.url }, folder);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toContain(`Compared with ${app.url}/presets:
  ~ thumbnail: cached pictures are rendered again
      before  rs:fit:300:300/q:80/f:webp
      after   rs:fit:400:0/f:webp
  + card: rs:fit:640:0
  - hero: links /i/hero/… will answer 400; stored signed URLs go on working`);
  });

  it('compares with a file, and gives everything as JSON', async () => {
    const run = await runKuanary(['presets', 'check', 'next.json', '--against', 'wrong.json', '--json'], {}, folder);
    expect(JSON.parse(run.stdout)).toEqual({
      source: 'next.json',
      presets: ['thumbnail', 'card'],
      problems: [],
      warnings: [],
      notes: [],
      comparison: {
        against: 'wrong.json',
        differences: [
          { preset: 'thumbnail', change: 'new', after: ['rs:fit:400:0/f:webp'] },
          { preset: 'card', change: 'new', after: ['rs:fit:640:0'] },
        ],
      },
    });
  });

  it('prints names of a foreign document without their control characters', async () => {
    const names = JSON.stringify({ 'hero\u001b[2J': { width: 640 }, 'two\nlines': { width: 0 } });
    await writeFile(join(folder, 'evil.json'), names);
    const compared = await runKuanary(['presets', 'check', 'next.json', '--against', 'evil.json'], {}, folder);
    const checked = await runKuanary(['presets', 'check', 'evil.json', '--against', 'next.json'], {}, folder);
    expect(checked.stdout).toContain('hero [2J');
    for (const { stdout, stderr } of [compared, checked]) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
      expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f]|^lines/m);
    }
  });

  it('refuses an address with a password, and does not repeat it', async () => {
    const address = 'http://name:hunter2@127.0.0.1:1/presets';
    const run = await runKuanary(['presets', 'check', 'next.json', '--against', address], {}, folder);
    expect(run).toMatchObject({ exitCode: 1, stderr: 'An address must hold no user name and no password.\n' });
  });

  it('goes on without a service that does not answer, unless it was asked for', async () => {
    const silent = 'http://127.0.0.1:1';
    const run = await runKuanary(['presets', 'check', 'next.json'], { PUBLIC_URL: silent }, folder);
    expect(run.exitCode).toBe(0);
    expect(run.stderr).toContain('Nothing was compared');
    const asked = await runKuanary(['presets', 'check', 'next.json', '--against', `${app.url}/healthz/no`], {}, folder);
    expect(asked).toMatchObject({ exitCode: 1, stderr: `${app.url}/healthz/no answers 404.\n` });
  });

  it('refuses other words with 2', async () => {
    expect((await runKuanary(['presets', 'lint'], {}, folder)).exitCode).toBe(2);
    expect((await runKuanary(['presets', 'check', 'a', 'b'], {}, folder)).exitCode).toBe(2);
  });
});
