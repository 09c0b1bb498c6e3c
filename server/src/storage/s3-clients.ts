import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';

export interface S3Settings {
  /** Where the API reaches the storage. */
  endpoint: string;
  /** Where browsers reach it: policies and presigned URLs are made for this address. */
  publicEndpoint: string;
  region: string;
  bucket: string;
  accessKey: string;
  secretKey: string;
  forcePathStyle: boolean;
  /** Until the connection stands. Default 2 s. */
  connectTimeoutMs?: number;
  /** Of one attempt, until the answer's headers; a body adds the time that its size needs. Default 5 s. */
  requestTimeoutMs?: number;
  /** Of a whole copy, which is sent once. Default 30 s. */
  copyTimeoutMs?: number;
}

export interface S3Clients {
  /** Calls that may be repeated: up to `attemptsOfRetryingClient`, by the SDK's standard rules. */
  retrying: S3Client;
  /** Calls that are sent once. */
  once: S3Client;
  /** Signs for the public endpoint, never connects. */
  signing: S3Client;
  destroy(): void;
}

export const defaultConnectTimeoutMs = 2_000;
export const defaultRequestTimeoutMs = 5_000;
export const defaultCopyTimeoutMs = 30_000;
const attemptsOfRetryingClient = 3;
const socketsPerHost = 256;
/**
 * An idle connection is closed before the server does it (Node's default there is 5 s, others have more): a request that
 * crosses with the server's close is lost, and one that is sent once would fail.
 */
const idleConnectionTimeoutMs = 4_000;

/** The SDK writes warnings to the console unless it is given a logger. Failures reach the caller as errors anyway. */
const silentLogger = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

export function createS3Clients(settings: S3Settings): S3Clients {
  // Shared by both connecting clients, so that a copy uses a connection that a read has opened.
  const agentOptions = { keepAlive: true, maxSockets: socketsPerHost, timeout: idleConnectionTimeoutMs };
  const httpAgent = new HttpAgent(agentOptions);
  const httpsAgent = new HttpsAgent(agentOptions);

  const createClient = (endpoint: string, maxAttempts: number): S3Client =>
    new S3Client({
      endpoint,
      region: settings.region,
      credentials: { accessKeyId: settings.accessKey, secretAccessKey: settings.secretKey },
      forcePathStyle: settings.forcePathStyle,
      maxAttempts,
      retryMode: 'standard',
      // The defaults add checksums that many S3 servers refuse, as trailers of streams and in presigned URLs.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      logger: silentLogger,
      requestHandler: new NodeHttpHandler({
        connectionTimeout: settings.connectTimeoutMs ?? defaultConnectTimeoutMs,
        requestTimeout: settings.requestTimeoutMs ?? defaultRequestTimeoutMs,
        // Without it the SDK only logs that the time is over, and waits on.
        throwOnRequestTimeout: true,
        httpAgent,
        httpsAgent,
        logger: silentLogger,
      }),
    });

  const retrying = createClient(settings.endpoint, attemptsOfRetryingClient);
  const once = createClient(settings.endpoint, 1);
  const signing = createClient(settings.publicEndpoint, 1);
  shareClock(retrying, [once, signing]);

  return {
    retrying,
    once,
    signing,
    destroy() {
      for (const client of [retrying, once, signing]) client.destroy();
    },
  };
}

/**
 * A client learns from each answer how far this machine's clock is from the storage's. The followers sign by the same
 * correction: a client that sends once cannot mend a skew by trying again, and one that only signs sees no answers.
 */
function shareClock(learning: S3Client, followers: readonly S3Client[]): void {
  learning.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } finally {
        for (const follower of followers) follower.config.systemClockOffset = learning.config.systemClockOffset;
      }
    },
    { step: 'initialize', priority: 'high', name: 'shareClock' },
  );
}
