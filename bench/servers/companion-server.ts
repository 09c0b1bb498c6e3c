import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { requirePeer } from '../peer-packages.ts';
import { announceUrl } from './announce-url.ts';

interface CompanionOptions {
  secret: string;
  filePath: string;
  server: { host: string; protocol: string };
  corsOrigins: boolean;
  uploadUrls: string[];
  s3: { key: string; secret: string; bucket: string; region: string; endpoint: string; forcePathStyle: boolean };
}

/**
 * Uppy Companion as it is shipped to be run, its standalone server, with S3 and nothing else; as on Kuanary's side with its
 * request log and headers.
 */
const standalone = requirePeer<{ default(options: CompanionOptions): { app: RequestListener } }>(
  '@uppy/companion/standalone',
);
const setting = (name: string): string => process.env[name] ?? '';
const { app } = standalone.default({
  secret: setting('S3_SECRET_KEY'),
  filePath: setting('BENCH_FOLDER'),
  server: { host: '127.0.0.1', protocol: 'http' },
  corsOrigins: true,
  uploadUrls: [setting('S3_ENDPOINT')],
  s3: {
    key: setting('S3_ACCESS_KEY'),
    secret: setting('S3_SECRET_KEY'),
    bucket: setting('S3_BUCKET'),
    region: setting('S3_REGION'),
    endpoint: setting('S3_ENDPOINT'),
    forcePathStyle: true,
  },
});

const server = createServer(app).listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  announceUrl(`http://127.0.0.1:${port}`);
});
