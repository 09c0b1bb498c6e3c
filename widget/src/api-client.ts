import type { CompleteAnswer, CompleteRequest, SignUploadAnswer, SignUploadRequest } from '@kuanary/shared/contract';
import { describeFailure, describeRefusal, describeSilence, type Failure } from './describe-failure.ts';
import { parseCompleteAnswer, parseSignUploadAnswer } from './parse-answer.ts';

/**
 * A call that did not succeed. `message` is a sentence for people. `code` is one of the API's error catalogue or a
 * `ClientErrorCode`; it is a string because a newer server may know more codes. `status` is the HTTP status, 0 when no
 * answer came. `requestId` finds the request in the server's log.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;
  readonly status: number;
  readonly requestId: string | undefined;

  constructor({ message, code, status, requestId }: Failure, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = status;
    this.requestId = requestId;
  }
}

export interface ApiClientOptions {
  /** Where the API is, such as `https://images.example.com`; a path before the calls is kept. */
  endpoint: string;
  /** The `Authorization` header of `POST /sign-upload`, such as `Bearer cms:…` on a server. Leave it out to upload anonymously. */
  authorization?: string;
  /** Instead of the global `fetch`. */
  fetch?: typeof globalThis.fetch;
}

export interface CallOptions {
  /** Ends the call; its promise then rejects with the signal's reason. */
  signal?: AbortSignal;
}

export interface UploadImageOptions extends CallOptions {
  /** The person's own name for the file: echoed as `originalFilename`, never part of an address. */
  filename?: string;
  /** Names of the presets to get addresses for; without it, all of them. */
  presets?: string[];
}

/** Every method throws ApiError for whatever is not success. */
export interface ApiClient {
  /** `POST /sign-upload`: permission to upload one file of one type and size, in bytes. */
  signUpload(request: SignUploadRequest, options?: CallOptions): Promise<SignUploadAnswer>;
  /** `POST /complete`: verifies and publishes what was uploaded with the ticket. May be repeated, with the same answer. */
  complete(request: CompleteRequest, options?: CallOptions): Promise<CompleteAnswer>;
  /** All three calls: sign, send the bytes to the storage, complete. */
  uploadImage(image: Blob, options?: UploadImageOptions): Promise<CompleteAnswer>;
}

/** A client for browsers, workers and servers: it needs `fetch`, `FormData` and `Blob`, and no page. */
export function createApiClient(options: ApiClientOptions): ApiClient {
  const endpoint = options.endpoint.replace(/\/+$/, '');
  // Called through the global object: browsers refuse a fetch that has lost it.
  const send: typeof globalThis.fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));

  async function signUpload(request: SignUploadRequest, { signal }: CallOptions = {}): Promise<SignUploadAnswer> {
    const credential = options.authorization === undefined ? {} : { Authorization: options.authorization };
    return await callApi('/sign-upload', request, parseSignUploadAnswer, credential, signal);
  }

  async function complete(request: CompleteRequest, { signal }: CallOptions = {}): Promise<CompleteAnswer> {
    return await callApi('/complete', request, parseCompleteAnswer, {}, signal);
  }

  async function uploadImage(
    image: Blob,
    { filename, presets, signal }: UploadImageOptions = {},
  ): Promise<CompleteAnswer> {
    const callOptions: CallOptions = signal === undefined ? {} : { signal };
    const signed = await signUpload(
      {
        // A type that nobody knows gets the API's sentence with the list of those it takes.
        contentType: image.type === '' ? 'application/octet-stream' : image.type,
        size: image.size,
        ...(filename === undefined ? {} : { filename }),
      },
      callOptions,
    );
    await sendToStorage(signed, image, signal);
    return await complete({ ticket: signed.ticket, ...(presets === undefined ? {} : { presets }) }, callOptions);
  }

  async function callApi<Answer>(
    path: string,
    body: unknown,
    parse: (value: unknown) => Answer | null,
    headers: Record<string, string>,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const url = `${endpoint}${path}`;
    const init = {
      method: 'POST',
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    };
    const response = await reach(url, init, signal);
    const text = await readText(url, response, signal);
    const value = parseJson(text);
    const answer = response.ok ? parse(value) : null;
    if (answer === null) throw new ApiError(describeFailure(url, response, value));
    return answer;
  }

  async function sendToStorage(
    { url, fields }: SignUploadAnswer,
    image: Blob,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    // Storages ignore every field that comes after the file.
    form.append('file', image);
    const response = await reach(url, { method: 'POST', body: form }, signal);
    const text = await readText(url, response, signal);
    if (!response.ok) throw new ApiError(describeRefusal(url, response.status, text));
  }

  async function reach(url: string, init: RequestInit, signal: AbortSignal | undefined): Promise<Response> {
    try {
      return await send(url, signal === undefined ? init : { ...init, signal });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new ApiError(describeSilence(url), { cause });
    }
  }

  return { signUpload, complete, uploadImage };
}

async function readText(url: string, response: Response, signal: AbortSignal | undefined): Promise<string> {
  try {
    return await response.text();
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ApiError(describeSilence(url), { cause });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
