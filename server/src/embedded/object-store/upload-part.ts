import { createReadStream } from 'node:fs';
import { checkSourceConditions, findCopySource } from './copy-object.ts';
import type { ObjectCall } from './operation.ts';
import { type Answer, acceptRanges, answerXml } from './s3-answer.ts';
import { invalidArgument, noSuchKey, preconditionFailed, S3Error } from './s3-error.ts';
import { buildXml } from './s3-xml.ts';
import type { StoredObject } from './stored-object.ts';
import type { MultipartUpload } from './upload-records.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const maxPartNumber = 10_000;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html */
export async function uploadPart(call: ObjectCall): Promise<Answer> {
  const { bucket, body } = call;
  const upload = findUpload(call);
  const part = await bucket.uploads.putPart(upload, readPartNumber(call), body.stream());
  return { status: 200, headers: { ETag: `"${part.etag}"`, ...acceptRanges } };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html */
export async function uploadPartCopy(call: ObjectCall): Promise<Answer> {
  const { request, bucket, buckets } = call;
  const upload = findUpload(call);
  const number = readPartNumber(call);
  const source = findCopySource(request.headers, buckets);
  const part = await source.bucket.objects.use(source.key, async (object, path) => {
    if (checkSourceConditions(object, request.headers) === 'not-modified') {
      throw preconditionFailed('The source is one that the request does not want.');
    }
    const range = readCopyRange(request.headers.get('x-amz-copy-source-range'), object);
    return bucket.uploads.putPart(upload, number, createReadStream(path, range));
  });
  if (part === null) throw noSuchKey();
  return answerXml(
    buildXml('CopyPartResult', [
      ['LastModified', part.lastModified.toISOString()],
      ['ETag', `"${part.etag}"`],
    ]),
  );
}

/** Of the address of a request. @throws S3Error NoSuchUpload */
export function findUpload({ request, bucket, key }: ObjectCall): MultipartUpload {
  return bucket.uploads.get(request.parameters.get('uploadId') ?? '', key);
}

function readPartNumber({ request, behaviour }: ObjectCall): number {
  const text = request.parameters.get('partNumber') ?? '';
  if (!behaviour.checksAsAws && /^\d{1,9}$/.test(text)) return Number(text);
  if (!/^\d{1,5}$/.test(text) || Number(text) < 1 || Number(text) > maxPartNumber) {
    throw invalidArgument(`partNumber must be a whole number from 1 to ${maxPartNumber}.`);
  }
  return Number(text);
}

/** Unlike a Range header, it may not ask for more than there is. */
function readCopyRange(header: string | undefined, object: StoredObject): { start?: number; end?: number } {
  if (header === undefined) return {};
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(header) ?? [];
  if (first === undefined) throw invalidArgument('x-amz-copy-source-range must be bytes=<first>-<last>.');
  const range = { start: Number(first), end: Number(last) };
  if (range.end >= object.bytes || range.start > range.end) {
    throw new S3Error(416, 'InvalidRange', `The range is not within the ${object.bytes} bytes of the source.`);
  }
  return range;
}
