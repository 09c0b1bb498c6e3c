import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ServerAddress, sendSigned } from './sign-request.ts';

const command = new URL('../../src/cli/kuanary.ts', import.meta.url).pathname;
const keys = { S3_ACCESS_KEY: 'command-access-key', S3_SECRET_KEY: 'command-secret-key' };

describe('kuanary store', { timeout: 30_000 }, () => {
  let folder: string;
  let child: ChildProcess | undefined;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kuanary-store-command-'));
  });
  afterEach(() => child?.kill('SIGKILL'));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** In a folder of its own, where no `.env` lies. */
  function run(environment: Record<string, string>, ...args: string[]) {
    const started = spawn(
      process.execPath,
      [
        '--conditions=source',
        '--import',
        import.meta.resolve('tsx'),
        command,
        'store',
        ...['--port', '0', '--data', join(folder, 'store')],
        ...args,
      ],
      {
        cwd: folder,
        env: { PATH: process.env['PATH'], ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    child = started;
    return started;
  }

  async function readAddress(started: ReturnType<typeof run>): Promise<{ line: string; address: ServerAddress }> {
    const [chunk]: unknown[] = await once(started.stdout, 'data');
    const line = String(chunk).trim();
    const endpoint = /http:\/\/[\d.:]+/.exec(line)?.[0] ?? '';
    const address = { endpoint, region: 'local', accessKey: keys.S3_ACCESS_KEY, secretKey: keys.S3_SECRET_KEY };
    return { line, address };
  }

  it('takes its keys from files and its profiles from the environment, and stops with 0', async () => {
    const files = { S3_ACCESS_KEY_FILE: join(folder, 'access'), S3_SECRET_KEY_FILE: join(folder, 'secret') };
    await writeFile(files.S3_ACCESS_KEY_FILE, `${keys.S3_ACCESS_KEY}\n`);
    await writeFile(files.S3_SECRET_KEY_FILE, `${keys.S3_SECRET_KEY}\n`);
    const started = run({ ...files, KUANARY_STORE_PROFILE: 'copy-501,versioning-on' });
    const { line, address } = await readAddress(started);
    expect(line).toMatch(/^Object store on http:\/\/127\.0\.0\.1:\d+, profile copy-501,versioning-on$/);
    expect((await sendSigned(address, { method: 'PUT', path: '/made' })).status).toBe(200);
    const versioning = await sendSigned(address, { method: 'GET', path: '/made', query: { versioning: '' } });
    expect(versioning.body.toString()).toContain('Enabled');
    started.kill('SIGTERM');
    expect((await once(started, 'exit'))[0]).toBe(0);
  });

  it('makes its bucket also where a profile has no CORS and no lifecycle', async () => {
    const started = run({ ...keys, S3_BUCKET: 'pictures' }, '--profile', 'cors-unsupported,lifecycle-unsupported');
    const { line, address } = await readAddress(started);
    expect(line).toContain('bucket "pictures"');
    expect((await sendSigned(address, { method: 'HEAD', path: '/pictures' })).status).toBe(200);
    const cors = await sendSigned(address, { method: 'GET', path: '/pictures', query: { cors: '' } });
    expect(cors.status).toBe(501);
  });

  it.each([
    ['a profile that there is not', { ...keys, KUANARY_STORE_PROFILE: 'fast' }, 'KUANARY_STORE_PROFILE: "fast" is no'],
    ['no keys', {}, 'S3_ACCESS_KEY is missing'],
    [
      'a key in a file that is not there',
      { ...keys, S3_SECRET_KEY: '', S3_SECRET_KEY_FILE: '/none' },
      'S3_SECRET_KEY_FILE',
    ],
    ['a bucket name that is none', { ...keys, S3_BUCKET: 'A B' }, 'S3_BUCKET is not a bucket name'],
  ])('refuses %s with 78', async (_what, environment, sentence) => {
    const started = run(environment);
    const said = text(started.stderr);
    expect((await once(started, 'exit'))[0]).toBe(78);
    expect(await said).toContain(sentence);
  });
});
