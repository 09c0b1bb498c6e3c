import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseKeyPairs } from '@kuanary/shared/imgproxy-url';
import { startImgproxyStandIn } from '../../src/embedded/imgproxy/imgproxy-server.ts';
import { startTestStore } from '../support/start-test-store.ts';
import { createTestBucket } from '../support/test-bucket.ts';
import { givenImgproxy, givenImgproxyUrl, onlyPair } from './given-imgproxy.ts';
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

describeImgproxy('the stand-in', makeStandIn);
const url = givenImgproxyUrl;
if (url !== undefined) describeImgproxy('the real one', async () => givenImgproxy(url));
