import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DeleteBucketCommand, GetBucketCorsCommand, PutBucketLifecycleConfigurationCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startObjectStore } from '../../src/embedded/object-store/object-store-server.ts';
import { startTestStore, type TestStore } from '../support/start-test-store.ts';
import { createTestBucket, type TestBucket } from '../support/test-bucket.ts';
import { runKuanary } from './run-kuanary.ts';

let folder: string;
let store: TestStore;
let target: TestBucket;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kuanary-setup-bucket-'));
  store = await startTestStore(join(folder, 'store'), 'test-only-s3-secret-key-0123456789abcdef');
});
afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  target = await createTestBucket(store);
});
afterEach(() => target.remove());
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

function setupBucket(args: string[], settings: Record<string, string> = {}) {
  return runKuanary(
    ['setup-bucket', ...args],
    {
      S3_ENDPOINT: store.endpoint,
      S3_REGION: store.region,
      S3_BUCKET: target.bucket,
      S3_ACCESS_KEY: store.accessKey,
      S3_SECRET_KEY: store.secretKey,
      ALLOWED_ORIGINS: 'https://cms.example.org',
      ...settings,
    },
    folder,
  );
}

type RulesAnswer = [status: number, body: string];
const error = (code: string) => `<Error><Code>${code}</Code></Error>`;
const endings: (() => void)[] = [];

