import { parseErrorAnswer } from './parse-answer.ts';

/** Codes of this client's own, beside the API's catalogue: no answer came, or one that the API did not write. */
export type ClientErrorCode = 'network_error' | 'unreadable_answer' | 'storage_refused';

export interface Failure {
  message: string;
  code: string;
  status: number;
  requestId?: string | undefined;
}

/** No answer at all. Browsers do not tell a page why: being offline and a refusal by CORS look the same. */
export function describeSilence(url: string): Failure {
  const message = `${hostOf(url)} could not be reached. Check the connection, the address, and that it allows this page's origin; then try again.`;
  return ownFailure('network_error', message, 0);
}

/** The API's own sentence where it sent one; a proxy in front of it answers in HTML. */
export function describeFailure(url: string, response: Response, value: unknown): Failure {
  const { status } = response;
  const said = parseErrorAnswer(value);
  if (said !== null) return { message: said.error, code: said.code, status, requestId: said.requestId };
  const requestId = response.headers.get('X-Request-Id') ?? undefined;
  return ownFailure('unreadable_answer', describeForeignAnswer(hostOf(url), status), status, requestId);
}

/** S3's error document is XML; its `Code` is all that is wanted of it. */
export function describeRefusal(url: string, status: number, xml: string): Failure {
  const s3Code = /<Code>(\w{1,100})<\/Code>/.exec(xml)?.[1];
  const requestId = /<RequestId>([\w-]{1,200})<\/RequestId>/.exec(xml)?.[1];
  const reason = s3Code === undefined ? String(status) : `${status} ${s3Code}`;
  const remedy =
    s3Code === 'AccessDenied'
      ? 'The permission may have expired: upload the file again.'
      : 'Upload the file again; it must be the one that was signed.';
  return ownFailure(
    'storage_refused',
    `The storage at ${hostOf(url)} refused the file (${reason}). ${remedy}`,
    status,
    requestId,
  );
}

function ownFailure(code: ClientErrorCode, message: string, status: number, requestId?: string): Failure {
  return { message, code, status, requestId };
}

function describeForeignAnswer(host: string, status: number): string {
  if (status === 413) return `A proxy before ${host} says that the request is too large (413). Raise its limit.`;
  if (status >= 500) return `${host} is not available right now (${status}). Try again shortly.`;
  return `${host} gave an answer (${status}) that is not the API's. Check the endpoint, and what proxies are before it.`;
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return 'The server';
  }
}
