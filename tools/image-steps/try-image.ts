import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { tinyPng } from '../../server/test/commit-protocol/tiny-png.ts';
import { startTestStore } from '../../server/test/support/start-test-store.ts';
import { createTestBucket } from '../../server/test/support/test-bucket.ts';
import type { FinishedStage } from './carry-out-stage.ts';
import type { Stage } from './parse-dockerfile.ts';

const apiKey = 'cms:image-steps-image-steps-image-steps-key';
const healthyWithinMs = 15_000;
const askEveryMs = 100;

export interface Trial {
  /** Milliseconds from the start of the process to the first good health check. */
  healthyAfterMs: number;
}

/**
 * Starts the finished stage as a container would, as the image's user where this process may change users, beside an
 * embedded store: health check, readiness, a signed upload, a legacy upload, SIGTERM. @throws Error at the first surprise.
 */
export async function tryImage(
  stage: Stage,
  finished: FinishedStage,
  options: { nodeFolder: string; folder: string; log: (line: string) => void },
): Promise<Trial> {
  const { folder, log } = options;
  const store = await startTestStore(join(folder, 'store'), 'image-steps-image-steps-image-steps');
  const bucket = await createTestBucket(store);
  try {
    const port = await findFreePort();
    const spool = join(folder, 'spool');
    mkdirSync(spool);
    chmodSync(spool, 0o777); // mkdir's mode is cut by the umask
    const environment = {
      PATH: [options.nodeFolder, process.env['PATH'] ?? ''].join(delimiter),
      ...finished.environment,
      PORT: String(port),
      HOST: '127.0.0.1',
      S3_ENDPOINT: store.endpoint,
      S3_REGION: store.region,
      S3_BUCKET: bucket.bucket,
      S3_ACCESS_KEY: store.accessKey,
      S3_SECRET_KEY: store.secretKey,
      IMGPROXY_URL: 'http://127.0.0.1:1',
      IMGPROXY_KEY: '11'.repeat(32),
      IMGPROXY_SALT: '22'.repeat(32),
      API_KEYS: apiKey,
      UPLOAD_TMP_DIR: spool,
    };
    return await tryContainer(stage, finished, environment, log);
  } finally {
    await bucket.remove();
    await store.close();
  }
}

async function tryContainer(
  stage: Stage,
  finished: FinishedStage,
  environment: Record<string, string> & { PORT: string },
  log: (line: string) => void,
): Promise<Trial> {
  const container = { cwd: join(finished.root, finished.workdir), env: environment, ...userOf(stage) };
  const version = spawnSync('node', ['--version'], { ...container, encoding: 'utf8' }).stdout.trim();
  const startedAtMs = performance.now();
  const [program, ...args] = [...(stage.entrypoint ?? []), ...(stage.command ?? [])];
  const child = spawn(program ?? '', args, { ...container, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += String(chunk);
  });
  try {
    const isHealthy = (): boolean => {
      const [check, ...checkArgs] = stage.healthcheck ?? [];
      return spawnSync(check ?? '', checkArgs, container).status === 0;
    };
    while (!isHealthy()) {
      if (performance.now() - startedAtMs > healthyWithinMs || child.exitCode !== null) {
        throw new Error(`the health check did not pass within ${healthyWithinMs / 1000} s:\n${output}`);
      }
      await wait(askEveryMs);
    }
    const healthyAfterMs = Math.round(performance.now() - startedAtMs);
    log(`  Node ${version}: healthy after ${healthyAfterMs} ms, as user ${container.uid ?? 'of this process'}`);
    await useServer(`http://127.0.0.1:${environment.PORT}`, finished);
    log('  ready; presets, a signed upload and a legacy upload work');
    child.kill('SIGTERM');
    const [code, signal] = await exited;
    if (code !== 0) throw new Error(`SIGTERM ended it with ${code ?? signal} instead of 0:\n${output}`);
    log('  SIGTERM: exit 0');
    if (isHealthy()) throw new Error('the health check passes without a server');
    return { healthyAfterMs };
  } finally {
    child.kill('SIGKILL');
  }
}

async function useServer(url: string, { root, workdir }: FinishedStage): Promise<void> {
  const picture = new Blob([new Uint8Array(tinyPng(3, 2, 1))]);
  const ready = await fetch(`${url}/readyz`);
  if (!ready.ok) throw new Error(`/readyz answered ${ready.status}: ${await ready.text()}`);
  const presets = JSON.stringify(await (await fetch(`${url}/presets`)).json());
  const shipped = JSON.stringify(JSON.parse(readFileSync(join(root, workdir, 'presets.default.json'), 'utf8')));
  if (presets !== shipped) throw new Error('/presets does not answer the shipped presets');

  const signed = (await callWithKey(`${url}/sign-upload`, 201, {
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ contentType: 'image/png', size: picture.size }),
  })) as { url: string; fields: Record<string, string>; ticket: string };
  const policyForm = new FormData();
  for (const [name, value] of Object.entries(signed.fields)) policyForm.append(name, value);
  policyForm.append('file', picture, 'a.png');
  const stored = await fetch(signed.url, { method: 'POST', body: policyForm });
  if (stored.status !== 201) throw new Error(`the bucket answered ${stored.status}`);
  await callWithKey(`${url}/complete`, 200, {
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ ticket: signed.ticket }),
  });

  const form = new FormData();
  form.append('file', picture, 'a.png');
  await callWithKey(`${url}/upload`, 200, { body: form });
}

async function callWithKey(
  url: string,
  status: number,
  request: { body: string | FormData; headers?: Record<string, string> },
): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...request.headers, Authorization: `Bearer ${apiKey}` },
    body: request.body,
  });
  const text = await response.text();
  if (response.status !== status) throw new Error(`${url} answered ${response.status} instead of ${status}: ${text}`);
  return JSON.parse(text);
}

/** The image's numeric user, which only root can become. */
function userOf(stage: Stage): { uid?: number; gid?: number } {
  const [, uid, gid] = /^(\d+):(\d+)$/.exec(stage.user ?? '') ?? [];
  if (uid === undefined || gid === undefined) throw new Error('the image names no numeric user and group');
  return process.getuid?.() === 0 ? { uid: Number(uid), gid: Number(gid) } : {};
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
