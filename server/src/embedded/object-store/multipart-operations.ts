import { encodePercent } from './canonical-request.ts';
import { maxKeysPerPage, owner, parsePageSize } from './list-objects.ts';
import { buildMultipartETag } from './multipart-uploads.ts';
import { readDescription } from './object-headers.ts';
import type { BucketCall, ObjectCall } from './operation.ts';
import { type Answer, answerXml } from './s3-answer.ts';
import { invalidArgument, malformedXml, noSuchKey, S3Error } from './s3-error.ts';
import { assertKey } from './s3-request.ts';
import { buildXml, childrenOf, parseXml, textOf, type XmlChild } from './s3-xml.ts';
import { findUpload } from './upload-part.ts';
import type { MultipartUpload, UploadPart } from './upload-records.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const minPartBytes = 5 * 1024 * 1024;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
export async function createMultipartUpload({ request, bucket, key }: ObjectCall): Promise<Answer> {
  const upload = await bucket.uploads.begin(assertKey(key), readDescription(request.headers));
  return answerXml(
    buildXml('InitiateMultipartUploadResult', [
      ['Bucket', bucket.name],
      ['Key', key],
      ['UploadId', upload.id],
    ]),
  );
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html */
export function listParts(call: ObjectCall): Answer {
  const { bucket, key, request } = call;
  const upload = bucket.uploads.find(request.parameters.get('uploadId') ?? '', key);
  // This code, not NoSuchUpload, is what RadosGW gives here.
  if (upload === undefined) throw noSuchKey();
  const maxParts = parsePageSize(request.parameters, 'max-parts');
  const marker = Number(request.parameters.get('part-number-marker') || 0);
  if (!Number.isSafeInteger(marker)) throw invalidArgument('part-number-marker must be a whole number.');
  const parts = sortedParts(upload).filter(({ number }) => number > marker);
  const page = parts.slice(0, maxParts);
  const truncated = maxParts > 0 && parts.length > maxParts;
  return answerXml(
    buildXml('ListPartsResult', [
      ['Bucket', bucket.name],
      ['Key', key],
      ['UploadId', upload.id],
      ['PartNumberMarker', marker],
      ['NextPartNumberMarker', page.at(-1)?.number ?? 0],
      ['MaxParts', maxParts],
      ['IsTruncated', truncated],
      ['StorageClass', 'STANDARD'],
      owner,
      ...page.map(describePart),
    ]),
  );
}

/**
 * As on RadosGW, the request must name every part that was uploaded, and a second completion is answered as the first.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 */
export async function completeMultipartUpload(call: ObjectCall): Promise<Answer> {
  const { request, body, bucket, key } = call;
  const asked = parseCompletion(await body.text());
  const uploadId = request.parameters.get('uploadId') ?? '';
  const object = await bucket.uploads.exclusively(uploadId, async () => {
    const done = bucket.objects.get(key);
    if (done?.uploadId === uploadId) return done;
    const upload = findUpload(call);
    const parts = chooseParts(upload, asked);
    const { file, bytes } = await bucket.objects.data.write(bucket.uploads.readParts(upload, parts));
    const written = { file, bytes, etag: buildMultipartETag(parts) };
    const made = await bucket.objects.publish(key, { written, description: upload.description, uploadId });
    await bucket.uploads.remove(upload);
    return made;
  });
  return answerXml(
    buildXml('CompleteMultipartUploadResult', [
      [
        'Location',
        `http://${request.headers.get('host') ?? ''}/${bucket.name}/${encodePercent(key).replaceAll('%2F', '/')}`,
      ],
      ['Bucket', bucket.name],
      ['Key', key],
      ['ETag', `"${object.etag}"`],
    ]),
  );
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html */
export async function abortMultipartUpload(call: ObjectCall): Promise<Answer> {
  const { uploads } = call.bucket;
  await uploads.exclusively(call.request.parameters.get('uploadId') ?? '', () => uploads.remove(findUpload(call)));
  return { status: 204 };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html */
export function listMultipartUploads({ request, bucket }: BucketCall): Answer {
  const prefix = request.parameters.get('prefix') ?? '';
  const uploads = bucket.uploads.list().filter(({ key }) => key.startsWith(prefix));
  return answerXml(
    buildXml('ListMultipartUploadsResult', [
      ['Bucket', bucket.name],
      ['Prefix', prefix === '' ? undefined : prefix],
      ['NextKeyMarker', uploads.at(-1)?.key],
      ['NextUploadIdMarker', uploads.at(-1)?.id],
      ['MaxUploads', maxKeysPerPage],
      ['IsTruncated', false],
      ...uploads.map(
        ({ key, id, initiated }): XmlChild => [
          'Upload',
          [
            ['Key', key],
            ['UploadId', id],
            ['Initiator', owner[1]],
            owner,
            ['StorageClass', 'STANDARD'],
            ['Initiated', initiated.toISOString()],
          ],
        ],
      ),
    ]),
  );
}

interface CompletionPart {
  number: number;
  etag: string;
}

function parseCompletion(xml: string): CompletionPart[] {
  const parts = childrenOf(parseXml(xml, 'CompleteMultipartUpload'), 'Part').map((part) => ({
    number: Number(textOf(part, 'PartNumber')),
    etag: (textOf(part, 'ETag') ?? '').replace(/^"(.*)"$/, '$1'),
  }));
  if (parts.length === 0) throw malformedXml('A CompleteMultipartUpload needs a Part.');
  return parts;
}

function chooseParts(upload: MultipartUpload, asked: readonly CompletionPart[]): UploadPart[] {
  const invalidPart = (what: string): S3Error => new S3Error(400, 'InvalidPart', what);
  const chosen = new Map(asked.map(({ number, etag }) => [number, etag]));
  const parts = sortedParts(upload);
  for (const number of chosen.keys()) {
    if (!upload.parts.has(number)) throw invalidPart(`Part ${number} was not uploaded.`);
  }
  for (const { number, etag } of parts) {
    const given = chosen.get(number);
    if (given === undefined) throw invalidPart(`Part ${number} was uploaded but is not in the list.`);
    if (given !== etag) throw invalidPart(`Part ${number} has another ETag than the list says.`);
  }
  if (parts.slice(0, -1).some(({ bytes }) => bytes < minPartBytes)) {
    throw new S3Error(400, 'EntityTooSmall', `Each part but the last needs ${minPartBytes} bytes at least.`);
  }
  return parts;
}

function sortedParts(upload: MultipartUpload): UploadPart[] {
  return [...upload.parts.values()].sort((a, b) => a.number - b.number);
}

function describePart(part: UploadPart): XmlChild {
  return [
    'Part',
    [
      ['PartNumber', part.number],
      ['LastModified', part.lastModified.toISOString()],
      ['ETag', `"${part.etag}"`],
      ['Size', part.bytes],
    ],
  ];
}
