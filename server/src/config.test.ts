import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import {
  buildImgproxyConfig,
  buildStorageConfig,
  ConfigError,
  findConfigWarnings,
  imgproxySettingNames,
  loadConfig,
  loadSettings,
  storageSettingNames,
} from './config.ts';
import { secretSettingNames, settingNames } from './settings.ts';

/** The names that the older service documented, and nothing else. */
const oldEnvironment = {
  PORT: '5001',
  NODE_ENV: 'production',
  S3_ENDPOINT: 'https://fsn1.your-objectstorage.com',
  S3_REGION: 'fsn1',
  S3_BUCKET: 'pictures',
  S3_ACCESS_KEY: 'AKIDPICTURES',
  S3_SECRET_KEY: 'k'.repeat(40),
  IMGPROXY_URL: 'https://img.kuanary.dev',
  IMGPROXY_KEY: 'a1'.repeat(32),
  IMGPROXY_SALT: 'b2'.repeat(32),
};

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function problemsOf(environment: Record<string, string | undefined>): readonly string[] {
  try {
    loadConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

function secretFile(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'kuanary-config-'));
  folders.push(folder);
  const file = join(folder, 'secret');
  writeFileSync(file, content);
  return file;
}

describe('loadConfig', () => {
  it('starts on an old .env', () => {
    const config = loadConfig(oldEnvironment);
    expect(config.storage).toMatchObject({ publicEndpoint: oldEnvironment.S3_ENDPOINT, forcePathStyle: true });
    expect(config.uploads).toMatchObject({ maxBytes: 20_971_520, expiresSeconds: 600, promote: 'copy' });
    expect(config.access.anonymousOrigins).toEqual([]);
    expect(findConfigWarnings(config).join('\n')).toContain('API_KEYS');
  });

  it('derives a ticket secret from the S3 secret, the same each time, and another one for another secret', () => {
    const [first] = loadConfig(oldEnvironment).access.ticketSecrets;
    expect(first).toMatch(/^[\w-]{43}$/);
    expect(loadConfig(oldEnvironment).access.ticketSecrets).toEqual([first]);
    expect(loadConfig({ ...oldEnvironment, S3_SECRET_KEY: 'j'.repeat(40) }).access.ticketSecrets).not.toEqual([first]);
  });

  it('reports everything that is missing at once', () => {
    const problems = problemsOf({});
    for (const name of [
      'S3_ENDPOINT',
      'S3_REGION',
      'S3_BUCKET',
      'S3_ACCESS_KEY',
      'S3_SECRET_KEY',
      'IMGPROXY_URL',
      'IMGPROXY_KEY',
      'IMGPROXY_SALT',
    ]) {
      expect(
        problems.filter((problem) => problem.startsWith(`${name} is missing`)),
        name,
      ).toHaveLength(1);
    }
  });

  it.each([
    ['PORT', '99999'],
    ['PORT', '5001x'],
    ['PORT', '-1'],
    ['S3_ENDPOINT', 'nbg1.storage.test'],
    ['S3_ENDPOINT', 'ftp://fsn1.your-objectstorage.com'],
    ['S3_ENDPOINT', 'https://name:hunter2@fsn1.your-objectstorage.com'],
    ['S3_PUBLIC_ENDPOINT', 'https://name@fsn1.your-objectstorage.com'],
    ['IMGPROXY_URL', 'https://:hunter2@img.kuanary.dev'],
    ['PUBLIC_URL', 'http://name:@images.kuanary.dev'],
    ['S3_BUCKET', 'Has/Slash'],
    ['S3_FORCE_PATH_STYLE', 'yes'],
    ['IMGPROXY_SIGNATURE_SIZE', '33'],
    ['IMGPROXY_EDITION', 'enterprise'],
    ['ALLOWED_TYPES', 'jpeg,svg'],
    ['MAX_UPLOAD_BYTES', '20MB'],
    ['MAX_UPLOAD_BYTES', '0'],
    ['UPLOAD_EXPIRES_SECONDS', '59'],
    ['UPLOAD_EXPIRES_SECONDS', '3601'],
    ['API_KEYS', 'cms'],
    ['API_KEYS', 'cms:short'],
    ['API_KEYS', `c ms:${'x'.repeat(40)}`],
    ['API_KEYS', `cms:${'x'.repeat(20)} ${'x'.repeat(20)}`],
    ['API_KEYS', `cms:${'ü'.repeat(40)}`],
    ['API_KEYS', `cms:${'x'.repeat(40)},cms:${'y'.repeat(40)}`],
    ['TICKET_SECRET', 'short'],
    ['TICKET_SECRET', `${'x'.repeat(40)},short`],
    ['ALLOWED_ORIGINS', 'https://cms.kuanary.dev/'],
    ['ALLOWED_ORIGINS', 'cms.kuanary.dev'],
    ['ANONYMOUS_ORIGINS', 'https://*.kuanary.dev'],
    ['LEGACY_UPLOAD', 'yes'],
    ['STORAGE_PROMOTE', 'move'],
    ['LOG_LEVEL', 'loud'],
  ])('refuses %s=%s, naming the setting and not the value', (name, value) => {
    const problems = problemsOf({ ...oldEnvironment, [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name}`));
    if (value.length > 5) expect(problems[0]).not.toContain(value);
  });

  it.each([
    ['S3_SECRET_KEY', 'your-secret-key'],
    ['API_KEYS', `cms:${'changeme'.repeat(5)}`],
    ['TICKET_SECRET', 'please-change-me-please-change-me-please'],
  ])('refuses the sample value in %s', (name, value) => {
    expect(problemsOf({ ...oldEnvironment, [name]: value }).join()).toContain(name);
  });

  it.each([
    ['IMGPROXY_KEY', 'not hex'],
    ['IMGPROXY_KEY', 'abc'],
    ['IMGPROXY_SALT', `${'b2'.repeat(32)}zz`],
    ['IMGPROXY_KEY', `${'a1'.repeat(32)},${'a2'.repeat(32)}`],
  ])('refuses %s that imgproxy would refuse', (name, value) => {
    expect(problemsOf({ ...oldEnvironment, [name]: value }).join()).toContain('IMGPROXY_KEY and IMGPROXY_SALT');
  });

  it('never shows a value of a secret', () => {
    const message = problemsOf({
      ...oldEnvironment,
      API_KEYS: 'cms:hunter2',
      TICKET_SECRET: 'hunter3',
      IMGPROXY_KEY: 'hunter4',
    }).join();
    expect(message).not.toMatch(/hunter/);
  });

  it('treats an empty setting as not given', () => {
    expect(loadConfig({ ...oldEnvironment, API_KEYS: '', PUBLIC_URL: ' ' }).http.publicUrl).toBeUndefined();
  });

  it.each(secretSettingNames)('reads %s from a file too', (name) => {
    const value =
      name === 'API_KEYS' ? `cms:${'x'.repeat(40)}` : name.startsWith('IMGPROXY') ? 'c3'.repeat(32) : 'z'.repeat(40);
    const environment: Record<string, string> = { ...oldEnvironment, [`${name}_FILE`]: secretFile(`${value}\n`) };
    delete environment[name];
    expect(problemsOf(environment)).toEqual([]);
  });

  it('refuses a secret that is given twice, or whose file is not there', () => {
    expect(problemsOf({ ...oldEnvironment, S3_SECRET_KEY_FILE: secretFile('x') }).join()).toContain(
      'S3_SECRET_KEY_FILE',
    );
    const { S3_SECRET_KEY: _, ...rest } = oldEnvironment;
    expect(problemsOf({ ...rest, S3_SECRET_KEY_FILE: join(tmpdir(), 'nothing-here') }).join()).toContain(
      'S3_SECRET_KEY_FILE',
    );
  });

  it('keeps the anonymous limit within the general one', () => {
    expect(loadConfig({ ...oldEnvironment, MAX_UPLOAD_BYTES: '1000' }).access.anonymousMaxBytes).toBe(1000);
  });

  it('warns at every start of what anybody may do', () => {
    const warnings = findConfigWarnings(
      loadConfig({ ...oldEnvironment, ANONYMOUS_ORIGINS: '*', LEGACY_UPLOAD: 'anonymous' }),
    ).join('\n');
    expect(warnings).toContain('ANONYMOUS_ORIGINS');
    expect(warnings).toContain('LEGACY_UPLOAD');
  });
});

describe('loadSettings', () => {
  const wanted = [...storageSettingNames, 'ALLOWED_ORIGINS'] as const;
  const storageOnly = {
    S3_ENDPOINT: 'https://fsn1.your-objectstorage.com',
    S3_REGION: 'fsn1',
    S3_BUCKET: 'pictures',
    S3_ACCESS_KEY: 'AKIDPICTURES',
  };

  it('reads the named settings and asks for no other', () => {
    const given = loadSettings({ ...storageOnly, S3_SECRET_KEY: 'k'.repeat(40), PORT: 'not a port' }, wanted);
    expect(given.ALLOWED_ORIGINS).toEqual([]);
    expect(given).not.toHaveProperty('PORT');
    expect(buildStorageConfig(given)).toEqual(loadConfig(oldEnvironment).storage);
  });

  it('reads secrets from files, and leaves the files of other settings alone', () => {
    const environment = { ...storageOnly, S3_SECRET_KEY_FILE: secretFile('z'.repeat(40)), API_KEYS_FILE: '/missing' };
    expect(loadSettings(environment, wanted).S3_SECRET_KEY).toBe('z'.repeat(40));
  });

  it('reports all mistakes at once, in the words of loadConfig', () => {
    const environment = { ...storageOnly, S3_BUCKET: 'No', ALLOWED_ORIGINS: 'https://cms.example.com/' };
    const problems = problemsOf({ ...oldEnvironment, ...environment, S3_SECRET_KEY: '' });
    expect(problems).toHaveLength(3);
    expect(() => loadSettings(environment, wanted)).toThrow(new ConfigError(problems));
  });

  it('takes the keys of imgproxy as loadConfig does', () => {
    expect(buildImgproxyConfig(loadSettings(oldEnvironment, imgproxySettingNames))).toEqual(
      loadConfig(oldEnvironment).imgproxy,
    );
    const short = loadSettings({ ...oldEnvironment, IMGPROXY_KEY: 'abc' }, imgproxySettingNames);
    expect(() => buildImgproxyConfig(short)).toThrow(ConfigError);
  });
});

describe('.env.example', () => {
  const text = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
  /** Optional settings stand there commented out, with their default. */
  const documented = parseEnv(text.replace(/^# ?(?=[A-Z0-9_]+=)/gm, ''));
  const devOnly = ['KUANARY_STORE_PORT', 'KUANARY_IMGPROXY_PORT', 'KUANARY_DATA'];

  it('names every setting, and no other', () => {
    expect(Object.keys(documented).sort()).toEqual([...settingNames, ...devOnly].sort());
  });

  it('is refused as it stands, because its secrets are samples', () => {
    expect(problemsOf(parseEnv(text)).join()).toContain('sample');
  });

  it('starts once the samples are replaced', () => {
    const filled = {
      ...documented,
      S3_ACCESS_KEY: 'AKID',
      S3_SECRET_KEY: 'k'.repeat(40),
      IMGPROXY_KEY: 'a1'.repeat(32),
      IMGPROXY_SALT: 'b2'.repeat(32),
      API_KEYS: `cms:${'x'.repeat(40)}`,
      TICKET_SECRET: 'y'.repeat(40),
    };
    expect(problemsOf(filled)).toEqual([]);
  });

  it('states the defaults that are in force', () => {
    const bare = loadConfig(oldEnvironment);
    const optional = Object.fromEntries(
      Object.entries(documented).filter(
        ([name, value]) =>
          value !== '' && !secretSettingNames.some((secret) => secret === name) && !(name in oldEnvironment),
      ),
    );
    const { UPLOAD_TMP_DIR: _dir, ...stated } = optional;
    const spelledOut = loadConfig({ ...oldEnvironment, ...stated });
    expect({ ...spelledOut, uploads: { ...spelledOut.uploads, tmpDir: bare.uploads.tmpDir } }).toEqual(bare);
  });
});
