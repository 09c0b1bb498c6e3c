/**
 * The whole client: three HTTP calls and no library.
 *
 * @typedef {{ who: string, method: string, url: string, sentBytes: number, request?: unknown }} StartedCall
 * @typedef {{ ok: boolean, status: string, ms: number, receivedBytes?: number, answer?: unknown }} FinishedCall
 * @typedef {(call: StartedCall) => (result: FinishedCall) => void} RecordCall
 */

/** `message` is a sentence for people; `requestId` finds the request in the API's log. */
export class UploadError extends Error {
  /** @param {string} message @param {{ requestId?: string, cause?: unknown }} [details] */
  constructor(message, { requestId, cause } = {}) {
    super(message, { cause });
    this.name = 'UploadError';
    this.requestId = requestId;
  }
}

/**
 * Signs, uploads, completes.
 *
 * @param {File} file
 * @param {{
 *   contentType: string,
 *   signal: AbortSignal,
 *   recordCall: RecordCall,
 *   onProgress: (sentBytes: number) => void,
 *   onUploaded: () => void,
 * }} options
 * @returns {Promise<{ ticket: string, answer: object }>} the ticket, and the answer of `POST /complete`
 */
export async function uploadImage(file, { contentType, signal, recordCall, onProgress, onUploaded }) {
  const wanted = { contentType, size: file.size, filename: file.name.slice(0, 255) };
  const { url, fields, ticket } = await callApi('POST', 'sign-upload', { body: wanted, signal, recordCall });
  await sendToStore(url, fields, file, { signal, recordCall, onProgress });
  onUploaded();
  const answer = await callApi('POST', 'complete', { body: { ticket }, signal, recordCall });
  return { ticket, answer };
}

/** Deletes an image with the ticket that made it. */
export async function deleteImage(filename, ticket, recordCall) {
  const path = `images/${encodeURIComponent(filename)}`;
  await callApi('DELETE', path, { recordCall, headers: { Authorization: `Bearer ${ticket}` } });
}

/** One call of the API: JSON in, JSON out, its own sentence when it says no. */
export async function callApi(method, path, { body, form, headers = {}, signal, recordCall }) {
  const url = new URL(path, document.baseURI).href;
  const sent = body === undefined ? form : JSON.stringify(body);
  const sentBytes = body === undefined ? bytesOfForm(form) : sent.length;
  const finish = recordCall?.({ who: 'API', method, url, sentBytes, request: body });
  const startedAt = performance.now();
  const json = body === undefined ? {} : { 'Content-Type': 'application/json' };
  let response;
  let text;
  try {
    response = await fetch(url, { method, headers: { ...headers, ...json }, body: sent, signal });
    text = await response.text();
  } catch (error) {
    finish?.({ ok: false, status: 'no answer', ms: performance.now() - startedAt });
    signal?.throwIfAborted();
    throw new UploadError('The API could not be reached. Is it still running? Try again.', { cause: error });
  }
  const answer = parseJson(text);
  const { ok, status } = response;
  finish?.({ ok, status: String(status), ms: performance.now() - startedAt, receivedBytes: text.length, answer });
  if (!ok)
    throw new UploadError(answer?.error ?? `The API answered ${status} without a reason.`, {
      requestId: answer?.requestId,
    });
  return answer;
}

/** XMLHttpRequest, because `fetch` does not tell how much has been sent. */
function sendToStore(url, fields, file, { signal, recordCall, onProgress }) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', file); // last: stores ignore what comes after the file
  const finish = recordCall({ who: 'object store', method: 'POST', url, sentBytes: file.size, request: fields });
  const startedAt = performance.now();

  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    const settle = (ok, status, error) => {
      signal.removeEventListener('abort', abort);
      finish({ ok, status, ms: performance.now() - startedAt });
      if (error === undefined) resolve();
      else reject(error);
    };
    request.open('POST', url);
    request.upload.onprogress = (event) => onProgress(event.total === 0 ? 0 : (event.loaded / event.total) * file.size);
    request.onload = () => {
      const ok = request.status >= 200 && request.status < 300;
      settle(ok, String(request.status), ok ? undefined : refusal(request.status, request.responseText));
    };
    request.onerror = () => {
      const host = new URL(url).host;
      const sentence = `The object store at ${host} could not be reached. It may be down, not open to this page (CORS), or blocked by a browser extension. Try again.`;
      settle(false, 'no answer', new UploadError(sentence));
    };
    request.onabort = () => settle(false, 'cancelled', signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    request.send(form);
  });
}

/** Stores explain themselves in XML; its `Code` is the part worth showing. */
function refusal(status, xml) {
  const code = /<Code>(\w{1,100})<\/Code>/.exec(xml)?.[1];
  const requestId = /<RequestId>([\w-]{1,200})<\/RequestId>/.exec(xml)?.[1];
  const sentence =
    code === 'AccessDenied'
      ? 'The object store refused the file: the permission has expired. Try again.'
      : `The object store refused the file (${code ?? status}). Try again.`;
  return new UploadError(sentence, { requestId });
}

function bytesOfForm(form) {
  if (form === undefined) return 0;
  return [...form.values()].reduce((sum, value) => sum + (typeof value === 'string' ? value.length : value.size), 0);
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
