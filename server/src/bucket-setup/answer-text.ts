import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';

/** Reads an SDK answer's body to its end and puts it back, so that the SDK can read it too. Empty where there is none. */
export async function readAnswerText(response: unknown): Promise<string> {
  if (typeof response !== 'object' || response === null || !('body' in response)) return '';
  const { body } = response;
  if (!(body instanceof Readable)) return '';
  const bytes = await buffer(body);
  response.body = new Uint8Array(bytes);
  return bytes.toString('utf8');
}
