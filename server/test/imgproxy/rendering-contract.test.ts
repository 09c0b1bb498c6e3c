import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { type KeyPair, parseKeyPairs } from '@kuanary/shared/imgproxy-url';
import { startImgproxyStandIn } from '../../src/embedded/imgproxy/imgproxy-server.ts';
import { startTestStore } from '../support/start-test-store.ts';
import { createTestBucket } from '../support/test-bucket.ts';
import { describeImgproxy, type ImgproxyUnderTest } from './rendering-contract.ts';

/** Renders from the embedded store, or from the storage that the environment names. */
async function makeStandIn(): Promise<ImgproxyUnderTest> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'kuanary-imgproxy-'));
  const { close: closeStore, ...address } = await startTestStore(dataFolder, 'secret-of-the-rendering-suite');
  const { bucket, client, remove } = await createTestBucket(address);
  const keyPairs = parseKeyPairs(randomBytes(32).toString('hex'), randomBytes(32).toString('hex'));
  const imgproxy = await startImgproxyStandIn({
    host: '127.0.0.1',
    port: 0,
    keyPairs,
    signatureSize: 32,
    s3: { ...address, bucket, forcePathStyle: true },
  });
  return {
    url: imgproxy.url,
    keyPair: onlyPair(keyPairs),
    client,
    bucket,
    async remove() {
      await imgproxy.close();
      await remove();
      await closeStore();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

function onlyPair([pair]: KeyPair[]): KeyPair {
  if (pair === undefined) throw new Error('no key pair');
  return pair;
}

const environment = process.env;
const realUrl = environment['KUANARY_TEST_IMGPROXY_URL'];

/** The real one runs with `IMGPROXY_ALLOWED_SOURCES=s3://<bucket>/*.`; the suite leaves nothing in its bucket. */
async function makeReal(url: string): Promise<ImgproxyUnderTest> {
  const setting = (name: string): string => {
    const value = environment[`KUANARY_TEST_${name}`];
    if (!value) throw new Error(`KUANARY_TEST_IMGPROXY_URL is set, so KUANARY_TEST_${name} must be set too`);
    return value;
  };
  const keyPair = onlyPair(parseKeyPairs(setting('IMGPROXY_KEY'), setting('IMGPROXY_SALT')));
  const client = new S3Client({
    endpoint: setting('S3_ENDPOINT'),
    region: setting('S3_REGION'),
    credentials: { accessKeyId: setting('S3_ACCESS_KEY'), secretAccessKey: setting('S3_SECRET_KEY') },
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  return { url, keyPair, client, bucket: setting('S3_BUCKET'), remove: async () => client.destroy() };
}

describeImgproxy('the stand-in', makeStandIn);
if (realUrl !== undefined) describeImgproxy('the real one', () => makeReal(realUrl));
