import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { CompleteAnswer, ErrorAnswer, SignUploadAnswer } from '@kuanary/shared/contract';
import { pino } from 'pino';
import { prepareBucket } from '../../src/bucket-setup/prepare-bucket.ts';
import { loadConfig } from '../../src/config.ts';
import { startServer } from '../../src/main.ts';
import { createS3Storage, type S3Storage } from '../../src/storage/s3-storage.ts';
import { type RecordingProxy, startRecordingProxy } from './recording-proxy.ts';
import { startTestStore } from './start-test-store.ts';
import { createTestBucket } from './test-bucket.ts';

export const testSecrets = {
  apiKey: 'cms:test-only-key-test-only-key-test-only-key',
  s3SecretKey: 'test-only-s3-secret-key-0123456789abcdef',
  ticketSecret: 'test-only-ticket-secret-0123456789abcdef',
  imgproxyKey: '11'.repeat(32),
  imgproxySalt: '22'.repeat(32),
};

export interface RunningApp {
  url: string;
  bucket: string;
  /** Sits between the API and the store: records every storage call, and breaks them on demand. */
  proxy: RecordingProxy;
  /** A view of the bucket past the proxy. */
  storage: S3Storage;
  /** Every line the server has logged. */
  logLines: string[];
  spoolFolder: string;
  restart(environment: Record<string, string>): Promise<void>;
  stopServer(): Promise<void>;
  stop(): Promise<void>;
}

/** The real API over a real listening server, on the embedded store, with nothing shared between two of them. */
export async function startApp(environment: Record<string, string> = {}): Promise<RunningApp> {
  const folder = await mkdtemp(join(tmpdir(), 'kuanary-test-'));
  const store = await startTestStore(join(folder, 'store'), testSecrets.s3SecretKey);
  const { bucket, remove } = await createTestBucket(store);
  await prepareBucket({ ...store, bucket }, ['*']);
  const proxy = await startRecordingProxy(store.endpoint);
  const storage = createS3Storage({ ...store, publicEndpoint: store.endpoint, bucket, forcePathStyle: true });
  const logLines: string[] = [];
  const log = pino(
    { level: 'info' },
    new Writable({
      write(chunk, _encoding, done) {
        logLines.push(String(chunk));
        done();
      },
    }),
  );

  const start = (overrides: Record<string, string>) =>
    startServer(
      loadConfig({
        HOST: '127.0.0.1',
        PORT: '0',
        S3_ENDPOINT: proxy.url,
        S3_PUBLIC_ENDPOINT: store.endpoint,
        S3_REGION: store.region,
        S3_BUCKET: bucket,
        S3_ACCESS_KEY: store.accessKey,
        S3_SECRET_KEY: store.secretKey,
        // A port that fetch refuses by itself: nothing leaves the machine when readiness asks for imgproxy.
        IMGPROXY_URL: 'http://127.0.0.1:1',
        IMGPROXY_KEY: testSecrets.imgproxyKey,
        IMGPROXY_SALT: testSecrets.imgproxySalt,
        API_KEYS: testSecrets.apiKey,
        TICKET_SECRET: testSecrets.ticketSecret,
        PRESETS_FILE: join(folder, 'presets.json'),
        UPLOAD_TMP_DIR: folder,
        SWEEP_INTERVAL_SECONDS: '0',
        SHUTDOWN_GRACE_SECONDS: '5',
        ...environment,
        ...overrides,
      }),
      log,
    );
  let server = await start({});
  await (await fetch(`${server.url}/readyz`)).text(); // after which the storage has been probed
  let running = true;

  async function stopServer(): Promise<void> {
    if (running) await server.stop();
    running = false;
  }

  const app: RunningApp = {
    url: server.url,
    bucket,
    proxy,
    storage,
    logLines,
    spoolFolder: folder,
    stopServer,
    restart: async (overrides) => {
      await stopServer();
      server = await start(overrides);
      running = true;
      app.url = server.url;
      await (await fetch(`${server.url}/readyz`)).text();
    },
    stop: async () => {
      await stopServer();
      storage.close();
      await remove();
      await proxy.close();
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return app;
}

const withKey = { Authorization: `Bearer ${testSecrets.apiKey}` };

/** `fetch` of one API call, with an API key and JSON where there is a body. */
export function call(
  app: RunningApp,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${app.url}${path}`, {
    method,
    redirect: 'manual',
    headers: { ...withKey, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** The answer of a call that is expected to fail, with its status. */
export async function errorOf(response: Response): Promise<{ status: number } & ErrorAnswer> {
  return { status: response.status, ...((await response.json()) as ErrorAnswer) };
}

export async function sign(
  app: RunningApp,
  picture: Uint8Array,
  contentType = 'image/jpeg',
  filename?: string,
): Promise<SignUploadAnswer> {
  const request = { contentType, size: picture.length, ...(filename === undefined ? {} : { filename }) };
  const response = await call(app, 'POST', '/sign-upload', request);
  if (response.status !== 201) throw new Error(`sign-upload answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as SignUploadAnswer;
}

/** Posts a file with a policy as a browser does. */
export function post(
  signed: SignUploadAnswer,
  picture: Uint8Array,
  fields: Record<string, string> = signed.fields,
): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', new Blob([picture as Uint8Array<ArrayBuffer>]), 'picture');
  return fetch(signed.url, { method: 'POST', body: form });
}

export function complete(app: RunningApp, ticket: string, presets?: string[]): Promise<Response> {
  return call(app, 'POST', '/complete', { ticket, ...(presets === undefined ? {} : { presets }) });
}

/** Sign, post, complete: an image in the bucket. */
export async function uploadImage(
  app: RunningApp,
  picture: Uint8Array,
  contentType = 'image/jpeg',
): Promise<CompleteAnswer & { ticket: string; uploadId: string }> {
  const signed = await sign(app, picture, contentType);
  const stored = await post(signed, picture);
  if (stored.status !== 201) throw new Error(`the store answered ${stored.status}: ${await stored.text()}`);
  const response = await complete(app, signed.ticket);
  if (response.status !== 200) throw new Error(`complete answered ${response.status}: ${await response.text()}`);
  return { ...((await response.json()) as CompleteAnswer), ticket: signed.ticket, uploadId: signed.uploadId };
}

/** All keys in the bucket, in order. */
export async function keysIn(app: RunningApp, prefix = ''): Promise<string[]> {
  const page = await app.storage.list({ prefix, limit: 1000 });
  return page.objects.map(({ key }) => key);
}
