import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { secretSettingNames } from '../server/src/settings.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const script = join(root, 'deploy/kuanary-command.sh');
const secrets: Record<string, string> = {
  s3_access_key: 'key',
  s3_secret_key: 'key-of-the-command-test',
  imgproxy_key: '11'.repeat(32),
  imgproxy_salt: '22'.repeat(32),
  api_keys: `cms:${'k'.repeat(32)}`,
};

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kuanary-command-'));
  mkdirSync(join(folder, 'settings/secrets'), { recursive: true });
  for (const [name, value] of Object.entries(secrets)) {
    writeFileSync(join(folder, 'settings/secrets', name), `${value}\n`);
  }
  writeFileSync(join(folder, 'settings/presets.json'), '{ "wide": { "width": 1600 } }');
  writeSettings('S3_BUCKET=pictures', 'IMGPROXY_URL=https://img.test');
  // Stands for /opt/kuanary: the program of this checkout, read from source.
  mkdirSync(join(folder, 'program/dist/cli'), { recursive: true });
  const program = join(root, 'server/src/cli/kuanary.ts');
  const tsx = import.meta.resolve('tsx');
  writeFileSync(
    join(folder, 'program/dist/cli/kuanary.js'),
    `const { spawnSync } = require('node:child_process');
const args = ['--conditions=source', '--import', '${tsx}', '${program}', ...process.argv.slice(2)];
process.exit(spawnSync(process.execPath, args, { stdio: 'inherit' }).status);`,
  );
});
afterEach(() => rmSync(folder, { recursive: true }));

function writeSettings(...lines: string[]): void {
  writeFileSync(join(folder, 'settings/kuanary.env'), lines.join('\n'));
}

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync('sh', [script, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: {
      PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
      KUANARY_SETTINGS: join(folder, 'settings'),
      KUANARY_PROGRAM: join(folder, 'program'),
    },
  });
}

describe('deploy/kuanary-command.sh', () => {
  it('runs a command with the settings, the secrets and the presets of the unit', () => {
    const { status, stdout, stderr } = run('sign', '1698765432101-abc123.jpg', '--json');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const [{ urls }] = JSON.parse(stdout);
    expect(Object.keys(urls)).toEqual(['wide']);
    expect(urls.wide).toMatch(/^https:\/\/img\.test\/.+\/plain\/s3:\/\/pictures\/1698765432101-abc123\.jpg/);
  });

  it('hands arguments on as they are, and the exit code back', () => {
    const { status, stderr } = run('presets', 'check', 'a file; with $(blanks)');
    expect(status).not.toBe(0);
    expect(stderr).toContain('a file; with $(blanks)');
  });

  it('expands nothing in the settings, and skips what is none', () => {
    const file = join(folder, 'settings/$(id) `id` $HOME.json');
    writeFileSync(file, '{ "narrow": { "width": 160 } }');
    writeSettings('# a comment', '', 'S3_BUCKET=pictures', 'IMGPROXY_URL=https://img.test', `PRESETS_FILE=${file}`);
    const { stdout } = run('sign', '1698765432101-abc123.jpg', '--json');
    expect(Object.keys(JSON.parse(stdout)[0].urls)).toEqual(['narrow']);
  });

  it('is not disturbed by an .env of the folder that it is called in', () => {
    writeFileSync(join(folder, '.env'), 'IMGPROXY_KEY=33\nIMGPROXY_SALT=44\n');
    expect(run('sign', '1698765432101-abc123.jpg')).toMatchObject({ status: 0, stderr: '' });
  });

  it('says with the exit code of a bad configuration that it cannot read the settings', () => {
    rmSync(join(folder, 'settings/kuanary.env'));
    const { status, stderr } = run('doctor');
    expect(status).toBe(78);
    expect(stderr).toMatch(/kuanary\.env cannot be read: run this as root/);
  });

  it('knows every secret, and sets what the unit sets', () => {
    const text = readFileSync(script, 'utf8');
    expect(/^for name in (.+); do$/m.exec(text)?.[1]?.split(' ')).toEqual([...secretSettingNames]);
    const unit = readFileSync(join(root, 'deploy/kuanary.service'), 'utf8');
    expect(unit).toContain('Environment=NODE_ENV=production\nEnvironment=PRESETS_FILE=/etc/kuanary/presets.json\n');
    expect(text).toContain('export NODE_ENV=production "PRESETS_FILE=$settings/presets.json"');
    expect(() => execFileSync('sh', ['-n', script])).not.toThrow();
  });
});
