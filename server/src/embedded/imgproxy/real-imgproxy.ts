import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { ImgproxyStandInOptions, RunningImgproxy } from './imgproxy-server.ts';

const startTimeoutMs = 10_000;
const askEveryMs = 50;

/** The `imgproxy` program on the PATH, if there is one. */
export async function findImgproxy(path: string | undefined): Promise<string | null> {
  for (const folder of (path ?? '').split(delimiter)) {
    const program = join(folder, 'imgproxy');
    if (
      folder !== '' &&
      (await access(program, constants.X_OK).then(
        () => true,
        () => false,
      ))
    )
      return program;
  }
  return null;
}

/** Runs a real imgproxy with the settings of the stand-in: signatures required, root objects of one bucket only. */
export async function startRealImgproxy(program: string, options: ImgproxyStandInOptions): Promise<RunningImgproxy> {
  await assertPortFree(options.host, options.port);
  const { s3, keyPairs } = options;
  const child = spawn(program, [], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      IMGPROXY_BIND: `${options.host}:${options.port}`,
      IMGPROXY_KEY: keyPairs.map(({ key }) => Buffer.from(key).toString('hex')).join(','),
      IMGPROXY_SALT: keyPairs.map(({ salt }) => Buffer.from(salt).toString('hex')).join(','),
      IMGPROXY_SIGNATURE_SIZE: String(options.signatureSize),
      IMGPROXY_USE_S3: 'true',
      IMGPROXY_S3_ENDPOINT: s3.endpoint,
      IMGPROXY_S3_REGION: s3.region,
      IMGPROXY_S3_ENDPOINT_USE_PATH_STYLE: String(s3.forcePathStyle),
      IMGPROXY_ALLOWED_SOURCES: `s3://${s3.bucket}/*.`,
      AWS_ACCESS_KEY_ID: s3.accessKey,
      AWS_SECRET_ACCESS_KEY: s3.secretKey,
      IMGPROXY_LOG_LEVEL: 'warn',
    },
  });
  const exited = once(child, 'exit');
  exited.catch(() => undefined);
  const close = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited.catch(() => undefined);
  };
  const url = `http://${options.host}:${options.port}`;
  const deadline = AbortSignal.timeout(startTimeoutMs);
  while (!(await answersHealth(url))) {
    if (deadline.aborted || child.exitCode !== null) {
      await close();
      throw new Error(`${program} did not start; its own message is above`);
    }
    await wait(askEveryMs);
  }
  return { url, port: options.port, close };
}

/** Rejects with EADDRINUSE, as every other part does; imgproxy itself would only exit. */
async function assertPortFree(host: string, port: number): Promise<void> {
  const server = createServer().listen(port, host);
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}

async function answersHealth(url: string): Promise<boolean> {
  return fetch(`${url}/health`).then(
    (response) => response.ok,
    () => false,
  );
}
