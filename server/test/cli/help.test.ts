import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { imgproxyHelp, storeHelp } from '../../src/cli/command-help.ts';
import { presetsCheckHelp } from '../../src/cli/presets-check.ts';
import { setupBucketHelp } from '../../src/cli/setup-bucket.ts';
import { signHelp } from '../../src/cli/sign.ts';
import { uploadHelp } from '../../src/cli/upload.ts';
import { usageHelp } from '../../src/cli/usage.ts';
import { runKuanary } from './run-kuanary.ts';

const document = readFileSync(new URL('../../../docs/commands.md', import.meta.url), 'utf8');
const helps = {
  'setup-bucket': setupBucketHelp,
  usage: usageHelp,
  'presets check': presetsCheckHelp,
  sign: signHelp,
  upload: uploadHelp,
  store: storeHelp,
  imgproxy: imgproxyHelp,
};

function sectionOf(command: string): string {
  return document.split(/^## /m).find((section) => section.startsWith(`kuanary ${command}\n`)) ?? '';
}

/** Of ours: those of a Docker command around ours are not. */
function optionsIn(text: string): string[] {
  const own = text.replaceAll(/`docker [^`]*`/g, '');
  return [...new Set([...own.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([option]) => option))].toSorted();
}

describe('kuanary', () => {
  it('lists every command, each of which has a section in docs/commands.md', async () => {
    const { stdout, exitCode } = await runKuanary(['help']);
    expect(exitCode).toBe(0);
    const commands = [...stdout.matchAll(/^ {2}([a-z-]+) {2,}/gm)].map(([, name]) => name ?? '');
    expect(commands.length).toBeGreaterThan(8);
    for (const command of commands) {
      expect(sectionOf(command === 'presets' ? 'presets check' : command), command).not.toBe('');
    }
  });

  it('exits with 2 and the list without a command, or with an unknown one', async () => {
    expect(await runKuanary([])).toMatchObject({ exitCode: 2, stderr: '' });
    const unknown = await runKuanary(['deploy']);
    expect(unknown).toMatchObject({ exitCode: 2, stdout: '' });
    expect(unknown.stderr).toContain('There is no command "deploy".');
  });

  it('says in a sentence that ./.env cannot be read, with exit code 78', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kuanary-help-'));
    try {
      await mkdir(join(folder, '.env'));
      const run = await runKuanary(['usage'], {}, folder);
      expect(run).toMatchObject({ exitCode: 78, stdout: '' });
      expect(run.stderr).toMatch(/^The configuration has a mistake:\n {2}- \.env cannot be read \(EISDIR\): .*\n$/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it.each(Object.entries(helps))('documents every option of %s, and no other', (command, help) => {
    expect(optionsIn(sectionOf(command))).toEqual(optionsIn(help));
  });

  it('has help for the commands that start servers, which does not start them', async () => {
    for (const command of ['dev', 'store']) {
      const run = await runKuanary([command, '--help']);
      expect(run).toMatchObject({ exitCode: 0, stderr: '' });
      expect(run.stdout).toContain(`Usage: kuanary ${command}`);
    }
  });
});
