import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../server/src/config.ts';
import { secretSettingNames, settingNames } from '../server/src/settings.ts';
import { documentedPresets } from '../shared/src/presets.ts';
import { type ComposeFile, listVariables, parseCompose } from './compose-file.ts';
import { parseDockerIgnore } from './image-steps/docker-ignore.ts';
import { parseDockerfile } from './image-steps/parse-dockerfile.ts';

const file = (path: string): URL => new URL(`../${path}`, import.meta.url);
const read = (path: string): string => readFileSync(file(path), 'utf8');

const required: Record<string, string> = {
  S3_ENDPOINT: 'https://s3.test',
  S3_REGION: 'fsn1',
  S3_BUCKET: 'pictures',
  S3_ACCESS_KEY: 'server-key',
  S3_SECRET_KEY: 'server-secret',
  IMGPROXY_URL: 'https://img.test',
  IMGPROXY_KEY: '11'.repeat(32),
  IMGPROXY_SALT: '22'.repeat(32),
};
/** The server as it is with these settings and nothing else: what the containers must agree with. */
const config = loadConfig(required);

describe('Dockerfile', () => {
  const stages = parseDockerfile(read('Dockerfile'));
  const image = stages.at(-1);
  const isIgnored = parseDockerIgnore(read('.dockerignore'));

  it('builds in one stage and ships another, both on one exact tag of Node 24', () => {
    expect(stages[0]?.base).toMatch(/^node:24\.\d+\.\d+-[a-z]+-slim$/);
    expect(stages.slice(1).map(({ base }) => base)).toEqual(stages.slice(1).map(() => stages[0]?.name));
    expect(image?.steps.some((step) => step.does === 'copy' && step.from === 'build')).toBe(true);
  });

  it('copies files that exist and that .dockerignore lets through', () => {
    const sources = stages.flatMap(({ steps }) =>
      steps.flatMap((step) => (step.does === 'copy' && step.from === undefined ? step.sources : [])),
    );
    expect(sources).toContain('server');
    expect(sources.filter((source) => !existsSync(file(source)) || isIgnored(source))).toEqual([]);
  });

  it('keeps secrets, history, dependencies, tests and data of a development machine out of the build', () => {
    const wanted = ['.env', '.env.production', 'server/.env', '.git/config', 'node_modules/zod/package.json'];
    wanted.push('server/node_modules/x.js', 'server/test/a.ts', 'server/src/config.test.ts', '.kuanary/secrets.json');
    wanted.push('e2e/artefacts/a.png', 'server/dist/config.js', 'secrets/api_keys', 'docs/deploy.md');
    expect(wanted.filter((path) => !isIgnored(path))).toEqual([]);
    expect(['server/src/config.ts', 'shared/src/contract.ts', 'data/presets.json'].filter(isIgnored)).toEqual([]);
  });

  it('installs what the lockfile says, with the pnpm that package.json names', () => {
    const commands = stages.flatMap(({ steps }) =>
      steps.flatMap((step) => (step.does === 'run' ? [step.command] : [])),
    );
    expect(commands).toContain('pnpm install --frozen-lockfile');
    expect(commands).toContain(`npm install --global ${JSON.parse(read('package.json')).packageManager}`);
  });

  it('runs node itself as a numeric user who is not root, so that SIGTERM reaches it', () => {
    expect(image?.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(image?.entrypoint).toEqual(['node', 'dist/cli/kuanary.js']);
    expect(image?.command).toEqual(['start']);
    expect(image?.steps).toContainEqual({ does: 'env', variables: { NODE_ENV: 'production' } });
  });

  it('says its port, its health and its version', () => {
    expect(image?.ports).toEqual([config.http.port]);
    expect(image?.healthcheck?.[0]).toBe('node');
    expect(image?.healthcheck?.at(-1)).toContain(`process.env.PORT || ${config.http.port}`);
    expect(image?.healthcheck?.at(-1)).toContain('/healthz');
    const { version, license } = JSON.parse(read('server/package.json'));
    expect(image?.labels).toMatchObject({
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.licenses': license,
    });
  });

  it('keeps the shipped presets where an empty ./data does not hide them; without a file the same ones apply', () => {
    expect(image?.steps).toContainEqual({
      does: 'copy',
      from: undefined,
      sources: ['data/presets.json'],
      destination: 'presets.default.json',
    });
    expect(JSON.parse(read('data/presets.json'))).toEqual(documentedPresets);
  });
});

/** Names of compose's own; each is explained in deploy/production.env.example. */
const composeOnly = ['PUBLISH_ADDRESS', 'IMGPROXY_PUBLISH_ADDRESS', 'IMGPROXY_PORT', 'STORAGE_PORT'];
composeOnly.push('IMGPROXY_S3_ACCESS_KEY', 'IMGPROXY_S3_SECRET_KEY', 'IMGPROXY_MAX_SRC_RESOLUTION');
composeOnly.push('KUANARY_CONTAINER', 'KUANARY_NETWORK');

/** What imgproxy 4.0.12 and its AWS SDK read. */
const imgproxyNames = [
  'KEY',
  'SALT',
  'SIGNATURE_SIZE',
  'ALLOWED_SOURCES',
  'USE_S3',
  'S3_ALLOWED_BUCKETS',
  'S3_ENDPOINT',
]
  .concat([
    'S3_REGION',
    'S3_ENDPOINT_USE_PATH_STYLE',
    'MAX_SRC_RESOLUTION',
    'MAX_SRC_FILE_SIZE',
    'MAX_REDIRECTS',
    'TTL',
  ])
  .concat(['ALLOW_PRIVATE_SOURCE_ADDRESSES', 'REQUESTS_QUEUE_SIZE', 'LOG_LEVEL', 'ENV_LOCAL_FILE_PATH'])
  .map((name) => `IMGPROXY_${name}`)
  .concat(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']);

/** Empty is not set: the paths of compose.secrets.yml exist in a container only. */
const noFiles = Object.fromEntries(secretSettingNames.map((name) => [`${name}_FILE`, '']));

function serviceOf(compose: ComposeFile, name: string): ComposeFile['services'][string] {
  const service = compose.services[name];
  if (service === undefined) throw new Error(`no service ${name}`);
  return service;
}

describe.each(['docker-compose.yml', 'deploy/compose.secrets.yml'])('%s', (path) => {
  const text = read(path);
  const compose = parseCompose(text, required);
  const kuanary = serviceOf(compose, 'kuanary');
  const imgproxy = serviceOf(compose, 'imgproxy');

  it('keeps the documented layout: container kuanary, ./data, .env, port 5001, a network with a name', () => {
    expect(kuanary).toMatchObject({
      container_name: 'kuanary',
      env_file: '.env',
      ports: ['0.0.0.0:5001:5001'],
      volumes: ['./data:/app/data:ro'],
      networks: ['kuanary'],
    });
    expect(compose.networks['kuanary']).toEqual({ name: 'kuanary' });
  });

  it('can stand beside another deployment on one machine', () => {
    const own = { KUANARY_CONTAINER: 'second', KUANARY_NETWORK: 'second-network', PORT: '5055', IMGPROXY_PORT: '8085' };
    const second = parseCompose(text, { ...required, ...own, STORAGE_PORT: '7075' });
    expect(second.networks['kuanary']).toEqual({ name: 'second-network' });
    const first = parseCompose(text, required);
    for (const [name, service] of Object.entries(second.services)) {
      const other = serviceOf(first, name);
      if (other.container_name !== undefined) expect(service.container_name).toMatch(/^second/);
      for (const port of service.ports) expect(other.ports).not.toContain(port);
    }
    for (const volume of Object.values(second.volumes ?? {})) expect(volume.name).toMatch(/^second-/);
  });

  it('hands the server every setting that the file itself uses, so that both have one value', () => {
    const used = new Set(listVariables(text).map(({ name }) => name));
    const handedOver = Object.keys(kuanary.environment).map((name) => name.replace(/_FILE$/, ''));
    const settings = settingNames.filter((name) => used.has(name));
    expect(settings).toContain('PORT');
    expect(settings.filter((name) => !handedOver.includes(name))).toEqual([]);
    const { environment } = serviceOf(parseCompose(text, { ...required, PORT: '5055' }), 'kuanary');
    expect(environment['PORT']).toBe(5055);
    const defaults = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)]));
    const withDefaults = loadConfig({ ...defaults, ...required, PORT: '5001', ...noFiles });
    expect({ ...withDefaults, uploads: { ...withDefaults.uploads, tmpMaxBytes: 0 } }).toEqual({
      ...config,
      uploads: { ...config.uploads, tmpMaxBytes: 0 },
    });
  });

  it('refuses to start without what must be set, and says what to do', () => {
    const variables = listVariables(text).filter(({ kind }) => kind === 'required');
    const names = new Set(variables.map(({ name }) => name));
    const secretsInFiles: readonly string[] = path.includes('secrets') ? secretSettingNames : [];
    expect([...names].sort()).toEqual(
      Object.keys(required)
        .filter((name) => !secretsInFiles.includes(name))
        .sort(),
    );
    for (const name of names) {
      const { [name]: _missing, ...others } = required;
      expect(() => parseCompose(text, others)).toThrow(new RegExp(`${name} is missing a value: set it in .env`));
      expect(() => parseCompose(text, { ...others, [name]: '' })).toThrow(name);
    }
  });

  it('names only settings that exist', () => {
    const known = [...settingNames, ...secretSettingNames.map((name) => `${name}_FILE`)];
    expect(Object.keys(kuanary.environment).filter((name) => !known.includes(name))).toEqual([]);
    expect(Object.keys(imgproxy.environment).filter((name) => !imgproxyNames.includes(name))).toEqual([]);
    const variables = new Set(listVariables(text).map(({ name }) => name));
    expect(
      [...variables].filter((name) => !settingNames.some((known) => known === name) && !composeOnly.includes(name)),
    ).toEqual([]);
  });

  it('lets imgproxy render signed URLs of root objects only, with the limits of the server', () => {
    expect(imgproxy.image).toMatch(/^ghcr\.io\/imgproxy\/imgproxy:v4\.\d+\.\d+$/);
    const [, minor = 0, patch = 0] = (imgproxy.image.split(':v')[1] ?? '').split('.').map(Number);
    expect(minor * 100 + patch).toBeGreaterThanOrEqual(12);
    expect(imgproxy.environment).toMatchObject({
      IMGPROXY_ALLOWED_SOURCES: 's3://pictures/*.',
      IMGPROXY_USE_S3: 'true',
      IMGPROXY_S3_ENDPOINT: config.storage.endpoint,
      IMGPROXY_S3_REGION: config.storage.region,
      IMGPROXY_S3_ENDPOINT_USE_PATH_STYLE: config.storage.forcePathStyle,
      IMGPROXY_SIGNATURE_SIZE: config.imgproxy.signatureSize,
      IMGPROXY_MAX_SRC_RESOLUTION: config.uploads.maxPixels / 1_000_000,
      IMGPROXY_MAX_SRC_FILE_SIZE: config.uploads.maxBytes,
    });
    expect(imgproxy.ports).toEqual(['127.0.0.1:8080:8080']);
    expect(imgproxy.healthcheck?.test).toEqual(['CMD', 'imgproxy', 'health']);
  });

  it('gives the server longer to stop than it takes for itself', () => {
    const extraMs = /extraMs = ([\d_]+)/.exec(read('server/src/cli/stop-on-signal.ts'))?.[1]?.replaceAll('_', '');
    const ownSeconds = config.http.shutdownGraceSeconds + Number(extraMs) / 1000;
    expect(Number(kuanary.stop_grace_period?.replace(/s$/, ''))).toBeGreaterThan(ownSeconds);
  });

  it('gives the spool as much tmpfs as the server may fill, within the memory limit', () => {
    const sizeOf = (settings: Record<string, string>): [tmpfs: number, setting: number] => {
      const service = serviceOf(parseCompose(text, { ...required, ...settings }), 'kuanary');
      return [
        Number(/^\/tmp:size=(\d+),/.exec(service.tmpfs[0] ?? '')?.[1]),
        Number(service.environment['UPLOAD_TMP_MAX_BYTES']),
      ];
    };
    const [tmpfs, setting] = sizeOf({});
    expect(tmpfs).toBe(setting);
    expect(tmpfs).toBeLessThan(Number(kuanary.mem_limit.replace('m', '')) * 1024 * 1024 * 0.5);
    expect(sizeOf({ UPLOAD_TMP_MAX_BYTES: '1000' })).toEqual([1000, 1000]);
  });

  it('hardens every container', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      expect(service, name).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        restart: 'unless-stopped',
        pids_limit: expect.any(Number),
        mem_limit: expect.stringMatching(/^\d+[mg]$/),
        logging: { options: { 'max-size': '10m', 'max-file': '5' } },
      });
      expect(service.image, name).toMatch(/:v?\d+\.\d+\.\d+$/);
    }
  });

  it('holds no secret', () => {
    expect(text).not.toMatch(/[0-9a-f]{32}|(KEY|SALT|SECRET|PASSWORD): ["']?[A-Za-z0-9+/]{16}/);
  });
});

