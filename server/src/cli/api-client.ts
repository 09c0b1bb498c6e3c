import { setTimeout as pause } from 'node:timers/promises';
import { CompleteAnswer, LimitsAnswer, SignUploadAnswer } from '@kuanary/shared/contract';
import { z } from 'zod';
import { describeConnectionFailure, UploadFailure } from './upload-failure.ts';

/** The calls of the API that an upload makes. Everything that goes wrong arrives as an `UploadFailure`. */
export interface ApiClient {
  baseUrl: string;
  getLimits(): Promise<LimitsAnswer>;
  signUpload(request: { contentType: string; size: number; filename: string }): Promise<SignUploadAnswer>;
  /** Repeated where the API answers 5xx or not at all: the ticket makes it safe. */
  complete(ticket: string, preset: string | undefined): Promise<CompleteAnswer>;
}

const callTimeoutMs = 60_000;
const completeAttempts = 4;
const firstPauseMs = 500;
/** However long a `Retry-After` asks for. */
const longestPauseMs = 10_000;
const longestFilenameCharacters = 255;

/** An API that is newer than this client may say more; what is not known here does not matter. */
const answers = {
  limits: z.object(LimitsAnswer.shape),
  signUpload: z.object(SignUploadAnswer.shape),
  complete: z.object(CompleteAnswer.shape),
  error: z.object({ error: z.string(), code: z.string(), requestId: z.string() }),
};

interface Call<T> {
  method: 'GET' | 'POST';
  path: string;
  body?: object;
  answer: z.ZodType<T>;
  /** Whoever answers sees the key: it is shown only where it is needed. */
  anonymous?: boolean;
}

/** An answer that may be asked for again. */
class RetryableFailure extends UploadFailure {
  readonly retryAfterMs: number | undefined;

  constructor(failure: UploadFailure, retryAfterMs?: number) {
    super(failure.message, failure);
    this.retryAfterMs = retryAfterMs;
  }
}

export function createApiClient({ baseUrl, apiKey }: { baseUrl: string; apiKey: string | undefined }): ApiClient {
  async function call<T>({ method, path, body, answer, anonymous = false }: Call<T>): Promise<T> {
    const response = await send(baseUrl, path, {
      method,
      // A redirect would drop the body or the key; its target is the address to use.
      redirect: 'manual',
      signal: AbortSignal.timeout(callTimeoutMs),
      headers: {
        ...(apiKey === undefined || anonymous ? {} : { Authorization: `Bearer ${apiKey}` }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw await toFailure(response, baseUrl);
    const parsed = answer.safeParse(await readJson(response, baseUrl));
    if (!parsed.success) throw new UploadFailure(`${baseUrl}${path} does not answer as Kuanary. Check the address.`);
    return parsed.data;
  }

  return {
    baseUrl,
    getLimits: () => call({ method: 'GET', path: '/limits', answer: answers.limits, anonymous: true }),
    signUpload: ({ filename, ...request }) =>
      call({
        method: 'POST',
        path: '/sign-upload',
        body: { ...request, filename: filename.slice(0, longestFilenameCharacters) },
        answer: answers.signUpload,
      }),
    async complete(ticket, preset) {
      const body = { ticket, ...(preset === undefined ? {} : { presets: [preset] }) };
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await call({ method: 'POST', path: '/complete', body, answer: answers.complete });
        } catch (error) {
          if (!(error instanceof RetryableFailure) || attempt === completeAttempts) throw error;
          const backOffMs = firstPauseMs * 2 ** (attempt - 1);
          await pause(Math.min(Math.max(backOffMs, error.retryAfterMs ?? 0), longestPauseMs));
        }
      }
    },
  };
}

async function send(baseUrl: string, path: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(`${baseUrl}${path}`, request);
  } catch (error) {
    const sentence = `The API at ${baseUrl} cannot be reached: ${describeConnectionFailure(error)}. Is it running? --url names another address.`;
    throw new RetryableFailure(new UploadFailure(sentence));
  }
}

/** `undefined` for what is no JSON. A connection that breaks within an answer has told nothing: that is no answer. */
async function readJson(response: Response, baseUrl: string): Promise<unknown> {
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    const sentence = `The connection to the API at ${baseUrl} broke within its answer: ${describeConnectionFailure(error)}.`;
    throw new RetryableFailure(new UploadFailure(sentence));
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function toFailure(response: Response, baseUrl: string): Promise<UploadFailure> {
  const { status, headers } = response;
  const location = headers.get('location');
  if (status >= 300 && status < 400 && location !== null) {
    return new UploadFailure(`${baseUrl} redirects to ${location}. Give that address, without the path, as --url.`);
  }
  const parsed = answers.error.safeParse(await readJson(response, baseUrl));
  const failure = parsed.success
    ? new UploadFailure(parsed.data.error, { code: parsed.data.code, requestId: parsed.data.requestId })
    : new UploadFailure(
        `${baseUrl} answers ${status}, and not as Kuanary does. A proxy in between, or another address?`,
      );
  if (status < 500) return failure;
  const retryAfterSeconds = Number(headers.get('retry-after') ?? '0');
  return new RetryableFailure(failure, Number.isFinite(retryAfterSeconds) ? retryAfterSeconds * 1000 : 0);
}