/** A bucket that is there, whose rules a test answers for. */
async function startRules(
  answer: (method: string, configuration: 'CORS' | 'Lifecycle', body: string) => RulesAnswer,
): Promise<string> {
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const { method = '', url = '' } = request;
    if (method === 'HEAD') {
      response.end();
      return;
    }
    const [status, document] = answer(method, url.includes('cors') ? 'CORS' : 'Lifecycle', body);
    response.writeHead(status, { 'Content-Type': 'application/xml' }).end(document);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endings.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('kuanary setup-bucket', () => {
  it('prints the difference, makes it, and then has nothing to do', async () => {
    const first = await setupBucket([]);
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    expect(first.stdout).toContain('+ rule "kuanary"\n+   origin   https://cms.example.org\n');
    expect(first.stdout).toContain('+ rule "kuanary-commits"\n+   prefix   tmp/commits/\n+   deletes  after 90 days\n');
    expect(first.stdout).toContain('CORS: set up, and read back.\nLifecycle: set up, and read back.\n');
    const second = await setupBucket([]);
    expect(second.exitCode).toBe(0);
    expect(second.stdout).not.toContain('rule');
    expect(second.stdout.match(/nothing to change/g)).toHaveLength(2);
  });

  it('only tells the difference on --dry-run, with exit code 1', async () => {
    const run = await setupBucket(['--dry-run']);
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toContain('Nothing was changed (--dry-run).');
    await expect(target.client.send(new GetBucketCorsCommand({ Bucket: target.bucket }))).rejects.toMatchObject({
      name: 'NoSuchCORSConfiguration',
    });
  });

  it('shows old and new beside each other, and removes its rules on --undo', async () => {
    await setupBucket([]);
    const changed = await setupBucket([], { ALLOWED_ORIGINS: '', ANONYMOUS_ORIGINS: 'https://shop.example.org' });
    expect(changed.stdout).toContain('-   origin   https://cms.example.org\n+   origin   https://shop.example.org\n');
    const undone = await setupBucket(['--undo']);
    expect(undone.exitCode).toBe(0);
    expect(undone.stdout).toContain('CORS: our rules are removed.\nLifecycle: our rules are removed.\n');
  });

  it('leaves CORS alone without origins, and says so', async () => {
    const run = await setupBucket([], { ALLOWED_ORIGINS: '' });
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toContain('CORS: left alone, because neither ALLOWED_ORIGINS nor ANONYMOUS_ORIGINS is set.');
  });

  it('warns of a rule of somebody else that deletes images, and keeps it', async () => {
    await target.client.send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket: target.bucket,
        LifecycleConfiguration: {
          Rules: [{ ID: 'tidy', Status: 'Enabled', Filter: { Prefix: 'image-' }, Expiration: { Days: 30 } }],
        },
      }),
    );
    const run = await setupBucket(['--json']);
    const { lifecycle, origins } = JSON.parse(run.stdout);
    expect(run.exitCode).toBe(0);
    expect(origins).toEqual(['https://cms.example.org']);
    expect(lifecycle).toMatchObject({ state: 'changed', changes: { length: 4 } });
    expect(lifecycle.warnings).toEqual([
      'The lifecycle rule "tidy" deletes objects after 30 days under "image-": this takes every image that Kuanary has stored.',
    ]);
  });

  it('makes a missing bucket with --create only', async () => {
    const bucket = `${target.bucket}-more`.slice(0, 63);
    const missing = await setupBucket([], { S3_BUCKET: bucket });
    expect(missing).toMatchObject({ exitCode: 1, stdout: '' });
    expect(missing.stderr).toContain('--create makes it');
    const planned = await setupBucket(['--create', '--dry-run'], { S3_BUCKET: bucket });
    expect(planned).toMatchObject({ exitCode: 1, stderr: '' });
    expect(planned.stdout).toContain('+ the bucket itself, private');
    const made = await setupBucket(['--create'], { S3_BUCKET: bucket });
    expect(made).toMatchObject({ exitCode: 0, stderr: '' });
    expect(made.stdout).toContain('The bucket was made. It is private.');
    expect((await fetch(`${store.endpoint}/${bucket}`)).status).toBe(403);
    await target.client.send(new DeleteBucketCommand({ Bucket: bucket }));
  });

  it('says in a sentence that the credentials are wrong, or that nothing answers', async () => {
    const refused = await setupBucket([], { S3_SECRET_KEY: 'another-secret-key-another-secret-key' });
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(/^The bucket ".*" cannot be used: refused credentials: S3_ACCESS_KEY or .*\.\n$/);
    const silent = await setupBucket([], { S3_ENDPOINT: 'http://127.0.0.1:1' });
    expect(silent.exitCode).toBe(1);
    expect(silent.stderr).toContain('ECONNREFUSED');
  });

  it('refuses a wrong command line with 2, and wrong settings with 78, all at once and without values', async () => {
    for (const args of [['--force'], ['now'], ['--undo', '--create']]) {
      expect((await setupBucket(args)).exitCode, args.join(' ')).toBe(2);
    }
    const run = await setupBucket([], { S3_BUCKET: 'No', ALLOWED_ORIGINS: 'https://cms.example.org/' });
    expect(run.exitCode).toBe(78);
    expect(run.stderr).toContain('S3_BUCKET');
    expect(run.stderr).toContain('ALLOWED_ORIGINS');
    expect(run.stderr).not.toContain(store.secretKey);
  });

  it('exits with 1 when the storage refuses one half, says what to do, and does the other', async () => {
    const identity = { region: 'local', accessKey: 'TESTKEY', secretKey: 'test-only-s3-secret-key-0123456789abcdef' };
    const refusing = await startObjectStore({
      dataFolder: join(folder, 'refusing'),
      host: '127.0.0.1',
      port: 0,
      ...identity,
      profiles: ['cors-unsupported'],
    });
    try {
      const run = await setupBucket(['--create'], {
        S3_ENDPOINT: refusing.url,
        S3_REGION: identity.region,
        S3_ACCESS_KEY: identity.accessKey,
        S3_SECRET_KEY: identity.secretKey,
      });
      expect(run.exitCode).toBe(1);
      expect(run.stdout).toContain('CORS: The storage has no CORS rules per bucket (HTTP 501 NotImplemented).');
      expect(run.stdout).toContain('Lifecycle: set up, and read back.');
    } finally {
      await refusing.close();
    }
  });

  it('exits with 0 where only the rule on multipart uploads is refused, and warns of it', async () => {
    const rulesBy = new Map<string, string>();
    const url = await startRules((method, configuration, body) => {
      if (method === 'PUT' && body.includes('AbortIncompleteMultipartUpload')) return [400, error('MalformedXML')];
      if (method === 'PUT') rulesBy.set(configuration, body);
      const stored = rulesBy.get(configuration);
      return stored === undefined ? [404, error(`NoSuch${configuration}Configuration`)] : [200, stored];
    });
    const run = await setupBucket([], { S3_ENDPOINT: url });
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toContain('Lifecycle: set up, and read back, without the rule "kuanary-multipart".');
    expect(run.stdout).toContain('Warning: The storage refuses the rule "kuanary-multipart" (HTTP 400 MalformedXML).');
    const json = JSON.parse((await setupBucket(['--json'], { S3_ENDPOINT: url })).stdout);
    expect(json.lifecycle).toMatchObject({ state: 'partial', warnings: { length: 1 } });
    expect(json.lifecycle).not.toHaveProperty('problem');
  });

  it('prints what a server says without its control characters', async () => {
    // Written as XML entities, so that the document itself is in order.
    const rule =
      '<Rule><ID>tidy&#x9b;2J</ID><Status>Enabled</Status><Prefix>image-&#xA;All is well</Prefix><Expiration><Days>1</Days></Expiration></Rule>';
    const url = await startRules((_method, configuration) =>
      configuration === 'CORS'
        ? [403, error('Access\u009bDenied')]
        : [200, `<LifecycleConfiguration>${rule}</LifecycleConfiguration>`],
    );
    const run = await setupBucket(['--dry-run'], { S3_ENDPOINT: url });
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toContain('Warning: The lifecycle rule "tidy 2J" deletes objects after 1 day');
    expect(run.stdout).toContain('(HTTP 403 Access Denied)');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
    expect(run.stdout + run.stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]|^All/m);
  });

  it('explains itself with --help', async () => {
    const run = await runKuanary(['setup-bucket', '--help']);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toContain('--dry-run');
  });
});
