import { readFile } from 'node:fs/promises';
import type { CompleteAnswer, SignUploadAnswer } from '@kuanary/shared/contract';
import { describe, expect, it } from 'vitest';
import { ApiError, createApiClient } from './api-client.ts';

const signed: SignUploadAnswer = {
  uploadId: '3f0d3c51-6f1b-4a53-9e0c-7f4d6a4a6a01',
  method: 'POST',
  url: 'https://storage.example/pictures',
  fields: { key: 'tmp/incoming/3f0d3c51', 'Content-Type': 'image/png', Policy: 'e30=' },
  ticket: 'body.signature',
  expiresAt: '2030-01-01T00:00:00Z',
};

const completed: CompleteAnswer = {
  success: true,
  filename: 'image-9a1f.png',
  url: 'https://img.example/sig/rs:fit:300:300/plain/s3://pictures/image-9a1f.png',
  urls: { thumbnail: 'https://img.example/sig/rs:fit:300:300/plain/s3://pictures/image-9a1f.png' },
  links: { thumbnail: '/i/thumbnail/image-9a1f.png' },
  image: { width: 4000, height: 3000, format: 'png', bytes: 5, animated: false },
};

interface RecordedCall {
  url: string;
  init: RequestInit;
}

/** Answers calls in order and keeps what was sent. */
function scriptedFetch(...answers: (Response | Error)[]): { fetch: typeof fetch; calls: RecordedCall[] } {
  const calls: RecordedCall[] = [];
  return {
    calls,
    fetch: async (input, init = {}) => {
      calls.push({ url: String(input), init });
      init.signal?.throwIfAborted();
      const answer = answers.shift();
      if (answer === undefined) throw new TypeError('no answer is scripted for this call');
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
}

const json = (value: unknown, status = 200): Response => Response.json(value, { status });
const created = (): Response => new Response('<PostResponse/>', { status: 201 });
const png = (): Blob => new Blob(['bytes'], { type: 'image/png' });

async function failureOf(promise: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ApiError) return error;
  throw new Error('the call was expected to fail with an ApiError', { cause: error });
}

describe('uploadImage', () => {
  it('signs, sends the file to the storage and completes', async () => {
    const { fetch, calls } = scriptedFetch(json(signed, 201), created(), json(completed));
    const client = createApiClient({ endpoint: 'https://api.example/', fetch });

    const answer = await client.uploadImage(png(), { filename: 'beach.png', presets: ['thumbnail'] });

    expect(answer).toEqual(completed);
    expect(calls.map((call) => [call.init.method, call.url])).toEqual([
      ['POST', 'https://api.example/sign-upload'],
      ['POST', 'https://storage.example/pictures'],
      ['POST', 'https://api.example/complete'],
    ]);
    expect(JSON.parse(String(calls[0]?.init.body))).toEqual({
      contentType: 'image/png',
      size: 5,
      filename: 'beach.png',
    });
    expect(JSON.parse(String(calls[2]?.init.body))).toEqual({ ticket: 'body.signature', presets: ['thumbnail'] });
  });

  it('sends the signed fields unchanged and the file after them', async () => {
    const { fetch, calls } = scriptedFetch(json(signed, 201), created(), json(completed));
    await createApiClient({ endpoint: 'https://api.example', fetch }).uploadImage(png());

    const form = calls[1]?.init.body;
    if (!(form instanceof FormData)) throw new Error('the storage was not sent a form');
    expect([...form.keys()]).toEqual(['key', 'Content-Type', 'Policy', 'file']);
    expect(form.get('key')).toBe('tmp/incoming/3f0d3c51');
    const file = form.get('file');
    expect(file instanceof Blob && (await file.text())).toBe('bytes');
  });

  it('leaves optional fields out of the requests when they are not given', async () => {
    const { fetch, calls } = scriptedFetch(json(signed, 201), created(), json(completed));
    await createApiClient({ endpoint: 'https://api.example', fetch }).uploadImage(png());

    expect(JSON.parse(String(calls[0]?.init.body))).toEqual({ contentType: 'image/png', size: 5 });
    expect(JSON.parse(String(calls[2]?.init.body))).toEqual({ ticket: 'body.signature' });
  });

  it('sends the credential to /sign-upload and to nobody else', async () => {
    const { fetch, calls } = scriptedFetch(json(signed, 201), created(), json(completed));
    const client = createApiClient({ endpoint: 'https://api.example', authorization: 'Bearer cms:secret', fetch });
    await client.uploadImage(png());

    expect(calls.map((call) => new Headers(call.init.headers).get('Authorization'))).toEqual([
      'Bearer cms:secret',
      null,
      null,
    ]);
  });

  it('declares application/octet-stream for a file without a type, so that the API says which types it takes', async () => {
    const refused = {
      success: false,
      error: 'Accepted are image/png.',
      code: 'unsupported_file_type',
      requestId: 'r1',
    };
    const { fetch, calls } = scriptedFetch(json(refused, 415));
    const client = createApiClient({ endpoint: 'https://api.example', fetch });

    const error = await failureOf(client.uploadImage(new Blob(['bytes'])));
    expect(error).toMatchObject({ code: 'unsupported_file_type', status: 415, message: 'Accepted are image/png.' });
    expect(JSON.parse(String(calls[0]?.init.body))).toMatchObject({ contentType: 'application/octet-stream' });
  });

  it.each([
    ['AccessDenied', 403, /expired: upload the file again/],
    ['EntityTooLarge', 400, /refused the file \(400 EntityTooLarge\)/],
  ])('says that the storage refused the file: %s', async (code, status, sentence) => {
    const xml = `<?xml version="1.0"?><Error><Code>${code}</Code><RequestId>tx0001</RequestId></Error>`;
    const { fetch, calls } = scriptedFetch(json(signed, 201), new Response(xml, { status }));

    const error = await failureOf(createApiClient({ endpoint: 'https://api.example', fetch }).uploadImage(png()));
    expect(error).toMatchObject({ code: 'storage_refused', status, requestId: 'tx0001' });
    expect(error.message).toMatch(sentence);
    expect(calls).toHaveLength(2);
  });
});

describe('errors', () => {
  it('carries the sentence, code, status and request id of the API', async () => {
    const said = { success: false, error: 'The ticket has expired.', code: 'ticket_expired', requestId: 'r42' };
    const { fetch } = scriptedFetch(json(said, 410));
    const error = await failureOf(
      createApiClient({ endpoint: 'https://api.example', fetch }).complete({ ticket: 't' }),
    );

    expect(error).toMatchObject({
      message: 'The ticket has expired.',
      code: 'ticket_expired',
      status: 410,
      requestId: 'r42',
    });
  });

  it.each([
    [413, /proxy before api\.example .*too large \(413\)/],
    [502, /api\.example is not available right now \(502\)/],
    [404, /answer \(404\) that is not the API's/],
    [200, /answer \(200\) that is not the API's/],
  ])('is readable when a proxy answers %i in HTML', async (status, sentence) => {
    const page = new Response('<html><h1>nginx</h1></html>', { status, headers: { 'X-Request-Id': 'proxy-7' } });
    const { fetch } = scriptedFetch(page);
    const error = await failureOf(
      createApiClient({ endpoint: 'https://api.example', fetch }).complete({ ticket: 't' }),
    );

    expect(error).toMatchObject({ code: 'unreadable_answer', status, requestId: 'proxy-7' });
    expect(error.message).toMatch(sentence);
  });

  it.each([
    ['null', null],
    ['a list', []],
    ['no image facts', { ...completed, image: undefined }],
    ['a fact of the wrong type', { ...completed, image: { ...completed.image, width: '4000' } }],
    ['a format that is not in the contract', { ...completed, image: { ...completed.image, format: 'tiff' } }],
    ['urls that are not strings', { ...completed, urls: { thumbnail: 1 } }],
    ['success that is not true', { ...completed, success: 'yes' }],
  ])('does not pass on a success answer that is broken: %s', async (_what, answer) => {
    const { fetch } = scriptedFetch(json(answer));
    const error = await failureOf(
      createApiClient({ endpoint: 'https://api.example', fetch }).complete({ ticket: 't' }),
    );
    expect(error.code).toBe('unreadable_answer');
  });

  it('says that the host could not be reached, and keeps the cause', async () => {
    const cause = new TypeError('Failed to fetch');
    const { fetch } = scriptedFetch(cause);
    const client = createApiClient({ endpoint: 'https://api.example', fetch });
    const error = await failureOf(client.signUpload({ contentType: 'image/png', size: 5 }));

    expect(error).toMatchObject({ code: 'network_error', status: 0, cause });
    expect(error.message).toContain('api.example could not be reached');
  });

  it('rejects with the reason of an aborted signal, not with an ApiError', async () => {
    const controller = new AbortController();
    controller.abort(new DOMException('changed my mind', 'AbortError'));
    const { fetch } = scriptedFetch(json(signed, 201));
    const client = createApiClient({ endpoint: 'https://api.example', fetch });

    await expect(client.uploadImage(png(), { signal: controller.signal })).rejects.toMatchObject({
      name: 'AbortError',
      message: 'changed my mind',
    });
  });

  it('lets newer servers say more than this client knows', async () => {
    const { fetch } = scriptedFetch(json({ ...completed, receipt: 'new', srcset: { hero: 'a 400w' } }));
    const answer = await createApiClient({ endpoint: 'https://api.example', fetch }).complete({ ticket: 't' });
    expect(answer).toEqual({ ...completed, srcset: { hero: 'a 400w' } });
  });
});

describe('the module', () => {
  it.each(['api-client.ts', 'describe-failure.ts', 'parse-answer.ts'])(
    'takes only types from other packages, so that zod stays out of bundles: %s',
    async (file) => {
      const source = await readFile(new URL(file, import.meta.url), 'utf8');
      const foreign = [...source.matchAll(/^import (?!type\b).*from '(?!\.)/gm)];
      expect(foreign).toEqual([]);
    },
  );
});
