import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { givenStorage, isStorageGiven } from '../support/given-storage.ts';
import { keysIn, type RunningApp, startApp, testSecrets } from '../support/start-app.ts';
import { runKuanary } from './run-kuanary.ts';

/** What `GET /limits` answers. */
const limits = { types: [], maxBytes: 1, maxPixels: 1, defaultPreset: 'a', anonymous: null };

let folder: string;
let app: RunningApp;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kuanary-upload-'));
  app = await startApp();
  const picture = sharp({ create: { width: 64, height: 48, channels: 3, background: '#369' } });
  await writeFile(join(folder, 'holiday photo.JPG'), await picture.clone().jpeg().toBuffer());
  await writeFile(join(folder, 'called.jpg'), await picture.clone().webp().toBuffer());
  await writeFile(join(folder, 'notes.txt'), 'no picture');
});
afterEach(() => app.proxy.reset());
afterAll(async () => {
  await app.stop();
  await rm(folder, { recursive: true, force: true });
});

function upload(args: string[], settings: Record<string, string> = {}) {
  return runKuanary(['upload', ...args], { PUBLIC_URL: app.url, API_KEYS: testSecrets.apiKey, ...settings }, folder);
}

describe('kuanary upload', () => {
  it('uploads files one after the other and prints a line for each, fit for scripts', async () => {
    const run = await upload(['holiday photo.JPG', 'called.jpg']);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    const lines = run.stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(lines.map(([filename]) => filename)).toEqual([
      expect.stringMatching(/^image-[0-9a-f-]{36}\.jpg$/),
      expect.stringMatching(/^image-[0-9a-f-]{36}\.webp$/),
    ]);
    for (const [filename = '', url] of lines) {
      expect(url).toContain(`/plain/s3://${app.bucket}/${filename}`);
      expect(await keysIn(app, filename)).toEqual([filename]);
    }
    expect(await keysIn(app, 'tmp/incoming/')).toEqual([]);
  });

  it('prints the same URL that kuanary sign prints for the file', async () => {
    const run = await upload(['called.jpg', '--preset', 'hero', '--json']);
    const [result] = JSON.parse(run.stdout);
    expect(result).toMatchObject({
      file: 'called.jpg',
      success: true,
      image: { format: 'webp', width: 64, height: 48 },
    });
    const signed = await runKuanary(
      ['sign', result.filename, '--preset', 'hero'],
      {
        S3_BUCKET: app.bucket,
        IMGPROXY_URL: 'http://127.0.0.1:1',
        IMGPROXY_KEY: testSecrets.imgproxyKey,
        IMGPROXY_SALT: testSecrets.imgproxySalt,
      },
      folder,
    );
    expect(signed.stdout).toBe(`${result.filename}\thero\t${result.url}\t/i/hero/${result.filename}\n`);
  });

  it('goes on after a file that cannot be uploaded, and exits with 1', async () => {
    const run = await upload(['notes.txt', 'missing.jpg', '.', 'called.jpg']);
    expect(run.exitCode).toBe(1);
    expect(run.stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(run.stderr).toContain('notes.txt: The file is not a picture of an accepted format.');
    expect(run.stderr).toContain('missing.jpg: There is no such file.');
    expect(run.stderr).toContain('.: It is not a file.');
  });

  it('takes the key of KUANARY_API_KEY first, and passes on a refusal with its request id', async () => {
    const run = await upload(['called.jpg', '--json'], { KUANARY_API_KEY: `cms:${'x'.repeat(40)}` });
    expect(run.exitCode).toBe(1);
    expect(JSON.parse(run.stdout)).toEqual([
      {
        file: 'called.jpg',
        success: false,
        error: expect.stringContaining('The credential is not valid here.'),
        code: 'invalid_credentials',
        requestId: expect.stringMatching(/./),
      },
    ]);
    expect(run.stdout + run.stderr).not.toContain('xxxx');
  });

  it('repeats a completion that the API could not decide', async () => {
    let refusals = 0;
    app.proxy.decide = ({ method, key }) => {
      if (method !== 'GET' || !key.startsWith('tmp/commits/') || refusals === 3) return 'forward';
      refusals += 1;
      return { refuse: 400 };
    };
    const run = await upload(['called.jpg']);
    expect(refusals).toBe(3);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('says so when nothing answers, when something else answers, and when the preset is unknown', async () => {
    const silent = await upload(['called.jpg', '--url', 'http://127.0.0.1:1'], { PUBLIC_URL: '' });
    expect(silent).toMatchObject({ exitCode: 1, stdout: '' });
    expect(silent.stderr).toContain('The API at http://127.0.0.1:1 cannot be reached');
    const foreign = await upload(['called.jpg', '--url', app.proxy.url]);
    expect(foreign.stderr).toContain('not as Kuanary does');
    const unknown = await upload(['called.jpg', '--preset', 'huge']);
    expect(unknown).toMatchObject({ exitCode: 1, stdout: '' });
    expect(unknown.stderr).toContain('There is no preset "huge"');
  });

  it('keeps the key of this deployment from other addresses, and every key from plain http', async () => {
    const elsewhere = await upload(['called.jpg', '--url', 'https://images.example.org']);
    expect(elsewhere).toMatchObject({ exitCode: 2, stdout: '' });
    expect(elsewhere.stderr).toContain('Set KUANARY_API_KEY');
    const plain = await upload(['called.jpg'], { PUBLIC_URL: 'http://images.example.org' });
    expect(plain).toMatchObject({ exitCode: 78, stdout: '' });
    expect(plain.stderr).toContain('PUBLIC_URL is plain http');
    expect(elsewhere.stderr + plain.stderr).not.toContain(testSecrets.apiKey);
  });

  it('prints what a server says without its control characters', async () => {
    const evil = createServer((request, response) => {
      request.resume();
      response.end(JSON.stringify({ ...limits, presets: ['a\u001b[2Jb'] }));
    });
    evil.listen(0, '127.0.0.1');
    await once(evil, 'listening');
    try {
      const url = `http://127.0.0.1:${(evil.address() as AddressInfo).port}`;
      const run = await upload(['called.jpg', '--url', url, '--preset', 'hero']);
      expect(run).toMatchObject({ exitCode: 1, stdout: '' });
      expect(run.stderr).toBe(`There is no preset "hero" at ${url}. There are: a [2Jb.\n`);
    } finally {
      evil.closeAllConnections();
      evil.close();
    }
  });

  it('takes no key on the command line, and says why in its help', async () => {
    const run = await upload(['called.jpg', '--api-key', 'cms:secret']);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain('command lines are seen by other users');
    expect((await upload([])).exitCode).toBe(2);
    expect((await upload(['called.jpg', '--url', 'images.example.org'])).exitCode).toBe(2);
  });
});

describe('kuanary sign', () => {
  const settings = {
    S3_BUCKET: 'pictures',
    IMGPROXY_URL: 'https://img.example.org',
    IMGPROXY_KEY: testSecrets.imgproxyKey,
    IMGPROXY_SALT: testSecrets.imgproxySalt,
    PUBLIC_URL: 'https://images.example.org/',
  };

  it('signs old and new names for every preset, without a network', async () => {
    const run = await runKuanary(['sign', 'holiday.jpg', '--json'], settings, folder);
    const [signed] = JSON.parse(run.stdout);
    expect(signed.filename).toBe('holiday.jpg');
    expect(Object.keys(signed.urls)).toEqual(['thumbnail', 'hero', 'og-image', 'avatar']);
    expect(signed.urls.thumbnail).toMatch(
      /^https:\/\/img\.example\.org\/[\w-]{43}\/rs:fit:300:300\/q:80\/f:webp\/plain\/s3:\/\/pictures\/holiday\.jpg$/,
    );
    expect(signed.links.hero).toBe('https://images.example.org/i/hero/holiday.jpg');
  });

  it('refuses what is no image name, and unknown presets', async () => {
    const names = ['tmp/incoming/x', '../a.jpg', 'robots.txt', '.a.jpg'];
    const run = await runKuanary(['sign', 'good.jpg', ...names], settings, folder);
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    for (const name of names) expect(run.stderr).toContain(`"${name}"`);
    expect(run.stderr).not.toContain('good.jpg');
    expect((await runKuanary(['sign', 'a.jpg', '--preset', 'huge'], settings, folder)).exitCode).toBe(2);
  });

  it('names missing and unusable keys, with exit code 78', async () => {
    const run = await runKuanary(['sign', 'a.jpg'], { ...settings, IMGPROXY_KEY: 'nothex' }, folder);
    expect(run.exitCode).toBe(78);
    expect(run.stderr).toContain('IMGPROXY_KEY');
    expect(run.stderr).not.toContain('nothex');
  });
});

describe('kuanary usage', () => {
  it('counts the bucket of the running API', async () => {
    const { region, accessKey, secretKey } = isStorageGiven
      ? givenStorage
      : { region: 'local', accessKey: 'TESTKEY', secretKey: testSecrets.s3SecretKey };
    const run = await runKuanary(
      ['usage', '--json'],
      {
        S3_ENDPOINT: app.proxy.url,
        S3_REGION: region,
        S3_BUCKET: app.bucket,
        S3_ACCESS_KEY: accessKey,
        S3_SECRET_KEY: secretKey,
      },
      folder,
    );
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    const usage = JSON.parse(run.stdout);
    const keys = await keysIn(app);
    expect(usage.total.objects).toBe(keys.length);
    const images = usage.groups.find(({ kind }: { kind: string }) => kind === 'images');
    expect(images.objects).toBe(keys.filter((key) => key.startsWith('image-')).length);
  });
});
