import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Bucket } from './buckets.ts';
import { parseBoundary, parseForm } from './multipart-form.ts';
import { admitForm, type FormFields } from './post-policy-check.ts';
import { S3Error } from './s3-error.ts';
import { buildPlainXml } from './s3-xml.ts';
import { encodeRfc3986, type Identity } from './signature-v4.ts';

/** How much of a body that was refused is still read, so that a browser gets to see the answer. */
const maxDrainedBytes = 64 * 1024 * 1024;

/** POST Object: a form from a browser. https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html */
export async function postObject(
  bucket: Bucket,
  request: IncomingMessage,
  response: ServerResponse,
  identity: Identity,
  now: Date,
  origin: string,
): Promise<void> {
  const boundary = parseBoundary(request.headers['content-type']);
  if (request.headers['content-length'] === undefined) {
    throw new S3Error(411, 'MissingContentLength', 'A form must say its Content-Length.');
  }
  // An iterator that leaves the stream open: the rest may have to be drained after a refusal.
  const form = await parseForm(request.iterator({ destroyOnReturn: false }), boundary);
  const admitted = admitForm(bucket.name, form.fields, form.filename, identity, now);
  const { objects } = bucket;
  const written = await objects.write(assertSize(form.file, admitted.minBytes, admitted.maxBytes));
  const object = await objects.publish(admitted.key, written, admitted.description);
  const location = `${origin}/${bucket.name}/${encodeRfc3986(object.key)}`;
  answerForm(response, form.fields, { bucket: bucket.name, key: object.key, etag: object.etag, location });
}

async function* assertSize(
  file: AsyncIterable<Uint8Array>,
  minBytes: number,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of file) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new S3Error(400, 'EntityTooLarge', `The file has more than ${maxBytes} bytes.`);
    yield chunk;
  }
  if (bytes < minBytes) throw new S3Error(400, 'EntityTooSmall', `The file has fewer than ${minBytes} bytes.`);
}

function answerForm(
  response: ServerResponse,
  fields: FormFields,
  stored: { bucket: string; key: string; etag: string; location: string },
): void {
  const headers = { ETag: `"${stored.etag}"`, Location: stored.location };
  const redirect = fields.get('success_action_redirect') ?? fields.get('redirect');
  if (redirect !== undefined && URL.canParse(redirect)) {
    const query = `bucket=${encodeRfc3986(stored.bucket)}&key=${encodeRfc3986(stored.key)}&etag=${encodeRfc3986(`"${stored.etag}"`)}`;
    const address = new URL(redirect);
    address.search = address.search === '' ? `?${query}` : `${address.search}&${query}`;
    response.writeHead(303, { ...headers, Location: address.href }).end();
    return;
  }
  const status = fields.get('success_action_status');
  if (status === '201') {
    const body = buildPlainXml('PostResponse', [
      ['Location', stored.location],
      ['Bucket', stored.bucket],
      ['Key', stored.key],
      ['ETag', `"${stored.etag}"`],
    ]);
    response.writeHead(201, { ...headers, 'Content-Type': 'application/xml' }).end(body);
    return;
  }
  response.writeHead(status === '200' ? 200 : 204, headers).end();
}

/** Reads on, up to a bound, what a client still sends after its request was decided. */
export async function drainBody(request: IncomingMessage): Promise<void> {
  let bytes = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      bytes += (chunk as Uint8Array).length;
      if (bytes > maxDrainedBytes) return;
    }
  } catch {
    // The client has gone: nobody waits for the answer.
  }
}
