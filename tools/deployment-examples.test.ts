import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { exitCodes } from '../server/src/cli/exit-codes.ts';
import { loadConfig } from '../server/src/config.ts';
import { secretSettingNames, settingNames } from '../server/src/settings.ts';
import { listVariables, parseCompose } from './compose-file.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const defaultPort = 5001;
const imgproxyPort = 8080;

interface NginxDirective {
  name: string;
  values: string[];
  block: NginxDirective[];
}

/** Reads nginx's grammar: words, quoted words, `;` and braces. @throws Error where a brace or a semicolon is missing. */
function parseNginx(text: string): NginxDirective[] {
  const tokens = text.match(/#.*|"(?:[^"\\]|\\.)*"|[{};]|[^\s{};"]+/g)?.filter((token) => !token.startsWith('#')) ?? [];
  const top: NginxDirective[] = [];
  const open = [top];
  let words: string[] = [];
  for (const token of tokens) {
    const block = open.at(-1);
    if (block === undefined) throw new Error('a closing brace too many');
    if (token === '}') {
      if (words.length > 0) throw new Error(`no semicolon after ${words.join(' ')}`);
      open.pop();
    } else if (token === ';' || token === '{') {
      const [name = '', ...values] = words;
      const directive = { name, values, block: [] };
      block.push(directive);
      if (token === '{') open.push(directive.block);
      words = [];
    } else words.push(token);
  }
  if (open.length !== 1 || words.length > 0) throw new Error('the file ends within a block or a directive');
  return top;
}

function valuesOf(block: readonly NginxDirective[], name: string): string[] {
  return block.filter((directive) => directive.name === name).map(({ values }) => values.join(' '));
}

function blockOf(block: readonly NginxDirective[], name: string, value: string): NginxDirective[] {
  const found = block.find((directive) => directive.name === name && directive.values.join(' ') === value);
  if (found === undefined) throw new Error(`no ${name} ${value}`);
  return found.block;
}

function serverOf(directives: readonly NginxDirective[], host: string): NginxDirective[] {
  const servers = directives.filter(
    ({ name, block }) => name === 'server' && valuesOf(block, 'server_name')[0] === host,
  );
  if (servers[0] === undefined || servers.length > 1) throw new Error(`${servers.length} servers are called ${host}`);
  return servers[0].block;
}

describe('deploy/nginx.conf', () => {
  const nginx = parseNginx(read('deploy/nginx.conf'));

  it('leads to the ports of the compose file', () => {
    expect(valuesOf(blockOf(nginx, 'upstream', 'kuanary'), 'server')).toEqual([`127.0.0.1:${defaultPort}`]);
    expect(valuesOf(blockOf(nginx, 'upstream', 'imgproxy'), 'server')).toEqual([`127.0.0.1:${imgproxyPort}`]);
  });

  it('lets the server see who calls, and refuse uploads itself', () => {
    const api = serverOf(nginx, 'api.my-site.org');
    expect(valuesOf(api, 'proxy_set_header')).toContain('X-Forwarded-For $proxy_add_x_forwarded_for');
    const upload = blockOf(api, 'location', '= /upload');
    expect(valuesOf(upload, 'client_max_body_size')).toEqual(['0']);
    expect(valuesOf(upload, 'proxy_request_buffering')).toEqual(['off']);
  });

  it('closes idle connections before the server does', () => {
    const serverMs = /keepAliveTimeoutMs = ([\d_]+)/.exec(read('server/src/main.ts'))?.[1]?.replaceAll('_', '');
    const [own = ''] = valuesOf(blockOf(nginx, 'upstream', 'kuanary'), 'keepalive_timeout');
    expect(Number(own.replace('s', '')) * 1000).toBeLessThan(Number(serverMs));
  });

  it('passes the paths of pictures on as they came, and keeps no error', () => {
    const pictures = serverOf(nginx, 'img.my-site.org');
    expect(valuesOf(pictures, 'merge_slashes')).toEqual(['off']);
    const location = blockOf(pictures, 'location', '/');
    expect(valuesOf(location, 'proxy_pass')).toEqual(['http://imgproxy']);
    expect(valuesOf(location, 'proxy_cache_key')).toEqual(['$path_without_query']);
    expect(read('deploy/nginx.conf')).not.toMatch(/^\s*(proxy_cache_valid|rewrite)\b/m);
  });

  it('has certificates on every server but the one that redirects, through which certbot renews them', () => {
    for (const { block } of nginx.filter(({ name }) => name === 'server')) {
      const encrypted = valuesOf(block, 'listen').every((value) => value.includes('ssl'));
      expect(valuesOf(block, 'ssl_certificate')).toHaveLength(encrypted ? 1 : 0);
      if (encrypted) continue;
      expect(valuesOf(blockOf(block, 'location', '/'), 'return')).toEqual(['308 https://$host$request_uri']);
      expect(valuesOf(blockOf(block, 'location', '/.well-known/acme-challenge/'), 'root')).toEqual(['/var/www/html']);
    }
  });
});

describe('deploy/nginx-storage.conf', () => {
  it('passes path and host on as they were signed', () => {
    const storage = serverOf(parseNginx(read('deploy/nginx-storage.conf')), 's3.my-site.org');
    expect(valuesOf(storage, 'merge_slashes')).toEqual(['off']);
    const location = blockOf(storage, 'location', '/');
    expect(valuesOf(location, 'proxy_pass')).toEqual(['http://127.0.0.1:7070']);
    expect(valuesOf(location, 'proxy_set_header')).toEqual(['Host $http_host']);
    expect(valuesOf(location, 'client_max_body_size')).toEqual(['0']);
  });
});

describe('deploy/Caddyfile', () => {
  const text = read('deploy/Caddyfile').replace(/^\s*#.*$/gm, '');

  it('leads to the ports of the compose file, and rewrites nothing', () => {
    expect([...text.matchAll(/reverse_proxy (\S+)/g)].map(([, address]) => address)).toEqual([
      `127.0.0.1:${defaultPort}`,
      `127.0.0.1:${imgproxyPort}`,
    ]);
    expect(text).not.toMatch(/^\s*(rewrite|uri|handle_path|request_body)\b/m);
    expect(text.match(/\{/g)?.length).toBe(text.match(/\}/g)?.length);
  });
});

/** The values of one key of a unit or an environment file, in their order. */
function valuesOfKey(path: string, key: string): string[] {
  const lines = read(path).split('\n');
  return lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
}

describe('deploy/kuanary.service', () => {
  const path = 'deploy/kuanary.service';

  it('starts what the image starts, and stops it no sooner', () => {
    expect(valuesOfKey(path, 'ExecStart')).toEqual(['/usr/bin/node dist/cli/kuanary.js start']);
    const { http } = loadConfig({
      S3_ENDPOINT: 'https://s3.test',
      S3_REGION: 'fsn1',
      S3_BUCKET: 'pictures',
      S3_ACCESS_KEY: 'key',
      S3_SECRET_KEY: 'secret',
      IMGPROXY_URL: 'https://img.test',
      IMGPROXY_KEY: '11'.repeat(32),
      IMGPROXY_SALT: '22'.repeat(32),
    });
    const extraMs = /extraMs = ([\d_]+)/.exec(read('server/src/cli/stop-on-signal.ts'))?.[1]?.replaceAll('_', '');
    const stopSeconds = Number(valuesOfKey(path, 'TimeoutStopSec')[0]?.replace('s', ''));
    expect(stopSeconds).toBeGreaterThan(http.shutdownGraceSeconds + Number(extraMs) / 1000);
    expect(valuesOfKey(path, 'RestartPreventExitStatus')).toEqual([String(exitCodes.badConfiguration)]);
  });

  it('hands each secret over as a credential, and sets only settings that exist', () => {
    for (const name of secretSettingNames) {
      const credential = name.toLowerCase();
      expect(valuesOfKey(path, 'LoadCredential')).toContain(`${credential}:/etc/kuanary/secrets/${credential}`);
      expect(valuesOfKey(path, 'Environment')).toContain(`${name}_FILE=%d/${credential}`);
    }
    const names = valuesOfKey(path, 'Environment').map((line) => line.split('=')[0] ?? '');
    const known = [...settingNames, ...secretSettingNames.map((name) => `${name}_FILE`)];
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('compiles JavaScript while it runs', () => {
    expect(valuesOfKey(path, 'MemoryDenyWriteExecute')).toEqual([]);
  });
});

describe.each(['deploy/kuanary.service', 'deploy/imgproxy.service'])('%s', (path) => {
  it('takes from the process what it does not need', () => {
    const lines = read(path).split('\n');
    for (const line of ['DynamicUser=yes', 'ProtectSystem=strict', 'NoNewPrivileges=yes', 'CapabilityBoundingSet=']) {
      expect(lines).toContain(line);
    }
    expect(valuesOfKey(path, 'SystemCallFilter')[0]).toBe('@system-service');
  });
});

describe('deploy/imgproxy.env.example', () => {
  const path = 'deploy/imgproxy.env.example';
  const compose = parseCompose(read('docker-compose.yml'), {
    S3_ENDPOINT: 'https://fsn1.your-objectstorage.com',
    S3_REGION: 'fsn1',
    S3_BUCKET: '<bucket>',
    S3_ACCESS_KEY: 'key',
    S3_SECRET_KEY: 'secret',
    IMGPROXY_URL: 'https://img.test',
    IMGPROXY_KEY: '11',
    IMGPROXY_SALT: '22',
  });

  it('is what the compose file gives imgproxy, but for the secrets, on the loopback address', () => {
    const settings = Object.fromEntries(
      [...read(path).matchAll(/^([A-Z0-9_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
    );
    const secrets = ['IMGPROXY_KEY', 'IMGPROXY_SALT', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];
    const wanted = Object.entries(compose.services['imgproxy']?.environment ?? {})
      .filter(([name]) => !secrets.includes(name))
      .map(([name, value]) => [name, String(value)]);
    expect(settings).toEqual({ ...Object.fromEntries(wanted), IMGPROXY_BIND: `127.0.0.1:${imgproxyPort}` });
  });

  it('is read by the unit, with the secrets from the file that compose.secrets.yml mounts', () => {
    const unit = 'deploy/imgproxy.service';
    expect(valuesOfKey(unit, 'EnvironmentFile')).toEqual(['/etc/kuanary/imgproxy.env']);
    expect(valuesOfKey(unit, 'LoadCredential')).toEqual(['imgproxy_env:/etc/kuanary/secrets/imgproxy_env']);
    expect(valuesOfKey(unit, 'Environment')).toEqual(['IMGPROXY_ENV_LOCAL_FILE_PATH=%d/imgproxy_env']);
  });
});

interface AgentTemplate {
  'template-content': string;
  'destination-path': string;
  config: { execute: { command: string } };
}

describe('deploy/infisical-agent.yaml', () => {
  const templates: AgentTemplate[] = parse(read('deploy/infisical-agent.yaml')).templates;
  const written = templates.map((template) => template['destination-path']).sort();

  it('writes the files that the systemd units load', () => {
    const loaded = ['deploy/kuanary.service', 'deploy/imgproxy.service'].flatMap((unit) =>
      valuesOfKey(unit, 'LoadCredential').map((credential) => credential.split(':')[1]),
    );
    expect(written).toEqual(loaded.sort());
  });

  it('writes the files that compose.secrets.yml mounts', () => {
    const { secrets } = parse(read('deploy/compose.secrets.yml'));
    expect(written.map((path) => path.replace('/etc/kuanary/', './'))).toEqual(
      Object.values<{ file: string }>(secrets)
        .map(({ file }) => file)
        .sort(),
    );
  });

  it('restarts both services whichever secret changes', () => {
    for (const { config } of templates) {
      expect(config.execute.command).toMatch(/systemctl restart --no-block kuanary imgproxy/);
    }
  });

  it('puts into each file what belongs there', () => {
    for (const template of templates) {
      const file = template['destination-path'].split('/').at(-1) ?? '';
      const names = file === 'imgproxy_env' ? secretSettingNames.slice(0, 4) : [file.toUpperCase()];
      const used = [...template['template-content'].matchAll(/"([A-Z][A-Z0-9_]+)"/g)].map(([, name]) => name);
      expect(used.sort(), file).toEqual([...names].sort());
    }
    const forImgproxy = templates.find((template) => template['destination-path'].endsWith('imgproxy_env'));
    expect(forImgproxy?.['template-content'].match(/^[A-Z_]+(?==)/gm)).toEqual([
      'IMGPROXY_KEY',
      'IMGPROXY_SALT',
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
    ]);
  });
});

describe('deploy/production.env.example', () => {
  const text = read('deploy/production.env.example');
  const names = [...text.matchAll(/^(?:# )?([A-Z][A-Z0-9_]*)=/gm)].map(([, name = '']) => name);

  it('explains every variable of the compose file that is not a setting of the server', () => {
    const variables = listVariables(read('docker-compose.yml')).map(({ name }) => name);
    const own = variables.filter((name) => !settingNames.some((known) => known === name));
    expect(own.length).toBeGreaterThan(0);
    expect(own.filter((name) => !names.includes(name))).toEqual([]);
    expect(names.filter((name) => !own.includes(name) && !settingNames.some((known) => known === name))).toEqual([]);
  });

  it('does not start as it is: what must be filled in is refused', () => {
    const settings = [...text.matchAll(/^([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name, value]) => [name, value]);
    expect(() => loadConfig(Object.fromEntries(settings))).toThrow(/S3_BUCKET[\s\S]*S3_SECRET_KEY[\s\S]*TICKET_SECRET/);
  });
});

describe('the pages on deployment', () => {
  const pages = ['deploy', 'cloudflare', 'secrets', 'backup', 'migrate'].map((name) => `docs/${name}.md`);
  const texts = new Map(
    [...pages, 'docker-compose.yml', 'deploy/compose.secrets.yml'].map((path) => [path, read(path)]),
  );

  it('link to files that exist', () => {
    for (const page of pages) {
      for (const [, target = ''] of read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
        expect(existsSync(join(root, dirname(page), target)), `${page} → ${target}`).toBe(true);
      }
    }
  });

  it('name commands and files that exist', () => {
    const source = read('server/src/cli/kuanary.ts');
    const commands = [...source.matchAll(/^ {2}'?([a-z-]+)'?: \{$/gm)].map(([, name]) => name);
    expect(commands).toContain('doctor');
    const used = /(?:run --rm (?:--no-deps )?kuanary|`kuanary|kuanary\.js) ([a-z][a-z-]*)/g;
    for (const [path, text] of texts) {
      for (const [, command] of text.matchAll(used)) expect(commands, `${path}: kuanary ${command}`).toContain(command);
      for (const [example] of text.matchAll(/\bdeploy\/[a-z.-]+[a-z]/g)) {
        expect(existsSync(join(root, example)), `${path}: ${example}`).toBe(true);
      }
    }
  });

  it('use options that setup-bucket has', () => {
    const files = readdirSync(join(root, 'server/src/cli')).filter((name) => name.includes('setup-bucket'));
    const source = files.map((name) => read(`server/src/cli/${name}`)).join('\n');
    for (const page of pages) {
      for (const [, option = ''] of read(page).matchAll(/setup-bucket --([a-z-]+)/g)) {
        expect(source, `${page}: --${option}`).toContain(option);
      }
    }
  });
});
