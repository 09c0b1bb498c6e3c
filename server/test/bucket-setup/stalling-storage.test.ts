import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CORSRule, LifecycleRule, S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { type CallLimits, maxBucketAnswerBytes } from '../../src/bucket-setup/bucket-call.ts';
import { createBucket } from '../../src/bucket-setup/create-bucket.ts';
import { readCorsRules, readLifecycleRules } from '../../src/bucket-setup/read-bucket-rules.ts';
import { explainOutcome, setUpBucket } from '../../src/bucket-setup/set-up-bucket.ts';
import { wantedCorsRule } from '../../src/bucket-setup/wanted-cors.ts';
import { wantedLifecycleRules } from '../../src/bucket-setup/wanted-lifecycle.ts';
import { writeCorsRules, writeLifecycleRules } from '../../src/bucket-setup/write-bucket-rules.ts';
import { createS3Clients } from '../../src/storage/s3-clients.ts';
import { DeadlineError, UnexpectedAnswerError } from '../../src/storage/s3-errors.ts';

const bucket = 'pictures';
const origins = ['https://cms.example.com'];
const cors: CORSRule[] = [wantedCorsRule(origins)].filter((rule) => rule !== null);
const lifecycle: LifecycleRule[] = wantedLifecycleRules();
const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

async function startStorage(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<S3Client> {
  const server = createServer((request, response) => {
    request.resume();
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const identity = { region: 'local', accessKey: 'TESTKEY', secretKey: 'test-only-s3-secret-key-0123456789abcdef' };
  const clients = createS3Clients({ ...identity, endpoint, publicEndpoint: endpoint, bucket, forcePathStyle: true });
  endings.push(() => {
    clients.destroy();
    server.closeAllConnections();
    server.close();
  });
  return clients.retrying;
}

function sendHalf(response: ServerResponse, status = 200): void {
  response.writeHead(status, { 'Content-Type': 'application/xml', 'Content-Length': '1000' });
  response.write('<?xml version="1.0"?><CORSConfiguration><CORSRule>');
}

type Call = (client: S3Client, limits: CallLimits) => Promise<unknown>;
const calls: [name: string, call: Call][] = [
  ['reading CORS rules', (client, limits) => readCorsRules(client, bucket, limits)],
  ['reading lifecycle rules', (client, limits) => readLifecycleRules(client, bucket, limits)],
  ['writing CORS rules', (client, limits) => writeCorsRules(client, bucket, cors, limits)],
  ['removing CORS rules', (client, limits) => writeCorsRules(client, bucket, [], limits)],
  ['writing lifecycle rules', (client, limits) => writeLifecycleRules(client, bucket, lifecycle, undefined, limits)],
  ['removing lifecycle rules', (client, limits) => writeLifecycleRules(client, bucket, [], undefined, limits)],
  ['creating the bucket', (client, limits) => createBucket(client, bucket, limits)],
];

describe('storage that stops within an answer', () => {
  it.each(calls)('does not hold up %s beyond the time limit, nor does a refusal', async (_name, call) => {
    const succeeding = await startStorage((_request, response) => sendHalf(response));
    await expect(call(succeeding, { timeoutMs: 100 })).rejects.toThrow(new DeadlineError(100));
    const refusing = await startStorage((_request, response) => sendHalf(response, 403));
    await expect(call(refusing, { timeoutMs: 100 })).rejects.toThrow(new DeadlineError(100));
  });

  it('is left when the caller gives up', async () => {
    const stop = new AbortController();
    const client = await startStorage((_request, response) => {
      sendHalf(response);
      stop.abort(new Error('the owner has pressed Ctrl-C'));
    });
    await expect(readCorsRules(client, bucket, { signal: stop.signal })).rejects.toThrow('Ctrl-C');
    await expect(readLifecycleRules(client, bucket, { signal: stop.signal })).rejects.toThrow('Ctrl-C');
  });

  it('leaves open whether it took the rules', async () => {
    const client = await startStorage((request, response) => {
      const code = request.url?.includes('cors') ? 'NoSuchCORSConfiguration' : 'NoSuchLifecycleConfiguration';
      if (request.method === 'PUT') sendHalf(response);
      else response.writeHead(404).end(`<Error><Code>${code}</Code></Error>`);
    });
    const { cors: outcome } = await setUpBucket({ client, bucket, limits: { timeoutMs: 100 } }, { origins });
    expect(explainOutcome('CORS', outcome, origins)).toBe(
      'Whether the storage took the rules is not known: no complete answer within 100 ms. Run the command again.',
    );
  });
});

describe('storage that answers without end', () => {
  it.each(calls)('is left while %s', async (_name, call) => {
    let sentBytes = 0;
    const client = await startStorage((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/xml' });
      const piece = '<ID>x</ID>'.repeat(6000);
      const send = (): void => {
        while (!response.destroyed && response.write(piece)) sentBytes += piece.length;
      };
      response.on('drain', send);
      send();
    });
    await expect(call(client, {})).rejects.toThrow(UnexpectedAnswerError);
    expect(sentBytes).toBeLessThan(maxBucketAnswerBytes * 20);
  });
});
