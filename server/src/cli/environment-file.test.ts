import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../config.ts';
import { loadEnvironmentFile } from './environment-file.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kuanary-environment-file-'));
  file = join(folder, '.env');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function load(given: Record<string, string> = {}): Record<string, string | undefined> {
  const environment: Record<string, string | undefined> = { ...given };
  loadEnvironmentFile(file, environment);
  return environment;
}

describe('the .env file', () => {
  it('gives the settings that the environment does not have, an empty one included', async () => {
    await writeFile(file, '\uFEFF# of this machine\nPORT=5001\nS3_BUCKET="pictures"\r\nAPI_KEYS=a:b\nHOST=\n');
    expect(load({ PORT: '80', API_KEYS: '' })).toEqual({ PORT: '80', S3_BUCKET: 'pictures', API_KEYS: '', HOST: '' });
  });

  it('need not be there', () => {
    expect(load({ PORT: '80' })).toEqual({ PORT: '80' });
  });

  it.each<[string, () => Promise<unknown>]>([
    ['a folder', () => mkdir(file)],
    ['in UTF-16, as some editors save it', () => writeFile(file, '\uFEFFS3_SECRET_KEY=hunter2', 'utf16le')],
    ['not text', () => writeFile(file, Buffer.from('S3_SECRET_KEY=hunter2\0'))],
  ])('is refused in a sentence without its content when it is %s', async (_what, make) => {
    await make();
    expect(() => load()).toThrow(ConfigError);
    expect(() => load()).toThrow(/\.env (cannot be read \(EISDIR\)|is not readable text): it must be a text file/);
    expect(() => load()).not.toThrow(/hunter2/);
  });

  it.skipIf(process.getuid?.() === 0)('is refused when this user may not read it', async () => {
    await writeFile(file, 'PORT=5001');
    await chmod(file, 0o000);
    expect(() => load()).toThrow('.env cannot be read (EACCES)');
  });
});
