import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startObjectStore } from '../../src/embedded/object-store/object-store-server.ts';
import { type RawAnswer, type ServerAddress, sendSigned } from './sign-request.ts';

const identity = { region: 'local', accessKey: 'crash-access-key', secretKey: 'crash-secret-key' };
const storeModule = new URL('../../src/embedded/object-store/object-store-server.ts', import.meta.url);
const rounds = 3;
const keys = Array.from({ length: 8 }, (_, index) => `key-${index}`);
/** Of several writes to the disk. */
const objectBytes = 300_000;

/** An object whose every byte tells the version it belongs to. */
const contentOf = (version: number): Buffer => Buffer.alloc(objectBytes, `<${version}>`);

describe('an embedded store that is killed while it writes', () => {
  let dataFolder: string;
  beforeAll(async () => {
    dataFolder = await mkdtemp(join(tmpdir(), 'kuanary-object-store-crash-'));
  });
  afterAll(() => rm(dataFolder, { recursive: true, force: true }));

  /** The store in a process of its own, to be killed. */
  async function startChild(): Promise<{ child: ChildProcess; address: ServerAddress }> {
    const options = { dataFolder, host: '127.0.0.1', port: 0, ...identity };
    const program = `import { startObjectStore } from ${JSON.stringify(storeModule.href)};
      const store = await startObjectStore(${JSON.stringify(options)});
      console.log(store.url);`;
    const child = spawn(
      process.execPath,
      ['--conditions=source', '--import', 'tsx', '--input-type=module', '-e', program],
      {
        cwd: new URL('../../..', import.meta.url),
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const [line]: unknown[] = await once(child.stdout, 'data');
    return { child, address: { endpoint: String(line).trim(), ...identity } };
  }

  it('keeps every write that it has answered, and shows no other but whole', async () => {
    const answered = new Map<string, number>();
    const tried = new Map<string, number>();
    let version = 0;
    for (let round = 0; round < rounds; round += 1) {
      const { child, address } = await startChild();
      const call = (method: string, path: string, body: Uint8Array = Buffer.alloc(0)): Promise<RawAnswer> =>
        sendSigned(address, { method, path: `/crash${path}`, body });
      await call('PUT', '');
      let answers = 0;
      const exited = once(child, 'exit');
      const write = async (key: string): Promise<void> => {
        for (;;) {
          version += 1;
          const mine = version;
          tried.set(key, mine);
          const answer = await call('PUT', `/${key}`, contentOf(mine)).catch(() => null);
          if (answer === null) return;
          expect(answer.status).toBe(200);
          answered.set(key, mine);
          answers += 1;
          if (answers === 60) child.kill('SIGKILL');
        }
      };
      await Promise.all(keys.map(write));
      await exited;

      const store = await startObjectStore({ dataFolder, host: '127.0.0.1', port: 0, ...identity });
      for (const key of keys) {
        const { status, body } = await sendSigned(
          { endpoint: store.url, ...identity },
          { method: 'GET', path: `/crash/${key}` },
        );
        const found = Number(/<(\d+)>/.exec(body.toString('latin1', 0, 40))?.[1]);
        expect([status, body.equals(contentOf(found))], key).toEqual([200, true]);
        expect(found, key).toBeGreaterThanOrEqual(answered.get(key) ?? 0);
        expect(found, key).toBeLessThanOrEqual(tried.get(key) ?? 0);
      }
      await store.close();
      for (const folder of ['data', 'records']) {
        expect(await readdir(join(dataFolder, 'buckets', 'crash', folder))).toHaveLength(keys.length);
      }
    }
  });
});
