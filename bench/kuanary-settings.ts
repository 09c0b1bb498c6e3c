import { randomBytes } from 'node:crypto';
import type { S3Settings } from '../server/src/storage/s3-clients.ts';

const storageIdentity = {
  S3_REGION: 'local',
  S3_BUCKET: 'pictures',
  S3_ACCESS_KEY: randomBytes(10).toString('hex'),
  S3_SECRET_KEY: randomBytes(32).toString('hex'),
};
const apiKey = `bench:${randomBytes(24).toString('hex')}`;

/** What the object store must be told. The secrets last as long as the benchmark. */
export function buildStoreSettings(folder: string): Record<string, string> {
  return { ...storageIdentity, BENCH_FOLDER: folder };
}

/** Settings as an owner would have them; everything else is as it comes. */
export function buildKuanarySettings(storeUrl: string, folder: string): Record<string, string> {
  return {
    ...storageIdentity,
    S3_ENDPOINT: storeUrl,
    IMGPROXY_URL: 'https://img.example.com',
    IMGPROXY_KEY: randomBytes(32).toString('hex'),
    IMGPROXY_SALT: randomBytes(32).toString('hex'),
    API_KEYS: apiKey,
    UPLOAD_TMP_DIR: folder,
  };
}

/** The same storage for programs that take no settings from the environment. */
export function readStorageSettings(environment: Record<string, string | undefined>): S3Settings {
  const setting = (name: string): string => environment[name] ?? '';
  return {
    endpoint: setting('S3_ENDPOINT'),
    publicEndpoint: setting('S3_ENDPOINT'),
    region: setting('S3_REGION'),
    bucket: setting('S3_BUCKET'),
    accessKey: setting('S3_ACCESS_KEY'),
    secretKey: setting('S3_SECRET_KEY'),
    forcePathStyle: true,
  };
}
