import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { PutBucketCorsCommand } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedStore, startEmbeddedStore } from './embedded-store.ts';
import { addConditions, postForm } from './post-form.ts';
import { presign, sendSigned, signHeaders } from './sign-request.ts';
import { createSuiteBucket, type SuiteBucket } from './suite-bucket.ts';

const mebibyte = 1024 * 1024;

describe('clients that mean no good', () => {
  let store: EmbeddedStore;
  let suite: SuiteBucket;

  beforeAll(async () => {
    store = await startEmbeddedStore();
    suite = await createSuiteBucket(store);
  });
  afterAll(async () => {
    await suite.remove();
    await store.close();
  });

  const expectAlive = async (): Promise<void> => {
    const key = `alive/${randomUUID()}`;
    const put = await sendSigned(store, { method: 'PUT', path: `/${suite.bucket}/${key}`, body: 'alive' });
    const get = await sendSigned(store, { method: 'GET', path: `/${suite.bucket}/${key}` });
    expect([put.status, get.body.toString()]).toEqual([200, 'alive']);
  };
  const dataFiles = (): Promise<string[]> => readdir(join(store.dataFolder, 'buckets', suite.bucket, 'data'));

  /** Writes bytes to a socket and gives back what comes before it is closed. */
  const talk = async (bytes: string | Uint8Array): Promise<string> => {
    const socket = connect(Number(new URL(store.endpoint).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.end(bytes);
    await once(socket, 'close');
    return answer;
  };

  it('get an answer or a closed connection for any bytes, and the store lives', async () => {
    const line = fc.constantFrom('GET', 'PUT', 'POST', 'HEAD', 'OPTIONS', 'DELETE', 'PATCH', 'CONNECT', 'BREW');
    const path = fc.oneof(
      fc.constantFrom(
        '/',
        '//',
        '/%',
        '/a/%ff',
        '/..%2f..%2fetc/passwd',
        '*',
        'http://x/y',
        '/?uploads',
        '/b?delete',
        '/b/k?uploadId=%00',
        '/b/../../k',
      ),
      fc.string({ maxLength: 40 }).map((text) => `/${text.replace(/[^\x21-\x7e]/g, '')}`),
    );
    const header = fc.constantFrom(
      'authorization: AWS4-HMAC-SHA256 Credential=a/20260101/r/s3/aws4_request, SignedHeaders=host, Signature=00',
      'authorization: AWS4-HMAC-SHA256 Credential=,SignedHeaders=,Signature=',
      'content-type: multipart/form-data; boundary=b',
      'content-length: 10',
      'content-length: -1',
      'transfer-encoding: chunked',
      'expect: 100-continue',
      'origin: https://a.example',
      'range: bytes=0-',
      'x-amz-copy-source: /%ff/%ff',
      'x-amz-date: 99999999T999999Z',
      'host: \u00ff',
    );
    const body = fc.oneof(
      fc.constantFrom(
        '',
        '--b\r\n\r\n',
        '--b--',
        '--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n',
        'ff\r\n',
      ),
      fc.string({ maxLength: 200 }),
    );
    const request = fc
      .tuple(line, path, fc.array(header, { maxLength: 4 }), body)
      .map(
        ([method, target, headers, rest]) =>
          `${[`${method} ${target} HTTP/1.1`, 'host: x', 'connection: close', ...headers].join('\r\n')}\r\n\r\n${rest}`,
      );
    const anything = fc.oneof(
      { weight: 5, arbitrary: request },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
    );
    await fc.assert(
      fc.asyncProperty(anything, async (bytes) => {
        const answer = await talk(bytes);
        expect(answer).not.toContain('HTTP/1.1 500');
        if (answer !== '') expect(answer).toMatch(/^HTTP\/1\.1 \d{3} /);
      }),
      { numRuns: 300 },
    );
    await expectAlive();
  });

  it('get an S3 answer, never 500, for signed requests of any address', async () => {
    const name = fc.constantFrom(
      'uploads',
      'uploadId',
      'partNumber',
      'tagging',
      'cors',
      'lifecycle',
      'delete',
      'versions',
      'versionId',
      'list-type',
      'max-keys',
      'marker',
      'delimiter',
      'prefix',
      'continuation-token',
      'encoding-type',
      'max-parts',
      'part-number-marker',
      'acl',
      'response-expires',
      '__proto__',
      'constructor',
    );
    const value = fc.oneof(
      fc.constantFrom('', '0', '-1', '1', 'null', 'url', '/', '%00', '%ff', 'constructor'),
      fc.string({ maxLength: 10 }).map(encodeURIComponent),
    );
    const query = fc.dictionary(name, value, { maxKeys: 3 });
    const method = fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'DELETE');
    const key = fc.oneof(
      fc.constant(''),
      fc.constantFrom('/k', '/constructor', '/__proto__', '/%00', '/a//b', '/..', '/%2e%2e/x'),
    );
    const body = fc.oneof(
      fc.constantFrom(
        '',
        '<Delete/>',
        '<Tagging/>',
        '<CORSConfiguration><CORSRule/></CORSConfiguration>',
        '<a>',
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        `${'<a>'.repeat(5000)}`,
      ),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(method, key, query, body, async (verb, path, parameters, content) => {
        // A bucket that is not there would hide what is behind; the suite's own would be deleted.
        if (verb === 'DELETE' && path === '') return;
        const answer = await sendSigned(store, {
          method: verb,
          path: `/${suite.bucket}${path}`,
          query: parameters,
          body: content,
        });
        expect(answer.status, answer.body.toString()).not.toBe(500);
      }),
      { numRuns: 400 },
    );
    await expectAlive();
  });

  it('read why a file far too large was refused, also a browser', async () => {
    const CORSRules = [{ AllowedOrigins: ['*'], AllowedMethods: ['POST'] }];
    await suite.client.send(new PutBucketCorsCommand({ Bucket: suite.bucket, CORSConfiguration: { CORSRules } }));
    const before = await dataFiles();
    const answer = await postForm(store, suite.bucket, {
      headers: { origin: 'https://a.example' },
      form: (form) => {
        form.file = Buffer.alloc(50 * mebibyte);
        addConditions(form, ['content-length-range', 0, 1024]);
      },
    });
    expect([answer.status, answer.code]).toEqual([400, 'EntityTooLarge']);
    expect(answer.headers['access-control-allow-origin']).toBe('https://a.example');
    expect(await dataFiles()).toEqual(before);
  });

  it('read through fetch why a large PUT was refused', async () => {
    const { path, query = {} } = presign(
      store,
      { method: 'PUT', path: `/${suite.bucket}/refused` },
      { secretKey: 'other' },
    );
    const address = `${store.endpoint}${path}?${Object.entries(query)
      .map((pair) => pair.join('='))
      .join('&')}`;
    const answer = await fetch(address, { method: 'PUT', body: Buffer.alloc(30 * mebibyte) });
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('SignatureDoesNotMatch');
  });

  it('leave nothing behind when they hang up in the middle', async () => {
    const before = await dataFiles();
    const { headers = {} } = signHeaders(
      store,
      { method: 'PUT', path: `/${suite.bucket}/cut` },
      { payloadHash: 'UNSIGNED-PAYLOAD' },
    );
    const lines = Object.entries({ ...headers, 'content-length': '1000000' }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    const socket = connect(Number(new URL(store.endpoint).port), '127.0.0.1');
    socket.write(`PUT /${suite.bucket}/cut HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    socket.write(randomBytes(300_000));
    // The store has begun to write, so there is something to clean up.
    await expect.poll(async () => (await dataFiles()).length).toBe(before.length + 1);
    socket.destroy();
    await expect.poll(dataFiles).toEqual(before);
    const { status } = await sendSigned(store, { method: 'GET', path: `/${suite.bucket}/cut` });
    expect(status).toBe(404);
  });

  it('cannot reach a file outside the bucket by any key', async () => {
    for (const key of [
      '../../../etc/passwd',
      '..%2f..%2fbucket.json',
      '%2e%2e/bucket.json',
      'records/x',
      '/etc/passwd',
      'a\\..\\b',
    ]) {
      const answer = await sendSigned(store, {
        method: 'GET',
        path: `/${suite.bucket}/${encodeURIComponent(key).replaceAll('%2F', '/')}`,
      });
      expect([answer.status, answer.code]).toEqual([404, 'NoSuchKey']);
    }
    for (const bucket of ['..', '.', '%2e%2e', 'buckets']) {
      expect((await sendSigned(store, { method: 'PUT', path: `/${bucket}` })).status, bucket).not.toBe(500);
    }
  });
});
