import { ListObjectsV2Command, type ListObjectsV2CommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { UnexpectedAnswerError } from './s3-errors.ts';
import type { ListOptions, ListPage } from './storage.ts';

/** S3 gives no more than this in one answer. */
const maxKeysPerPage = 1_000;

interface Bucket {
  client: S3Client;
  bucket: string;
}

/** Puts one request under its deadline and names its failures. */
type RunRequest = <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>;

interface PageRequest extends ListOptions {
  maxKeys: number;
  token: string | undefined;
}

interface AnsweredPage {
  objects: ListPage['objects'];
  truncated: boolean;
  token: string | undefined;
  serverTime: Date;
}

/**
 * Lists with ListObjectsV2. A page may hold nothing but common prefixes, which are no keys: as `StartAfter` one would be
 * answered again, for ever. So the listing goes on, by continuation token, until a page has a key or the listing ends:
 * usually one request, and one more for each 1000 common prefixes in a row.
 */
export async function listObjects(bucket: Bucket, options: ListOptions, run: RunRequest): Promise<ListPage> {
  if (!Number.isInteger(options.limit) || options.limit < 1) {
    throw new RangeError(`limit must be a whole number of at least 1, not ${options.limit}`);
  }
  const limit = Math.min(options.limit, maxKeysPerPage);
  let token: string | undefined;
  for (;;) {
    const request = { ...options, token, maxKeys: token === undefined ? limit : maxKeysPerPage };
    const answer = await run((signal) => requestPage(bucket, request, signal));
    if (!answer.truncated || answer.objects.length > 0) return toListPage(answer, limit);
    token = answer.token;
  }
}

function toListPage(answer: AnsweredPage, limit: number): ListPage {
  const objects = answer.objects.slice(0, limit);
  const last = objects.at(-1);
  const more = answer.truncated || objects.length < answer.objects.length;
  return { objects, serverTime: answer.serverTime, ...(more && last ? { next: last.key } : {}) };
}

async function requestPage({ client, bucket }: Bucket, page: PageRequest, signal: AbortSignal): Promise<AnsweredPage> {
  const command = new ListObjectsV2Command({
    Bucket: bucket,
    Prefix: page.prefix,
    StartAfter: page.after,
    Delimiter: page.delimiter,
    MaxKeys: page.maxKeys,
    ContinuationToken: page.token,
    // Keys may hold characters that XML 1.0 cannot carry.
    EncodingType: 'url',
  });
  let date: string | undefined;
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      date = headerOf(result.response, 'date');
      return result;
    },
    { step: 'deserialize', name: 'readAnswerDate' },
  );
  const output = await client.send(command, { abortSignal: signal });
  const serverTime = new Date(date ?? '');
  if (Number.isNaN(serverTime.getTime())) throw new UnexpectedAnswerError('the answer has no valid Date header');
  return { ...parsePage(output, page.token), serverTime };
}

function parsePage(
  output: ListObjectsV2CommandOutput,
  usedToken: string | undefined,
): Omit<AnsweredPage, 'serverTime'> {
  const { IsTruncated: truncated, NextContinuationToken: token } = output;
  // Is in every listing; a gateway's page has none.
  if (truncated === undefined) throw new UnexpectedAnswerError('the answer is not a listing');
  const objects = (output.Contents ?? []).map((entry) => parseEntry(entry, output.EncodingType));
  if (truncated && objects.length === 0 && (!token || token === usedToken)) {
    throw new UnexpectedAnswerError('the listing goes on without a new continuation token');
  }
  return { objects, truncated, token };
}

function parseEntry(
  entry: NonNullable<ListObjectsV2CommandOutput['Contents']>[number],
  encoding: string | undefined,
): ListPage['objects'][number] {
  const { Key: key, Size: bytes, LastModified: lastModified } = entry;
  if (key === undefined || bytes === undefined || lastModified === undefined) {
    throw new UnexpectedAnswerError('the listing has an entry without key, size or time');
  }
  return { key: decodeKey(key, encoding), bytes, lastModified };
}

/** Form encoding on AWS (`+` is a space), percent encoding on Ceph: neither leaves a plain `+` that means itself. */
function decodeKey(key: string, encoding: string | undefined): string {
  if (encoding !== 'url') return key;
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch (cause) {
    throw new UnexpectedAnswerError('the listing has a key that cannot be decoded', { cause });
  }
}

function headerOf(response: unknown, header: string): string | undefined {
  if (typeof response !== 'object' || response === null || !('headers' in response)) return undefined;
  const { headers } = response;
  if (typeof headers !== 'object' || headers === null) return undefined;
  const value: unknown = Reflect.get(headers, header);
  return typeof value === 'string' ? value : undefined;
}
