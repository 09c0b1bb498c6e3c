import type { IncomingMessage } from 'node:http';
import type { Bucket } from './buckets.ts';
import { encodePercent } from './canonical-request.ts';
import { awsFormLimits, type FormLimits, parseBoundary, parseForm, wideFormLimits } from './multipart-form.ts';
import {
  assertHeaderValue,
  assertStorageClass,
  isPublicRead,
  readMetadata,
  utf8AsHeaderBytes,
} from './object-headers.ts';
import { parseTagging } from './object-tags.ts';
import { checkPostPolicy, type FormFields, type SizeRange } from './post-policy-check.ts';
import { rawBody } from './request-body.ts';
import { type Answer, acceptRanges } from './s3-answer.ts';
import { invalidArgument, notImplemented, S3Error } from './s3-error.ts';
import { assertKey, assertKeyCharacters } from './s3-request.ts';
import { buildPlainXml } from './s3-xml.ts';
import type { Identity } from './signature-v4.ts';
import type { StoreBehaviour } from './store-profile.ts';
import { defaultContentType, type ObjectDescription, type StoredObject } from './stored-object.ts';

const anySize: SizeRange = { minBytes: 0, maxBytes: Number.MAX_SAFE_INTEGER };
const filenamePlaceholder = '$' + '{filename}';

/** POST Object, the form of a browser. https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html */
export async function postObject(
  incoming: IncomingMessage,
  bucket: Bucket,
  { identity, now, behaviour }: { identity: Identity; now: Date; behaviour: StoreBehaviour },
): Promise<Answer> {
  if (!behaviour.takesForms) throw notImplemented('POST Object');
  const limits = behaviour.checksAsAws ? awsFormLimits : wideFormLimits;
  const boundary = parseBoundary(incoming.headers['content-type'], limits);
  if (incoming.headers['content-length'] === undefined) {
    throw new S3Error(411, 'MissingContentLength', 'A form must be sent with its Content-Length.');
  }
  const { fields, filename, file } = await parseForm(rawBody(incoming), boundary, limits);
  const assertFormKey = behaviour.checksAsAws ? assertKey : assertKeyCharacters;
  const key = assertFormKey(readKey(fields, filename, limits));
  const range = behaviour.enforcesPolicies ? checkPostPolicy(bucket.name, fields, identity, now) : anySize;
  const description = describeForm(fields);
  if (file === null) throw invalidArgument('The form has no file: a part named "file" must be its last one.');
  const written = await bucket.objects.data.write(limitSize(file, range));
  const object = await bucket.objects.publish(key, { written, description });
  return buildAnswer(bucket.name, object, { fields, host: incoming.headers.host ?? '', behaviour });
}

function readKey(fields: FormFields, filename: string | undefined, { maxBytesBeforeFile }: FormLimits): string {
  const key = fields.get('key');
  if (key === undefined) {
    throw invalidArgument(
      `Key not specified: the form needs a field "key" within ${maxBytesBeforeFile} bytes before its file.`,
    );
  }
  if (key === '') throw invalidArgument('Empty object name: the field "key" must not be empty.');
  // A path in the file's name is the client's own business.
  const name = filename?.split(/[\\/]/).at(-1);
  return name === undefined ? key : key.replaceAll(filenamePlaceholder, () => name);
}

/** Cache-Control, Content-Disposition and their like are held to the policy and then dropped, as RadosGW does. */
function describeForm(fields: FormFields): ObjectDescription {
  const publicRead = isPublicRead(fields.get('acl'));
  assertStorageClass(fields.get('x-amz-storage-class'));
  const headers = new Map([...fields].map(([name, value]) => [name, utf8AsHeaderBytes(value)]));
  const contentType = headers.get('content-type') ?? defaultContentType;
  assertHeaderValue('Content-Type', contentType);
  const tagging = fields.get('tagging');
  const tags = tagging === undefined ? [] : parseTagging(tagging);
  return { contentType, headers: {}, metadata: readMetadata(headers), tags, publicRead };
}

async function* limitSize(file: AsyncIterable<Uint8Array>, range: SizeRange): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of file) {
    bytes += chunk.length;
    if (bytes > range.maxBytes) {
      throw new S3Error(
        400,
        'EntityTooLarge',
        `The file is larger than the ${range.maxBytes} bytes that its policy allows.`,
      );
    }
    yield chunk;
  }
  if (bytes < range.minBytes) {
    throw new S3Error(
      400,
      'EntityTooSmall',
      `The file has ${bytes} bytes, its policy demands ${range.minBytes} at least.`,
    );
  }
}

function buildAnswer(
  bucket: string,
  object: StoredObject,
  { fields, host, behaviour }: { fields: FormFields; host: string; behaviour: StoreBehaviour },
): Answer {
  const location = `http://${host}/${bucket}/${encodePercent(object.key)}`;
  const described = { ETag: `"${object.etag}"`, Location: location };
  const headers = { ...(behaviour.describesFormUploads ? described : {}), ...acceptRanges };
  const redirect = fields.get('success_action_redirect') ?? '';
  // As it was written, like RadosGW, so long as a header can hold it.
  if (/^[\x21-\x7e]+$/.test(redirect)) {
    const query = `bucket=${bucket}&key=${encodePercent(object.key)}&etag=${encodePercent(`"${object.etag}"`)}`;
    return { status: 303, headers: { ...headers, Location: `${redirect}?${query}` } };
  }
  switch (fields.get('success_action_status')) {
    case '200':
      return { status: 200, headers };
    case '201': {
      const body = buildPlainXml('PostResponse', [
        ['Location', location],
        ['Bucket', bucket],
        ['Key', object.key],
        ['ETag', object.etag],
      ]);
      return { status: 201, headers, body };
    }
    default:
      return { status: 204, headers };
  }
}
