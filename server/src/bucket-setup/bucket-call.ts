import { Readable } from 'node:stream';
import type {
  $Command,
  S3Client,
  S3ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes,
} from '@aws-sdk/client-s3';
import { DeadlineError, UnexpectedAnswerError } from '../storage/s3-errors.ts';

/** Of one call with its repetitions, until the last byte of the answer. */
const bucketCallTimeoutMs = 15_000;
/** Of an answer. AWS allows 64 KB of CORS rules, and 1000 lifecycle rules of some hundred bytes each. */
export const maxBucketAnswerBytes = 1_048_576;

export interface CallLimits {
  /** Default: `bucketCallTimeoutMs`. */
  timeoutMs?: number;
  /** Ends the call earlier. */
  signal?: AbortSignal;
}

/**
 * Sends a command and gives its output with the answer's text. The SDK's own limits end with the headers: a server that
 * stops within the body would hold the program for ever.
 *
 * @throws DeadlineError when time is over; UnexpectedAnswerError when the answer is too large; otherwise the SDK's error
 */
export async function callBucket<Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
  client: S3Client,
  command: $Command<Input, Output, S3ClientResolvedConfig, ServiceInputTypes, ServiceOutputTypes>,
  { timeoutMs = bucketCallTimeoutMs, signal }: CallLimits = {},
): Promise<{ output: Output; document: string }> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new DeadlineError(timeoutMs)), timeoutMs);
  const ended = signal === undefined ? controller.signal : AbortSignal.any([controller.signal, signal]);
  let document = '';
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      document = await readAnswerText(result.response);
      return result;
    },
    // Nearest to the network, before the SDK parses the body.
    { step: 'deserialize', priority: 'low', name: 'readAnswerText' },
  );
  try {
    ended.throwIfAborted();
    const output = await Promise.race([client.send(command, { abortSignal: ended }), rejectOnAbort(ended)]);
    return { output, document };
  } catch (error) {
    // After an abort the SDK reports whatever it was doing; the reason is what counts.
    throw ended.aborted ? ended.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

/** Reads the body to its end and puts it back, so that the SDK can read it too. Empty where there is none. */
async function readAnswerText(response: unknown): Promise<string> {
  if (typeof response !== 'object' || response === null || !('body' in response)) return '';
  const { body } = response;
  if (!(body instanceof Readable)) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.byteLength;
    // Leaving the loop ends the connection.
    if (size > maxBucketAnswerBytes)
      throw new UnexpectedAnswerError(`an answer of more than ${maxBucketAnswerBytes} bytes`);
  }
  const bytes = Buffer.concat(chunks);
  response.body = new Uint8Array(bytes);
  return bytes.toString('utf8');
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
