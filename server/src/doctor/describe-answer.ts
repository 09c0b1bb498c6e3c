import { answerHeaderOf, describeCause, statusOf } from '../storage/s3-errors.ts';
import { StorageError } from '../storage/storage.ts';
import { type HttpAnswer, HttpProbeError, reasonOfNoAnswer } from './http-probe.ts';

/** Of a page's title or of a plain text that is quoted. */
const maxQuotedCharacters = 160;

/** What came, in a few words: `HTTP 403 AccessDenied`, `HTTP 200, a web page "MinIO Console" (server: nginx)`. */
export function describeAnswer(answer: HttpAnswer): string {
  const server = answer.headers.get('server');
  const from = server === null || server === 'imgproxy' ? '' : ` (server: ${quotable(server)})`;
  return `HTTP ${answer.status}${describeContent(answer)}${from}`;
}

function describeContent(answer: HttpAnswer): string {
  const location = answer.headers.get('location');
  // Without its query, which may hold a signature.
  if (answer.status >= 300 && answer.status < 400 && location !== null) {
    return `, a redirect to ${quotable(location.split(/[?#]/, 1)[0] ?? '')}`;
  }
  const code = s3CodeOf(answer);
  if (code !== undefined) return ` ${code}`;
  const title = htmlTitleOf(answer);
  if (title !== undefined) return `, a web page${title === '' ? '' : ` "${title}"`}`;
  const type = answer.headers.get('content-type')?.split(';')[0];
  if (type !== undefined && !/^text\/|xml|json/.test(type)) return `, ${quotable(type)}`;
  const text = quotable(answer.body.toString('utf8').trim().split('\n', 1)[0] ?? '');
  return text === '' ? ' without a body' : ` "${text}"`;
}

/** `<Code>` of an S3 error document. */
export function s3CodeOf(answer: Pick<HttpAnswer, 'body'>): string | undefined {
  const code = xmlTextOf(answer, 'Code');
  return code !== undefined && /^[A-Za-z0-9.]{1,64}$/.test(code) ? code : undefined;
}

/** The text of the first element of that name in an XML document. */
export function xmlTextOf({ body }: Pick<HttpAnswer, 'body'>, element: string): string | undefined {
  const match = new RegExp(`<${element}>([^<]{1,1024})</${element}>`).exec(body.toString('utf8'));
  return match?.[1]?.trim();
}

/** The title of an HTML page, empty where it has none; undefined for anything else. */
export function htmlTitleOf({ headers, body }: Pick<HttpAnswer, 'headers' | 'body'>): string | undefined {
  const text = body.toString('utf8');
  if (!/html/i.test(headers.get('content-type') ?? '') && !/^\s*<(!doctype html|html)/i.test(text)) return undefined;
  return quotable(/<title[^>]*>([^<]*)/i.exec(text)?.[1] ?? '');
}

/** What went wrong with a call of the SDK, of the storage or of the probe, in a few words and without quoting a request. */
export function describeFailure(error: unknown): string {
  if (error instanceof HttpProbeError) return error.message;
  if (error instanceof StorageError) return error.cause === undefined ? error.message : describeFailure(error.cause);
  const status = statusOf(error);
  if (status === undefined) return reasonOfNoAnswer(error);
  if (status >= 300) return describeCause(error);
  // A web page where XML was wanted: the SDK complains about its syntax.
  const server = answerHeaderOf(error, 'server');
  return `HTTP ${status}, but no answer of S3${server === undefined ? '' : ` (server: ${quotable(server)})`}`;
}

/** One line, of bounded length, that does nothing to a terminal. */
export function quotable(text: string): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length <= maxQuotedCharacters ? line : `${line.slice(0, maxQuotedCharacters)}…`;
}
