import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import { createS3Storage, type S3Settings, type S3Storage } from '../../src/storage/s3-storage.ts';
import {
  type Answer,
  answerWith,
  type FaultServer,
  inTurn,
  neverAnswer,
  resetConnection,
  s3Error,
  startFaultServer,
} from './fault-server.ts';

const text = { contentType: 'text/plain', metadata: {} };
const html = '<html><head><br></head><body>502 Bad Gateway</body>';
const lastModified = { 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' };
const tenBytes = { 'content-range': 'bytes 0-9/10', 'content-type': 'image/png', etag: '"e"', ...lastModified };
const listing = (inside: string): string => `<?xml version="1.0"?><ListBucketResult>${inside}</ListBucketResult>`;
const copied = '<?xml version="1.0"?><CopyObjectResult><ETag>"e"</ETag></CopyObjectResult>';

const patient = { requestTimeoutMs: 5_000, copyTimeoutMs: 5_000 };
const impatient = { connectTimeoutMs: 200, requestTimeoutMs: 200, copyTimeoutMs: 300 };
/** No operation takes longer with the impatient settings, however busy the machine is. */
const soonMs = 5_000;

let folder: string;
let server: FaultServer | undefined;
let storage: S3Storage | undefined;
let consoleCalls: MockInstance[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kuanary-faults-'));
  await writeFile(join(folder, 'file'), Buffer.alloc(1_000_000));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

beforeEach(() => {
  consoleCalls = (['debug', 'info', 'log', 'warn', 'error'] as const).map((level) => vi.spyOn(console, level));
});

afterEach(async () => {
  storage?.close();
  await server?.close();
  for (const calls of consoleCalls) {
    expect(calls).not.toHaveBeenCalled();
    calls.mockRestore();
  }
});

async function storageAnswering(answer: Answer, settings: Partial<S3Settings> = patient): Promise<S3Storage> {
  server = await startFaultServer(answer);
  return storageAt(server.url, settings);
}

function storageAt(endpoint: string, settings: Partial<S3Settings>): S3Storage {
  storage = createS3Storage({
    endpoint,
    publicEndpoint: endpoint,
    region: 'default',
    bucket: 'pictures',
    accessKey: 'access',
    secretKey: 'secret',
    forcePathStyle: true,
    ...settings,
  });
  return storage;
}

const requests = (): string[] => server?.requests ?? [];
const file = () => ({ file: join(folder, 'file'), bytes: 1_000_000 });

const operations: Record<string, (storage: S3Storage) => Promise<unknown>> = {
  readRange: (s3) => s3.readRange('key', 0, 10),
  'put of bytes': (s3) => s3.put('key', Buffer.from('bytes'), text),
  'put of a file': (s3) => s3.put('key', file(), text),
  copy: (s3) => s3.copy('from', 'to', text),
  copyByStreaming: (s3) => s3.copyByStreaming('from', 'to', text),
  delete: (s3) => s3.delete('key'),
  list: (s3) => s3.list({ limit: 10 }),
  bucketReachable: (s3) => s3.bucketReachable(),
};
const sentOnce = ['put of a file', 'copy'];
const each = Object.entries(operations).map(([name, run]) => ({
  name,
  run,
  attempts: sentOnce.includes(name) ? 1 : 3,
}));

const unavailable = { name: 'StorageError', failure: 'unavailable' };
const timeout = { name: 'StorageError', failure: 'timeout' };

describe('storage that never answers', () => {
  it.each(each)('ends $name as timeout, and closes the connections', async ({ run }) => {
    const s3 = await storageAnswering(neverAnswer, impatient);
    const start = performance.now();
    await expect(run(s3)).rejects.toMatchObject(timeout);
    expect(performance.now() - start).toBeLessThan(soonMs);
    await server?.allClosed();
  });

  it('is asked to read a second time before that is too late', async () => {
    const slow = { ...impatient, requestTimeoutMs: 700 };
    const s3 = await storageAnswering(inTurn(neverAnswer, answerWith(206, '0123456789', tenBytes)), slow);
    expect(await s3.readRange('key', 0, 10)).toMatchObject({ totalBytes: 10 });
    expect(requests()).toHaveLength(2);
  });

  it('is asked once to copy, and once to take a file', async () => {
    const s3 = await storageAnswering(neverAnswer, impatient);
    await expect(s3.copy('from', 'to', text)).rejects.toMatchObject(timeout);
    await expect(s3.put('key', file(), text)).rejects.toMatchObject(timeout);
    expect(requests()).toEqual(['PUT /pictures/to', 'PUT /pictures/key']);
  });
});

describe('storage that stops in the middle of its answer', () => {
  const stall =
    (headers: Record<string, string>, part: string): Answer =>
    (_request, response) => {
      response.writeHead(200, { 'content-length': '1000', date: new Date().toUTCString(), ...headers });
      response.write(part);
    };

  it.each([
    ['readRange', stall({ ...tenBytes, 'content-length': '10' }, '01234')],
    ['copy', stall({}, '<?xml version="1.0"?>')],
    ['list', stall({}, '<?xml version="1.0"?><ListBucketResult>')],
    ['copyByStreaming', stall({ ...tenBytes, 'content-length': '10' }, '01234')],
  ])('ends %s as timeout, and closes the connections', async (name, answer) => {
    const s3 = await storageAnswering(answer, impatient);
    const start = performance.now();
    await expect(operations[name]?.(s3)).rejects.toMatchObject(timeout);
    expect(performance.now() - start).toBeLessThan(soonMs);
    await server?.allClosed();
  });

  it('ends a read whose body is cut off as unavailable', async () => {
    const s3 = await storageAnswering((request, response) => {
      response.writeHead(206, { ...tenBytes, 'content-length': '10' });
      response.write('01234', () => request.socket.destroy());
    });
    await expect(s3.readRange('key', 0, 10)).rejects.toMatchObject(unavailable);
  });
});

describe('storage that cannot be reached', () => {
  it.each(each)('ends $name as unavailable', async ({ run }) => {
    const gone = await startFaultServer(neverAnswer);
    await gone.close();
    await expect(run(storageAt(gone.url, patient))).rejects.toMatchObject(unavailable);
  });

  it('is named by bucketReachable', async () => {
    const gone = await startFaultServer(neverAnswer);
    await gone.close();
    const reachable = storageAt(gone.url, patient).bucketReachable();
    await expect(reachable).rejects.toThrow(`no answer from ${gone.url}: ECONNREFUSED`);
  });
});

describe('storage that resets connections', () => {
  it.each(each)(
    'is asked again by $name only where that is safe, $attempts times in all',
    async ({ run, attempts }) => {
      const s3 = await storageAnswering(resetConnection);
      await expect(run(s3)).rejects.toMatchObject(unavailable);
      expect(requests()).toHaveLength(attempts);
    },
  );

  it('is forgiven where a second attempt succeeds', async () => {
    const s3 = await storageAnswering(inTurn(resetConnection, answerWith(206, '0123456789', tenBytes)));
    expect(await s3.readRange('key', 0, 10)).toMatchObject({ totalBytes: 10 });
  });
});

describe('storage that is failing', () => {
  it.each(each)('ends $name as unavailable after a 503 with a page, $attempts attempts', async ({ run, attempts }) => {
    const s3 = await storageAnswering(answerWith(503, html, { 'content-type': 'text/html' }));
    await expect(run(s3)).rejects.toMatchObject(unavailable);
    expect(requests()).toHaveLength(attempts);
  });

  it.each([
    [500, s3Error('InternalError')],
    [500, '<not><closed>'],
    [500, ''],
    [502, html],
    [503, s3Error('SlowDown')],
    [504, 'upstream timed out'],
    [429, ''],
    [403, s3Error('AccessDenied')],
    [403, ''],
    [400, s3Error('InvalidRequest')],
    [301, s3Error('PermanentRedirect')],
  ])('ends every operation as unavailable after %i %j', async (status, body) => {
    const s3 = await storageAnswering(answerWith(status, body));
    await Promise.all(each.map(({ name, run }) => expect(run(s3), name).rejects.toMatchObject(unavailable)));
  });

  it('says the status and the code, for the log', async () => {
    const s3 = await storageAnswering(answerWith(403, s3Error('AccessDenied')));
    await expect(s3.readRange('key', 0, 1)).rejects.toThrow('storage read: unavailable (HTTP 403 AccessDenied)');
  });

  it('is not waited for as long as its Retry-After says', async () => {
    const s3 = await storageAnswering(answerWith(503, s3Error('SlowDown'), { 'retry-after': '60' }), impatient);
    const start = performance.now();
    await expect(s3.readRange('key', 0, 1)).rejects.toMatchObject({ name: 'StorageError' });
    expect(performance.now() - start).toBeLessThan(soonMs);
  });

  it('is forgiven where a later attempt succeeds', async () => {
    const busy = answerWith(503, s3Error('SlowDown'));
    const s3 = await storageAnswering(inTurn(busy, busy, answerWith(200, '', { etag: '"e"' })));
    await s3.put('key', Buffer.from('bytes'), text);
    expect(requests()).toHaveLength(3);
  });

  it('may answer a file before it has arrived', async () => {
    const s3 = await storageAnswering((_request, response) => response.writeHead(503).end(s3Error('SlowDown')));
    await expect(s3.put('key', file(), text)).rejects.toMatchObject(unavailable);
  });
});

describe('a 404', () => {
  it.each(['readRange', 'copy', 'copyByStreaming'])('with NoSuchKey is null from %s', async (name) => {
    const s3 = await storageAnswering(answerWith(404, s3Error('NoSuchKey')));
    expect(await operations[name]?.(s3)).toBeNull();
  });

  it('with NoSuchKey is fine for delete', async () => {
    const s3 = await storageAnswering(answerWith(404, s3Error('NoSuchKey')));
    await expect(s3.delete('key')).resolves.toBeUndefined();
  });

  it.each([
    ['NoSuchBucket', s3Error('NoSuchBucket')],
    ['the page of a gateway', html],
    ['the text of a gateway', 'default backend - 404'],
    ['nothing', ''],
  ])('with %s is no missing object', async (_name, body) => {
    const s3 = await storageAnswering(answerWith(404, body));
    await Promise.all(each.map(({ name, run }) => expect(run(s3), name).rejects.toMatchObject(unavailable)));
  });
});

describe('a refused condition', () => {
  it.each([
    [412, 'PreconditionFailed'],
    [409, 'ConditionalRequestConflict'],
  ])('with status %i is precondition_failed, for a conditional put only', async (status, code) => {
    const s3 = await storageAnswering(answerWith(status, s3Error(code)));
    const refused = { name: 'StorageError', failure: 'precondition_failed' };
    await expect(s3.put('key', Buffer.from('x'), { ...text, onlyIfAbsent: true })).rejects.toMatchObject(refused);
    await expect(s3.put('key', Buffer.from('x'), text)).rejects.toMatchObject(unavailable);
    await expect(s3.copy('from', 'to', text)).rejects.toMatchObject(unavailable);
  });

  it('may come from our own write whose answer was lost', async () => {
    const s3 = await storageAnswering(inTurn(resetConnection, answerWith(412, s3Error('PreconditionFailed'))));
    const put = s3.put('key', Buffer.from('x'), { ...text, onlyIfAbsent: true });
    await expect(put).rejects.toMatchObject({ failure: 'precondition_failed' });
    expect(requests()).toHaveLength(2);
  });
});

describe('copy', () => {
  it.each([
    [501, s3Error('NotImplemented')],
    [501, html],
    [501, ''],
    [400, s3Error('NotImplemented')],
  ])('is copy_unsupported after %i %j', async (status, body) => {
    const s3 = await storageAnswering(answerWith(status, body));
    await expect(s3.copy('from', 'to', text)).rejects.toMatchObject({ failure: 'copy_unsupported' });
    await expect(s3.readRange('key', 0, 1)).rejects.toMatchObject(unavailable);
  });

  it.each([
    ['an error document', s3Error('InternalError')],
    ['an error document and white space', `${s3Error('InternalError')}\n`],
    ['nothing', ''],
    ['a page', '<html></html>'],
    ['half a document', copied.slice(0, 40)],
    ['no ETag', '<?xml version="1.0"?><CopyObjectResult></CopyObjectResult>'],
  ])('is unavailable, and sent once, after a 200 with %s', async (_name, body) => {
    const s3 = await storageAnswering(answerWith(200, body));
    await expect(s3.copy('from', 'to', text)).rejects.toMatchObject(unavailable);
    expect(requests()).toHaveLength(1);
  });

  it('is copied after a 200 with an ETag', async () => {
    const s3 = await storageAnswering(answerWith(200, copied));
    expect(await s3.copy('from', 'to', text)).toBe('copied');
  });
});

describe('copyByStreaming', () => {
  it('stores nothing whose source is cut off', async () => {
    const s3 = await storageAnswering((request, response) => {
      if (request.method !== 'GET') return;
      response.writeHead(200, { etag: '"e"', 'content-length': '10', ...lastModified });
      response.write('01234', () => request.socket.destroy());
    });
    await expect(s3.copyByStreaming('from', 'to', text)).rejects.toMatchObject(unavailable);
    await server?.allClosed();
  });

  it('writes nothing when the process has slept since it read', async () => {
    const { now } = performance;
    const clock = vi.spyOn(performance, 'now');
    const s3 = await storageAnswering((request, response) => {
      clock.mockImplementation(() => now.call(performance) + 3_600_000);
      answerWith(200, '0123456789', { ...tenBytes, 'content-length': '10' })(request, response);
    });
    await expect(s3.copyByStreaming('from', 'to', text)).rejects.toMatchObject({ failure: 'timeout' });
    expect(requests()).toEqual(['GET /pictures/from']);
    clock.mockRestore();
  });

  it('sends its PUT once', async () => {
    const s3 = await storageAnswering((request, response) => {
      if (request.method === 'GET')
        answerWith(200, '0123456789', { ...tenBytes, 'content-length': '10' })(request, response);
      else request.socket.resetAndDestroy();
    });
    await expect(s3.copyByStreaming('from', 'to', text)).rejects.toMatchObject(unavailable);
    expect(requests()).toEqual(['GET /pictures/from', 'PUT /pictures/to']);
  });
});

describe('readRange', () => {
  it.each([
    ['a page with status 200', answerWith(200, html)],
    ['another range', answerWith(206, '0123456789', { ...tenBytes, 'content-range': 'bytes 5-14/20' })],
    ['a shorter range', answerWith(206, '01234', { ...tenBytes, 'content-range': 'bytes 0-4/20' })],
    ['the range */10', answerWith(206, '0123456789', { ...tenBytes, 'content-range': 'bytes */10' })],
    ['fewer bytes than the range', answerWith(206, '01234', tenBytes)],
    ['more bytes than the range', answerWith(206, '0123456789abcdef', tenBytes)],
    ['no time', answerWith(206, '0123456789', { 'content-range': 'bytes 0-9/10' })],
    ['an invalid time', answerWith(206, '0123456789', { ...tenBytes, 'last-modified': 'yesterday' })],
  ])('is unavailable where the answer is %s', async (_name, answer) => {
    const s3 = await storageAnswering(answer);
    await expect(s3.readRange('key', 0, 10)).rejects.toMatchObject(unavailable);
  });

  const afterRefusedRange =
    (head: Answer): Answer =>
    (request, response) =>
      request.method === 'HEAD' ? head(request, response) : answerWith(416, s3Error('InvalidRange'))(request, response);

  it('asks with HEAD what a refused range does not say', async () => {
    const head = answerWith(200, '', { 'content-length': '7', 'x-amz-meta-width': '3', ...lastModified });
    const s3 = await storageAnswering(afterRefusedRange(head));
    expect(await s3.readRange('key', 7, 10)).toMatchObject({ totalBytes: 7, metadata: { width: '3' } });
    expect(requests()).toEqual(['GET /pictures/key', 'HEAD /pictures/key']);
  });

  it('is null where the object has gone since, and unavailable where it has grown', async () => {
    const gone = await storageAnswering(afterRefusedRange(answerWith(404, '')));
    expect(await gone.readRange('key', 7, 10)).toBeNull();
    await server?.close();
    const grown = await storageAnswering(
      afterRefusedRange(answerWith(200, '', { 'content-length': '8', ...lastModified })),
    );
    await expect(grown.readRange('key', 7, 10)).rejects.toMatchObject(unavailable);
  });
});

describe('put', () => {
  it.each(['put of bytes', 'put of a file'])('is unavailable where a %s is answered 200 without ETag', async (name) => {
    const s3 = await storageAnswering(answerWith(200, html));
    await expect(operations[name]?.(s3)).rejects.toMatchObject(unavailable);
  });
});

describe('list', () => {
  const entry = '<Contents><Key>a</Key><Size>1</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>';
  const truncated = '<IsTruncated>true</IsTruncated><CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>';

  it.each([
    ['a page', '<html></html>'],
    ['half a document', listing(entry).slice(0, 60)],
    ['no XML', 'hello'],
    ['an entry without size', listing('<IsTruncated>false</IsTruncated><Contents><Key>a</Key></Contents>')],
    ['an entry without valid time', listing(`<IsTruncated>false</IsTruncated>${entry.replace('2026', 'in 2026')}`)],
    [
      'a broken key',
      listing(`<IsTruncated>false</IsTruncated><EncodingType>url</EncodingType>${entry.replace('>a<', '>%f<')}`),
    ],
    ['no way to go on', listing(truncated)],
    ['the same continuation for ever', listing(`${truncated}<NextContinuationToken>t</NextContinuationToken>`)],
  ])('is unavailable where the answer is %s', async (_name, body) => {
    const s3 = await storageAnswering(answerWith(200, body));
    await expect(s3.list({ limit: 10, delimiter: '/' })).rejects.toMatchObject(unavailable);
  });

  it.each([
    ['as AWS encodes', 'a+b%2Bc%01'],
    ['as Ceph encodes', 'a%20b%2Bc%01'],
  ])('asks for encoded keys, which may hold what XML cannot, and reads them %s', async (_name, encoded) => {
    const s3 = await storageAnswering((request, response) => {
      const asked = new URL(request.url ?? '', 'http://storage').searchParams.get('encoding-type') === 'url';
      const inside = `<IsTruncated>false</IsTruncated><EncodingType>url</EncodingType>${entry.replace('>a<', `>${encoded}<`)}`;
      answerWith(asked ? 200 : 400, listing(inside))(request, response);
    });
    expect((await s3.list({ limit: 10 })).objects.map(({ key }) => key)).toEqual(['a b+c\u0001']);
  });

  it('takes the time from the answer, and nothing in its place', async () => {
    const body = listing(`<IsTruncated>false</IsTruncated>${entry}`);
    const dated = await storageAnswering(answerWith(200, body, { date: 'Thu, 01 Jan 2026 10:00:00 GMT' }));
    expect((await dated.list({ limit: 10 })).serverTime).toEqual(new Date('2026-01-01T10:00:00Z'));
    await server?.close();
    const undated = await storageAnswering((request, response) => {
      response.sendDate = false;
      answerWith(200, body)(request, response);
    });
    await expect(undated.list({ limit: 10 })).rejects.toMatchObject(unavailable);
  });
});

describe('bucketReachable', () => {
  it.each([
    [404, {}, 'missing bucket'],
    [403, {}, 'refused credentials'],
    [
      301,
      { 'x-amz-bucket-region': 'eu-central-1' },
      'wrong region: bucket "pictures" is in "eu-central-1", S3_REGION is "default"',
    ],
    [400, { 'x-amz-bucket-region': 'eu-central-1' }, 'wrong region: bucket "pictures" is in "eu-central-1"'],
    [400, {}, 'wrong region or address'],
    [503, {}, 'answers HTTP 503'],
  ])('says after %i %j: %s', async (status, headers, sentence) => {
    const s3 = await storageAnswering(answerWith(status, '', headers));
    await expect(s3.bucketReachable()).rejects.toThrow(sentence);
  });
});

describe('a storage clock that differs from ours', () => {
  it('is followed after one refusal, in signing for browsers too', async () => {
    const ahead = { date: new Date(Date.now() + 7_200_000).toUTCString() };
    const s3 = await storageAnswering(
      inTurn(
        answerWith(403, s3Error('RequestTimeTooSkewed'), ahead),
        answerWith(206, '0123456789', { ...tenBytes, ...ahead }),
      ),
    );
    expect(await s3.readRange('key', 0, 10)).toMatchObject({ totalBytes: 10 });
    expect(requests()).toHaveLength(2);
    expect(Math.abs(s3.signingClient.config.systemClockOffset - 7_200_000)).toBeLessThan(10_000);
    const signedAt = new URL(await s3.presignGet('key', 60)).searchParams.get('X-Amz-Date') ?? '';
    const isoDate = signedAt.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5');
    expect(Math.abs(Date.parse(isoDate) - (Date.now() + 7_200_000))).toBeLessThan(10_000);
  });
});

describe('close', () => {
  it('ends what is running and refuses what comes later', async () => {
    const s3 = await storageAnswering(neverAnswer);
    const running = [s3.readRange('key', 0, 10), s3.copy('from', 'to', text), s3.put('key', file(), text)];
    const outcomes = Promise.allSettled(running);
    s3.close();
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: unavailable });
    await expect(s3.readRange('key', 0, 10)).rejects.toThrow('the storage client is closed');
    await server?.allClosed();
  });
});
