import { createServer, type Server } from 'node:http';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { createApiClient } from '@kuanary/widget/api-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makePng } from './support/make-pictures.ts';
import { type Command, findFreePorts, makeTemporaryFolder, runKuanary } from './support/run-kuanary.ts';
import { type Stack, startStack } from './support/start-stack.ts';

let folder: { path: string; remove: () => Promise<void> };
const running: Command[] = [];

beforeAll(async () => {
  folder = await makeTemporaryFolder();
});

afterEach(async () => {
  for (const command of running.splice(0)) {
    command.process.kill('SIGKILL');
    await command.exit;
  }
});

afterAll(async () => {
  await folder.remove();
});

function run(args: string[], settings: Record<string, string> = {}): Command {
  const command = runKuanary(args, { folder: folder.path, settings });
  running.push(command);
  return command;
}

/** Runs a command that is expected to end by itself. */
async function runToEnd(
  args: string[],
  settings: Record<string, string> = {},
): Promise<{ code: number | null; said: string }> {
  const command = run(args, settings);
  const code = await command.exit;
  const { stdout, stderr } = command.output();
  return { code, said: `${stdout}${stderr}` };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

const portsOf = (stack: Stack): number[] =>
  [stack.apiUrl, stack.storeUrl, stack.imgproxyUrl].map((url) => Number(new URL(url).port));

const storeSettings = {
  S3_REGION: 'local',
  S3_BUCKET: 'pictures',
  S3_ACCESS_KEY: 'test-access-key',
  S3_SECRET_KEY: '0123456789abcdef0123456789abcdef01234567',
};
const imgproxySettings = { IMGPROXY_KEY: 'a1b2c3d4e5f60718', IMGPROXY_SALT: '18070f6e5d4c3b2a' };

describe('kuanary dev', () => {
  it('starts on three ports, prints the addresses and is ready to use', async () => {
    const stack = await startStack();
    console.log(`kuanary dev printed its addresses after ${Math.round(stack.readyAfterMs)} ms`);
    const [api, store, imgproxy] = portsOf(stack);
    expect(new Set([api, store, imgproxy]).size).toBe(3);
    expect(stack.apiKey).toMatch(/^dev:[0-9a-f]{32,}$/);
    const ready = await fetch(`${stack.apiUrl}/readyz`);
    expect({ status: ready.status, body: await ready.json() }).toMatchObject({ status: 200, body: { ready: true } });
    await stack.stop();
  });

  it('stops all three ports on Ctrl-C, with exit code 0', async () => {
    const stack = await startStack();
    const ports = portsOf(stack);
    expect(await Promise.all(ports.map(isListening))).toEqual([true, true, true]);
    await stack.stop();
    expect(await Promise.all(ports.map(isListening))).toEqual([false, false, false]);
  });

  it('has everything again after a restart: pictures, signed URLs, tickets, the API key', async () => {
    const ports = await findFreePorts(3);
    const place = { folder: join(folder.path), ports };
    const first = await startStack(place);
    const client = createApiClient({ endpoint: first.apiUrl });
    const png = await makePng(400, 300);
    const image = new Blob([Uint8Array.from(png)], { type: 'image/png' });
    const completed = await client.uploadImage(image);
    const pending = await client.signUpload({ contentType: 'image/png', size: png.length });
    await first.stop();

    const second = await startStack(place);
    expect(second.apiKey).toBe(first.apiKey);
    expect((await fetch(completed.url)).status).toBe(200);
    const form = new FormData();
    for (const [name, value] of Object.entries(pending.fields)) form.append(name, value);
    form.append('file', image);
    expect((await fetch(pending.url, { method: 'POST', body: form })).status).toBe(201);
    const later = await client.complete({ ticket: pending.ticket });
    expect((await fetch(later.url)).status).toBe(200);
    await second.stop();
  });

  describe('when a port is taken', () => {
    let occupant: Server;
    let taken: number;

    beforeAll(async () => {
      occupant = createServer();
      await new Promise<void>((resolve) => occupant.listen(0, '127.0.0.1', resolve));
      const address = occupant.address();
      taken = typeof address === 'object' && address !== null ? address.port : 0;
    });

    afterAll(() => {
      occupant.close();
    });

    it.each(['PORT', 'KUANARY_STORE_PORT', 'KUANARY_IMGPROXY_PORT'])(
      'names the port and %s, and ends',
      async (setting) => {
        const [api, store, imgproxy] = await findFreePorts(3);
        const { code, said } = await runToEnd(['dev'], {
          PORT: String(api),
          KUANARY_STORE_PORT: String(store),
          KUANARY_IMGPROXY_PORT: String(imgproxy),
          [setting]: String(taken),
        });
        expect(code).toBe(78);
        expect(said).toMatch(new RegExp(`port ${taken} .*is taken: .*set ${setting} to a free port`));
        expect(said).not.toContain('    at ');
      },
    );
  });

  it('refuses to be production with embedded parts', async () => {
    const { code, said } = await runToEnd(['dev'], { NODE_ENV: 'production' });
    expect(code).toBe(78);
    expect(said).toMatch(/not for production: set S3_ENDPOINT and IMGPROXY_URL/);
  });
});

describe('kuanary start', () => {
  it('lists everything that is missing or wrong at once, without the values', async () => {
    const { code, said } = await runToEnd(['start'], {
      PORT: 'five-thousand',
      S3_SECRET_KEY: 'change-me-please',
      IMGPROXY_KEY: 'not-hexadecimal',
      API_KEYS: 'cms:tooshort',
    });
    expect(code).toBe(78);
    for (const name of [
      'PORT',
      'S3_ENDPOINT',
      'S3_REGION',
      'S3_BUCKET',
      'S3_ACCESS_KEY',
      'S3_SECRET_KEY',
      'IMGPROXY_URL',
      'IMGPROXY_SALT',
    ]) {
      expect(said).toMatch(new RegExp(`^ *- ${name} `, 'm'));
    }
    expect(said).not.toMatch(/five-thousand|change-me-please|not-hexadecimal|tooshort/);
  });
});

describe('kuanary store', () => {
  it('runs alone on the port and folder it is given', async () => {
    const [port] = await findFreePorts(1);
    const store = run(['store', '--port', String(port), '--data', join(folder.path, 'store-alone')], storeSettings);
    const [, url] = await store.waitFor(/Object store on (\S+), bucket "pictures"/);
    const unsigned = await fetch(`${url}/pictures/secret.jpg`);
    expect(unsigned.status).toBe(403);
    expect(await store.interrupt()).toBe(0);
  });

  it('refuses production', async () => {
    const { code, said } = await runToEnd(['store'], { ...storeSettings, NODE_ENV: 'production' });
    expect(code).toBe(78);
    expect(said).toContain('not for production');
  });
});

describe('kuanary imgproxy', () => {
  it('runs alone, on the bucket of a store that runs alone', async () => {
    const [storePort, port] = await findFreePorts(2);
    const store = run(['store', '--port', String(storePort), '--data', join(folder.path, 'pair')], storeSettings);
    const [, storeUrl] = await store.waitFor(/Object store on (http:\/\/[\d.:]+)/);
    const settings = { ...storeSettings, ...imgproxySettings, S3_ENDPOINT: storeUrl ?? '' };
    const imgproxy = run(['imgproxy', '--port', String(port)], settings);
    const [, url] = await imgproxy.waitFor(/imgproxy stand-in on (\S+)/);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect((await fetch(`${url}/insecure/rs:fit:10:10/plain/s3://pictures/none.jpg`)).status).toBe(403);
    expect(await imgproxy.interrupt()).toBe(0);
    expect(await store.interrupt()).toBe(0);
  });

  it('refuses production', async () => {
    const { code, said } = await runToEnd(['imgproxy'], {
      ...storeSettings,
      ...imgproxySettings,
      S3_ENDPOINT: 'http://127.0.0.1:9',
      NODE_ENV: 'production',
    });
    expect(code).toBe(78);
    expect(said).toContain('not for production');
  });

  it('lists the settings it lacks', async () => {
    const { code, said } = await runToEnd(['imgproxy']);
    expect(code).toBe(78);
    for (const name of ['S3_ENDPOINT', 'S3_BUCKET', 'IMGPROXY_KEY', 'IMGPROXY_SALT']) expect(said).toContain(name);
  });
});

describe('kuanary', () => {
  it.each([
    [['frobnicate'], /There is no command "frobnicate"/],
    [['dev', '--port', '80'], /Unknown option '--port'/],
    [['constructor'], /There is no command "constructor"/],
    [[], /Usage: kuanary <command>/],
  ])('ends with 2 for wrong usage: %j', async (args, sentence) => {
    const { code, said } = await runToEnd(args);
    expect(code).toBe(2);
    expect(said).toMatch(sentence);
    for (const command of ['dev', 'start', 'store', 'imgproxy']) {
      if (args[0] !== 'dev') expect(said).toMatch(new RegExp(`^ +${command} +\\w`, 'm'));
    }
  });

  it('ends with 0 after help', async () => {
    const { code, said } = await runToEnd(['--help']);
    expect(code).toBe(0);
    expect(said).toContain('Usage: kuanary <command>');
  });
});
