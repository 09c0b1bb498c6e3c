import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startDeployment } from '../server/test/support/old-deployment.ts';

const script = fileURLToPath(new URL('../deploy/backup.sh', import.meta.url));
const hasRsync = spawnSync('rsync', ['--version']).status === 0;
const presets = '{\n  "card": { "resize": "fill", "width": 640, "height": 360, "x-owner": "  kept  " }\n}\n';
const settings = `# of a deployment with compose.secrets.yml
PORT=0
HOST=127.0.0.1
S3_ENDPOINT=http://127.0.0.1:1
S3_REGION=local
S3_BUCKET=pictures
IMGPROXY_URL=https://img.test
S3_ACCESS_KEY_FILE=secrets/s3_access_key
S3_SECRET_KEY_FILE=secrets/s3_secret_key
IMGPROXY_KEY_FILE=secrets/imgproxy_key
IMGPROXY_SALT_FILE=secrets/imgproxy_salt
`;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kuanary-backup-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Files of a deployment, by their paths; readable by all, as the containers need it. */
function writeFiles(name: string, files: Record<string, string>): string {
  const place = join(folder, name);
  for (const sub of ['data', 'secrets']) mkdirSync(join(place, sub), { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    writeFileSync(join(place, path), text);
    chmodSync(join(place, path), 0o444);
  }
  return place;
}

function backUp(from: string): { status: number | null; stderr: string } {
  return spawnSync('sh', [script, join(folder, 'backup')], { cwd: from, encoding: 'utf8' });
}

/** Starts the server in a folder, with what the folder itself holds. */
async function readPresets(place: string): Promise<string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseEnv(readFileSync(join(place, '.env'), 'utf8')))) {
    if (value !== undefined) env[name] = value;
  }
  const deployment = await startDeployment(place, env, readFileSync(join(place, 'data/presets.json'), 'utf8'));
  const answer = await fetch(`${deployment.url}/presets`);
  const text = await answer.text();
  expect(answer.status).toBe(200);
  expect(await deployment.stop()).toBe(0);
  return text;
}

describe.skipIf(!hasRsync)('deploy/backup.sh', () => {
  const secrets = {
    'secrets/s3_access_key': 'key\n',
    'secrets/s3_secret_key': 'key-of-the-backup-test\n',
    'secrets/imgproxy_key': `${'11'.repeat(32)}\n`,
    'secrets/imgproxy_salt': `${'22'.repeat(32)}\n`,
  };

  it('brings a deployment back: the server starts from the copy and answers the same /presets', async () => {
    const original = writeFiles('kuanary', { '.env': settings, 'data/presets.json': presets, ...secrets });
    expect(backUp(original)).toMatchObject({ status: 0, stderr: '' });
    chmodSync(join(original, '.env'), 0o600);
    chmodSync(join(original, 'data/presets.json'), 0o600);
    const before = await readPresets(original);
    expect(JSON.parse(before)).toEqual(JSON.parse(presets));

    rmSync(original, { recursive: true });
    const restored = join(folder, 'kuanary-restored');
    execFileSync('rsync', ['-a', `${join(folder, 'backup')}/`, `${restored}/`]);
    expect(readFileSync(join(restored, 'data/presets.json'), 'utf8')).toBe(presets);
    expect(await readPresets(restored)).toBe(before);
  });

  it('copies secrets so that nobody else can read them', () => {
    const original = writeFiles('kuanary', { '.env': settings, 'data/presets.json': presets, ...secrets });
    expect(backUp(original)).toMatchObject({ status: 0 });
    const copy = join(folder, 'backup');
    expect(readdirSync(copy).sort()).toEqual(['.env', 'data', 'secrets']);
    for (const path of ['.env', ...Object.keys(secrets)]) expect(statSync(join(copy, path)).mode & 0o777).toBe(0o600);
    expect(statSync(join(copy, 'secrets')).mode & 0o777).toBe(0o700);
  });

  it('takes a deployment without Docker: the files of /etc/kuanary', () => {
    const files = { 'kuanary.env': 'A=1', 'imgproxy.env': 'B=2', 'presets.json': presets, ...secrets };
    expect(backUp(writeFiles('etc', files))).toMatchObject({ status: 0, stderr: '' });
    for (const [path, text] of Object.entries(files)) {
      expect(readFileSync(join(folder, 'backup', path), 'utf8')).toBe(text);
    }
  });

  it('copies nothing from a folder that holds no deployment, and says where to run', () => {
    mkdirSync(join(folder, 'empty'));
    const { status, stderr } = backUp(join(folder, 'empty'));
    expect(status).toBe(1);
    expect(stderr).toMatch(/run this in the folder that holds docker-compose\.yml, or in \/etc\/kuanary/);
    expect(readdirSync(folder)).toEqual(['empty']);
  });
});
