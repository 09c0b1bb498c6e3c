import type { Bucket, Buckets } from './buckets.ts';
import { decodePercent } from './canonical-request.ts';
import { readDescription } from './object-headers.ts';
import type { ObjectCall } from './operation.ts';
import { checkReadConditions } from './preconditions.ts';
import { type Answer, answerXml } from './s3-answer.ts';
import { invalidArgument, noSuchKey, notImplemented, S3Error } from './s3-error.ts';
import { assertKey } from './s3-request.ts';
import { buildXml } from './s3-xml.ts';
import type { ObjectDescription, StoredObject } from './stored-object.ts';

/**
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
 *
 * As on RadosGW (Reef), conditions on the source count and conditions on the target (`If-None-Match`) are ignored.
 */
export async function copyObject({ request, bucket, buckets, key, behaviour }: ObjectCall): Promise<Answer> {
  if (!behaviour.copiesObjects) throw notImplemented('CopyObject');
  assertKey(key);
  const { headers } = request;
  const source = findCopySource(headers, buckets);
  const replacing = readDirective(headers, 'x-amz-metadata-directive') === 'REPLACE';
  if (source.bucket === bucket && source.key === key && !replacing) {
    throw new S3Error(
      400,
      'InvalidRequest',
      'This copy request is illegal because it is trying to copy an object to itself without changing its metadata: use x-amz-metadata-directive: REPLACE.',
    );
  }
  const copied = await source.bucket.objects.use(source.key, async (object, path) => ({
    object,
    file: await bucket.objects.data.copy(path),
  }));
  if (copied === null) throw noSuchKey();
  const { object: original, file } = copied;
  try {
    if (checkSourceConditions(original, headers) === 'not-modified') {
      await bucket.objects.data.remove(file);
      return { status: 304, headers: { 'Content-Type': 'application/xml' } };
    }
    const description = describeCopy(original, headers, { replacing, takesTags: behaviour.checksAsAws });
    const written = { file, bytes: original.bytes, etag: original.etag };
    const object = await bucket.objects.publish(key, { written, description });
    return answerXml(
      buildXml('CopyObjectResult', [
        ['LastModified', object.lastModified.toISOString()],
        ['ETag', `"${object.etag}"`],
      ]),
    );
  } catch (error) {
    await bucket.objects.data.remove(file);
    throw error;
  }
}

/** @throws S3Error InvalidArgument, NoSuchBucket */
export function findCopySource(
  headers: ReadonlyMap<string, string>,
  buckets: Buckets,
): { bucket: Bucket; key: string } {
  const header = headers.get('x-amz-copy-source') ?? '';
  const [path = '', version = 'null'] = header.split('?versionId=');
  const [, bucket, key = ''] = /^\/?([^/]+)\/(.+)$/s.exec(decodePercent(path)) ?? [];
  if (bucket === undefined) throw invalidArgument('x-amz-copy-source must be <bucket>/<percent-encoded key>.');
  // Nothing has versions here, so there is none of another name.
  if (version !== 'null') throw noSuchKey();
  return { bucket: buckets.get(bucket), key };
}

/** @throws S3Error PreconditionFailed */
export function checkSourceConditions(
  original: StoredObject,
  headers: ReadonlyMap<string, string>,
): ReturnType<typeof checkReadConditions> {
  return checkReadConditions(original, {
    ifMatch: headers.get('x-amz-copy-source-if-match'),
    ifNoneMatch: headers.get('x-amz-copy-source-if-none-match'),
    ifModifiedSince: headers.get('x-amz-copy-source-if-modified-since'),
    ifUnmodifiedSince: headers.get('x-amz-copy-source-if-unmodified-since'),
  });
}

function describeCopy(
  original: StoredObject,
  headers: ReadonlyMap<string, string>,
  { replacing, takesTags }: { replacing: boolean; takesTags: boolean },
): ObjectDescription {
  const given = readDescription(headers);
  if (replacing) return given;
  const replacesTags = takesTags && readDirective(headers, 'x-amz-tagging-directive') === 'REPLACE';
  const tags = replacesTags ? given.tags : original.tags;
  const { contentType, headers: stored, metadata } = original;
  // An ACL is never copied.
  return { contentType, headers: stored, metadata, tags, publicRead: given.publicRead };
}

function readDirective(headers: ReadonlyMap<string, string>, name: string): 'COPY' | 'REPLACE' {
  const directive = (headers.get(name) ?? 'COPY').toUpperCase();
  if (directive !== 'COPY' && directive !== 'REPLACE') throw invalidArgument(`${name} may be COPY or REPLACE.`);
  return directive;
}
