import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { performance } from 'node:perf_hooks';
import { createImgproxySigner } from '@kuanary/shared/imgproxy-url';
import { PresetsError } from '@kuanary/shared/presets';
import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import { createApiKeys } from './access/api-keys.ts';
import { createAccess } from './access/authorise.ts';
import { createTickets } from './access/ticket.ts';
import { createApp } from './app.ts';
import { type Config, ConfigError } from './config.ts';
import { prepareDrain } from './drain-server.ts';
import { createPresetStore } from './images/preset-store.ts';
import { createPresetUrls } from './images/preset-urls.ts';
import { createReadiness } from './readiness.ts';
import { createConditionalPutProbe } from './storage/conditional-put-probe.ts';
import { createS3Storage } from './storage/s3-storage.ts';
import { createCommitRecords } from './uploads/commit-record.ts';
import { createUploadCommitter } from './uploads/commit-upload.ts';
import { createImageDeleter } from './uploads/delete-image.ts';
import { formOverheadBytes } from './uploads/form-parser.ts';
import { createUploadPolicy } from './uploads/post-policy.ts';
import { createUploadSpool } from './uploads/receive-form-upload.ts';
import { scheduleSweeps } from './uploads/schedule-sweeps.ts';

const slowAfterSeconds = 30;
const headersTimeoutMs = 10_000;
const keepAliveTimeoutMs = 65_000;
const connectionsCheckingIntervalMs = 5_000;
const imgproxyProbeTimeoutMs = 2_000;

export interface RunningServer {
  url: string;
  port: number;
  /** Finishes what was accepted, within the grace period, and lets go of everything. */
  stop(): Promise<void>;
}

/** Builds everything from a configuration and listens. The only place that knows all parts. */
export async function startServer(config: Config, log: Logger, demoPages?: RequestHandler): Promise<RunningServer> {
  const monotonicMs = (): number => performance.now();
  const { bucket } = config.storage;

  const storage = createS3Storage(config.storage);
  const presets = await createPresetStore({ file: config.presets.file, edition: config.imgproxy.edition, log }).catch(
    (error: unknown) => {
      throw error instanceof PresetsError ? new ConfigError(error.problems) : error;
    },
  );
  const { defaultPreset } = config.presets;
  if (defaultPreset !== undefined && !presets.current().compiled.has(defaultPreset)) {
    log.warn(
      `DEFAULT_PRESET names no preset; \`url\` is that of another one. There are: ${presets.current().names.join(', ')}`,
    );
  }
  const spool = await createUploadSpool({
    folder: config.uploads.tmpDir,
    maxTotalBytes: config.uploads.tmpMaxBytes,
    maxFileBytes: config.uploads.maxBytes,
    minBytesPerSecond: config.uploads.minBytesPerSecond,
    slowAfterSeconds,
    onUnusable: (err) => {
      if (config.access.legacyUpload === 'off') return;
      log.warn({ err }, 'UPLOAD_TMP_DIR cannot be written: until it can, /upload answers 503; everything else works');
    },
  });
  const presetUrls = createPresetUrls({
    presets,
    signer: createImgproxySigner({
      baseUrl: config.imgproxy.url,
      pairs: config.imgproxy.keyPairs,
      signatureSize: config.imgproxy.signatureSize,
    }),
    bucket,
    publicUrl: config.http.publicUrl,
    defaultPreset,
  });
  const { singleInstance } = config.uploads;
  const records = createCommitRecords(storage, singleInstance ? 'process-lock' : 'conditional-put');
  const probe = singleInstance ? { assertSafe: async () => {} } : createConditionalPutProbe(storage, monotonicMs);
  const limits = config.uploads;
  const startedAtMs = Date.now() - performance.now();
  const committer = createUploadCommitter({
    storage,
    records,
    limits,
    promote: config.uploads.promote,
    // The monotonic clock stands still while the whole machine is suspended; the wall clock then tells.
    monotonicMs: () => Math.max(performance.now(), Date.now() - startedAtMs),
    onCopyUnsupported: () => log.warn('the storage cannot copy; this object was streamed through the API instead'),
  });
  const readiness = createReadiness({
    bucketReachable: () => storage.bucketReachable(),
    probe,
    presets,
    askUnsignedImgproxy: () => askUnsigned(config.imgproxy.url, bucket),
    monotonicMs,
  });
  const app = createApp({
    config,
    access: createAccess({
      ...config.access,
      apiKeys: createApiKeys(config.access.apiKeys),
      maxBytes: config.uploads.maxBytes,
    }),
    tickets: createTickets(config.access.ticketSecrets, bucket, () => new Date()),
    signPolicy: (upload) => createUploadPolicy(storage.signingClient, { bucket, ...upload }),
    storage,
    records,
    limits,
    probe,
    committer,
    deleter: createImageDeleter(storage, records),
    spool,
    presets,
    presetUrls,
    readiness,
    log,
    monotonicMs,
    ...(demoPages === undefined ? {} : { demoPages }),
  });
  const sweeps = scheduleSweeps({ storage, records, probe, log, intervalSeconds: config.uploads.sweepIntervalSeconds });
  const server = createHttpServer(app, config.uploads);
  const drain = prepareDrain(server);
  try {
    await listen(server, config.http.port, config.http.host);
  } catch (error) {
    await letGo();
    throw error;
  }
  // Not awaited: a storage that is down must not keep the reads from working. Its answer shows in /readyz.
  probe.assertSafe().catch((error: unknown) => log.warn({ err: error }, 'the storage has not been proven safe yet'));

  async function stop(): Promise<void> {
    readiness.startDraining();
    await drain(config.http.shutdownGraceSeconds * 1000);
    await letGo();
  }

  async function letGo(): Promise<void> {
    await sweeps.stop();
    await committer.settled();
    presets.close();
    await spool.close();
    storage.close();
  }

  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${config.http.host.includes(':') ? `[${config.http.host}]` : config.http.host}:${port}`,
    port,
    stop,
  };
}

function createHttpServer(
  app: (request: IncomingMessage, response: ServerResponse) => void,
  uploads: { maxBytes: number; minBytesPerSecond: number },
): Server {
  const server = createServer(
    {
      headersTimeout: headersTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: connectionsCheckingIntervalMs,
      // The slowest upload that is still welcome must fit in; 0 (no lower bound on speed) means no limit here either.
      requestTimeout:
        uploads.minBytesPerSecond === 0
          ? 0
          : Math.ceil(uploads.maxBytes / uploads.minBytesPerSecond + slowAfterSeconds) * 1000,
    },
    app,
  );
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // A body that is too large is refused on its announced length, without asking the client to send it.
    const bytes = Number(request.headers['content-length'] ?? 0);
    if (bytes <= uploads.maxBytes + formOverheadBytes) response.writeContinue();
    app(request, response);
  });
  return server;
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: 4096 }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function askUnsigned(imgproxyUrl: string, bucket: string): Promise<{ status: number; text: string }> {
  const address = `${imgproxyUrl.replace(/\/+$/, '')}/unsigned/rs:fit:1:1/plain/s3://${bucket}/image-none.jpg`;
  const response = await fetch(address, { redirect: 'manual', signal: AbortSignal.timeout(imgproxyProbeTimeoutMs) });
  if (response.status === 404) return { status: response.status, text: await response.text() };
  await response.body?.cancel();
  return { status: response.status, text: '' };
}
