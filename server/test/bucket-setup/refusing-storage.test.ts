import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { createBucket } from '../../src/bucket-setup/create-bucket.ts';
import { prepareBucket } from '../../src/bucket-setup/prepare-bucket.ts';
import { readCorsRules, readLifecycleRules } from '../../src/bucket-setup/read-bucket-rules.ts';
import { type BucketSetup, explainOutcome, setUpBucket } from '../../src/bucket-setup/set-up-bucket.ts';
import { startObjectStore } from '../../src/embedded/object-store/object-store-server.ts';
import type { StoreProfile } from '../../src/embedded/object-store/store-profile.ts';
import { createS3Clients } from '../../src/storage/s3-clients.ts';

const identity = { region: 'local', accessKey: 'TESTKEY', secretKey: 'test-only-s3-secret-key-0123456789abcdef' };
const origins = ['https://cms.example.com'];
const bucket = 'pictures';

interface Exchange {
  method: string;
  query: string;
  body: string;
}
type Answer = { status: number; body: string };

const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** An embedded store behind a proxy that answers some calls itself. */
async function startStore(profiles: StoreProfile[], answer: (call: Exchange) => Answer | null = () => null) {
  const dataFolder = await mkdtemp(join(tmpdir(), 'kuanary-refusing-'));
  endings.push(() => rm(dataFolder, { recursive: true, force: true }));
  const store = await startObjectStore({ dataFolder, host: '127.0.0.1', port: 0, ...identity, profiles });
  endings.push(store.close);
  const calls: Exchange[] = [];
  const proxy = createServer(async (request, response) => {
    const body = await buffer(request);
    const call = { method: request.method ?? '', query: request.url?.split('?')[1] ?? '', body: String(body) };
    calls.push(call);
    const own = answer(call);
    if (own !== null) {
      response.writeHead(own.status, { 'Content-Type': 'application/xml' }).end(own.body);
      return;
    }
    const upstream = httpRequest(`${store.url}${request.url}`, { method: request.method, headers: request.headers });
    upstream.end(body);
    const [given] = await once(upstream, 'response');
    response.writeHead(given.statusCode, given.headers).end(await buffer(given));
  });
  const endpoint = await listen(proxy);
  const clients = createS3Clients({ ...identity, endpoint, publicEndpoint: endpoint, bucket, forcePathStyle: true });
  endings.push(async () => clients.destroy());
  return { endpoint, client: clients.retrying, calls };
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endings.push(async () => server.close());
  endings.push(async () => server.closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const refuse = (status: number, code: string): Answer => ({ status, body: `<Error><Code>${code}</Code></Error>` });
const isRules = ({ query }: Exchange, of: 'cors' | 'lifecycle') => new URLSearchParams(query).has(of);

async function makeAndSetUp(client: S3Client): Promise<BucketSetup> {
  await createBucket(client, bucket);
  return setUpBucket({ client, bucket }, { origins });
}

describe('setUpBucket on storage that refuses', () => {
  it('says what to do without CORS rules, and sets up the lifecycle all the same', async () => {
    const { client } = await startStore(['cors-unsupported']);
    const { cors, lifecycle } = await makeAndSetUp(client);
    expect(cors).toMatchObject({ state: 'refused', refusal: { reason: 'not_implemented' } });
    expect(explainOutcome('CORS', cors, origins)).toContain('MINIO_API_CORS_ALLOW_ORIGIN');
    expect(explainOutcome('CORS', cors, origins)).toContain(origins[0]);
    expect(lifecycle.state).toBe('changed');
  });

  it('says what the sweeper does without lifecycle rules, and sets up CORS all the same', async () => {
    const { client } = await startStore(['lifecycle-unsupported']);
    const { cors, lifecycle } = await makeAndSetUp(client);
    expect(cors.state).toBe('changed');
    expect(explainOutcome('lifecycle', lifecycle, origins)).toContain('sweeper');
  });

  it('names the permissions when the credentials may read the rules but not change them', async () => {
    const { client } = await startStore([], (call) =>
      call.method === 'PUT' && isRules(call, 'cors') ? refuse(403, 'AccessDenied') : null,
    );
    const { cors } = await makeAndSetUp(client);
    expect(cors).toMatchObject({ state: 'refused', refusal: { reason: 'access_denied' } });
    expect(explainOutcome('CORS', cors, origins)).toContain('s3:PutBucketCORS');
  });

  it('writes nothing when the present rules cannot be read, because a write replaces them', async () => {
    const { client, calls } = await startStore([], (call) =>
      call.method === 'GET' && isRules(call, 'lifecycle') ? refuse(403, 'AccessDenied') : null,
    );
    const { lifecycle } = await makeAndSetUp(client);
    expect(lifecycle.state).toBe('refused');
    expect(calls.filter((call) => call.method === 'PUT' && isRules(call, 'lifecycle'))).toEqual([]);
  });

  it('leaves out the rule on multipart uploads where the server refuses it, and says so', async () => {
    const { client } = await startStore([], ({ method, body }) =>
      method === 'PUT' && body.includes('AbortIncompleteMultipartUpload') ? refuse(400, 'MalformedXML') : null,
    );
    const { lifecycle } = await makeAndSetUp(client);
    expect(lifecycle).toMatchObject({ state: 'partial', leftOut: 'kuanary-multipart' });
    expect(lifecycle.warnings).toEqual([
      'The storage refuses the rule "kuanary-multipart" (HTTP 400 MalformedXML). Unfinished multipart uploads of other programs are not removed by it; Kuanary makes none.',
    ]);
    expect(explainOutcome('lifecycle', lifecycle, origins)).toBeNull();
    const stored = await readLifecycleRules(client, bucket);
    expect(stored.state === 'read' && stored.rules.map(({ ID: id }) => id)).toEqual([
      'kuanary-incoming',
      'kuanary-probe',
      'kuanary-commits',
    ]);
  });

  it('comes to the same when it is run again where that rule is refused', async () => {
    const { client, calls } = await startStore([], ({ method, body }) =>
      method === 'PUT' && body.includes('AbortIncompleteMultipartUpload') ? refuse(400, 'MalformedXML') : null,
    );
    await makeAndSetUp(client);
    calls.splice(0);
    const { lifecycle } = await setUpBucket({ client, bucket }, { origins });
    expect(lifecycle).toMatchObject({ state: 'partial', leftOut: 'kuanary-multipart', warnings: { length: 1 } });
    expect(calls.filter((call) => call.method === 'PUT' && isRules(call, 'lifecycle'))).toHaveLength(1);
  });

  it('changes nothing when the stored rules hold what a write would lose', async () => {
    const xml =
      '<LifecycleConfiguration><Rule><ID>zone</ID><Status>Enabled</Status><Filter><Prefix>x/</Prefix><ArchiveZone/></Filter><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>';
    const { client, calls } = await startStore([], (call) =>
      call.method === 'GET' && isRules(call, 'lifecycle') ? { status: 200, body: xml } : null,
    );
    const { lifecycle } = await makeAndSetUp(client);
    expect(explainOutcome('lifecycle', lifecycle, origins)).toContain('<ArchiveZone>');
    expect(calls.filter((call) => call.method === 'PUT' && isRules(call, 'lifecycle'))).toEqual([]);
  });

  it('warns of an older rule of ours that has lost its ID, once the origins have changed', async () => {
    let stored = '';
    const { client } = await startStore([], (call) => {
      if (!isRules(call, 'cors')) return null;
      if (call.method === 'PUT') stored = call.body.replaceAll(/<ID>[^<]*<\/ID>/g, '');
      if (call.method === 'GET' && stored === '') return refuse(404, 'NoSuchCORSConfiguration');
      return { status: 200, body: call.method === 'GET' ? stored : '' };
    });
    expect((await makeAndSetUp(client)).cors).toMatchObject({ state: 'changed', warnings: [] });
    expect((await makeAndSetUp(client)).cors).toMatchObject({ state: 'unchanged', warnings: [] });
    const { cors } = await setUpBucket({ client, bucket }, { origins: ['https://shop.example.com'] });
    expect(cors.state).toBe('changed');
    expect(cors.warnings).toEqual([
      expect.stringContaining(
        'A CORS rule without an ID, for https://cms.example.com, looks like an older one of ours',
      ),
    ]);
  });

  it('notices a server that takes the rules and does not keep them', { timeout: 15_000 }, async () => {
    const { client } = await startStore([], (call) =>
      call.method === 'PUT' && isRules(call, 'cors') ? { status: 200, body: '' } : null,
    );
    const { cors } = await makeAndSetUp(client);
    expect(explainOutcome('CORS', cors, origins)).toContain('gives other ones back');
  });

  it('throws what the storage says when the credentials are wrong', async () => {
    const { client } = await startStore([], (call) =>
      isRules(call, 'cors') ? refuse(403, 'SignatureDoesNotMatch') : null,
    );
    await expect(readCorsRules(client, bucket)).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
  });
});

describe('prepareBucket', () => {
  it('is content where only the rule on multipart uploads is refused', async () => {
    const { endpoint, client } = await startStore([], ({ method, body }) =>
      method === 'PUT' && body.includes('AbortIncompleteMultipartUpload') ? refuse(400, 'MalformedXML') : null,
    );
    await prepareBucket({ ...identity, endpoint, bucket }, origins);
    expect(await readLifecycleRules(client, bucket)).toMatchObject({ state: 'read', rules: { length: 3 } });
  });

  it('throws the refusal of the storage after doing what it could', async () => {
    const { endpoint, client } = await startStore(['cors-unsupported']);
    await expect(prepareBucket({ ...identity, endpoint, bucket }, origins)).rejects.toMatchObject({
      name: 'NotImplemented',
    });
    expect(await readLifecycleRules(client, bucket)).toMatchObject({ state: 'read', rules: { length: 4 } });
  });
});