describe('docker-compose.yml', () => {
  const text = read('docker-compose.yml');

  it('passes a read-only key to imgproxy where there is one, and the server’s otherwise', () => {
    const keysOf = (settings: Record<string, string>): unknown[] => {
      const { environment } = serviceOf(parseCompose(text, { ...required, ...settings }), 'imgproxy');
      return [environment['AWS_ACCESS_KEY_ID'], environment['AWS_SECRET_ACCESS_KEY']];
    };
    expect(keysOf({})).toEqual(['server-key', 'server-secret']);
    expect(keysOf({ IMGPROXY_S3_ACCESS_KEY: 'reader', IMGPROXY_S3_SECRET_KEY: 'hidden' })).toEqual([
      'reader',
      'hidden',
    ]);
  });

  it('starts an S3 server only when asked for the profile, reachable from this machine alone', () => {
    const compose = parseCompose(text, required);
    const storage = serviceOf(compose, 'storage');
    expect(storage.profiles).toEqual(['storage']);
    expect(storage.ports).toEqual(['127.0.0.1:7070:7070']);
    expect(storage.volumes?.map((volume) => volume.split(':')[0])).toEqual(Object.keys(compose.volumes ?? {}));
    expect(Object.keys(compose.services).filter((name) => compose.services[name]?.profiles === undefined)).toEqual([
      'kuanary',
      'imgproxy',
    ]);
  });
});

