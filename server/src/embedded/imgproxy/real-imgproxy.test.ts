import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parseKeyPairs } from '@kuanary/shared/imgproxy-url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ImgproxyStandInOptions } from './imgproxy-server.ts';
import { findImgproxy, startRealImgproxy } from './real-imgproxy.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kuanary-real-imgproxy-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A program that keeps the environment it was given in a file, and answers /health as imgproxy does. */
async function installProgram(script: string): Promise<string> {
  await mkdir(join(folder, 'bin'));
  const program = join(folder, 'bin', 'imgproxy');
  await writeFile(program, `#!${process.execPath}\n${script}`, { mode: 0o755 });
  return program;
}

const healthy = (seenFile: string): string => `
  require('node:fs').writeFileSync(${JSON.stringify(seenFile)}, JSON.stringify(process.env));
  const [host, port] = process.env.IMGPROXY_BIND.split(':');
  require('node:http').createServer((request, response) => {
    response.writeHead(request.url === '/health' ? 200 : 404).end();
  }).listen(Number(port), host);`;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function optionsFor(port: number): ImgproxyStandInOptions {
  return {
    host: '127.0.0.1',
    port,
    keyPairs: parseKeyPairs('aa11,bb22', 'cc33,dd44'),
    signatureSize: 24,
    s3: {
      endpoint: 'http://127.0.0.1:9',
      region: 'fsn1',
      bucket: 'pictures',
      accessKey: 'reader',
      secretKey: 'secret-of-the-reader',
      forcePathStyle: true,
    },
  };
}

describe('findImgproxy', () => {
  it('finds the program in the folders of a PATH, in their order', async () => {
    const program = await installProgram('');
    expect(await findImgproxy(['/nowhere', '', join(folder, 'bin')].join(delimiter))).toBe(program);
  });

  it('passes by what cannot be run', async () => {
    await writeFile(join(folder, 'imgproxy'), 'a text', { mode: 0o644 });
    expect(await findImgproxy(folder)).toBeNull();
    expect(await findImgproxy(undefined)).toBeNull();
  });
});

describe('startRealImgproxy', () => {
  it('requires signatures, and lets it read root objects of one bucket only', async () => {
    const seenFile = join(folder, 'seen.json');
    const program = await installProgram(healthy(seenFile));
    const port = await freePort();
    const imgproxy = await startRealImgproxy(program, optionsFor(port));
    await imgproxy.close();
    expect(imgproxy.url).toBe(`http://127.0.0.1:${port}`);
    expect(JSON.parse(await readFile(seenFile, 'utf8'))).toMatchObject({
      IMGPROXY_BIND: `127.0.0.1:${port}`,
      IMGPROXY_KEY: 'aa11,bb22',
      IMGPROXY_SALT: 'cc33,dd44',
      IMGPROXY_SIGNATURE_SIZE: '24',
      IMGPROXY_USE_S3: 'true',
      IMGPROXY_S3_ENDPOINT: 'http://127.0.0.1:9',
      IMGPROXY_S3_REGION: 'fsn1',
      IMGPROXY_S3_ENDPOINT_USE_PATH_STYLE: 'true',
      IMGPROXY_ALLOWED_SOURCES: 's3://pictures/*.',
      AWS_ACCESS_KEY_ID: 'reader',
      AWS_SECRET_ACCESS_KEY: 'secret-of-the-reader',
    });
  });

  it('says so when the program ends instead of starting', async () => {
    const program = await installProgram('process.exit(3);');
    await expect(startRealImgproxy(program, optionsFor(await freePort()))).rejects.toThrow(/did not start/);
  });

  it('rejects with EADDRINUSE for a port that is taken', async () => {
    const program = await installProgram(healthy(join(folder, 'seen.json')));
    const occupant = createServer();
    await new Promise<void>((resolve) => occupant.listen(0, '127.0.0.1', resolve));
    const address = occupant.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(startRealImgproxy(program, optionsFor(port))).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await new Promise((resolve) => occupant.close(resolve));
  });
});