describe('deploy/compose.secrets.yml', () => {
  it('is docker-compose.yml but for the secrets', () => {
    const stripped = (path: string): unknown[] =>
      ['kuanary', 'imgproxy'].map((name) => {
        const { environment, secrets: _secrets, ...others } = serviceOf(parseCompose(read(path), required), name);
        const kept = Object.entries(environment).filter(
          ([setting]) => !/(KEY|SALT|KEYS|SECRET|KEY_ID)(_FILE)?$|LOCAL_FILE_PATH$/.test(setting),
        );
        return { ...others, environment: Object.fromEntries(kept) };
      });
    expect(stripped('deploy/compose.secrets.yml')).toEqual(stripped('docker-compose.yml'));
  });

  it('has a file for each secret setting', () => {
    const compose = parseCompose(read('deploy/compose.secrets.yml'), required);
    const kuanary = serviceOf(compose, 'kuanary');
    for (const name of secretSettingNames) {
      expect(kuanary.environment[`${name}_FILE`]).toBe(`/run/secrets/${name.toLowerCase()}`);
      expect(kuanary.secrets).toContain(name.toLowerCase());
      expect(compose.secrets?.[name.toLowerCase()]).toEqual({ file: `./secrets/${name.toLowerCase()}` });
    }
  });
});
