import { buildCorsConfiguration, parseCorsConfiguration } from './bucket-cors.ts';
import { assertLifecycleConfiguration } from './bucket-lifecycle.ts';
import type { Buckets } from './buckets.ts';
import { listObjectsV1, listObjectsV2, listObjectVersions, owner } from './list-objects.ts';
import { isPublicRead } from './object-headers.ts';
import type { BucketCall } from './operation.ts';
import type { RequestBody } from './request-body.ts';
import { type Answer, answerXml, emptyXmlAnswer } from './s3-answer.ts';
import { invalidArgument, notImplemented, S3Error } from './s3-error.ts';
import { buildXml, parseXml, textOf, type XmlChild } from './s3-xml.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html */
export function listBuckets(buckets: Buckets): Answer {
  const list = buckets.list().map(
    ({ name, settings }): XmlChild => [
      'Bucket',
      [
        ['Name', name],
        ['CreationDate', settings.created.toISOString()],
      ],
    ],
  );
  return answerXml(buildXml('ListAllMyBucketsResult', [owner, ['Buckets', list]]));
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html */
export async function createBucket(
  name: string,
  body: RequestBody,
  context: { buckets: Buckets; region: string; headers: ReadonlyMap<string, string> },
): Promise<Answer> {
  if (isPublicRead(context.headers.get('x-amz-acl'))) throw notImplemented('public buckets');
  const document = await body.text();
  if (document !== '') {
    const location = readLocation(document);
    if (location !== '' && location !== context.region) {
      throw new S3Error(
        400,
        'InvalidLocationConstraint',
        `The specified location-constraint is not valid: this store has the region "${context.region}" only.`,
      );
    }
  }
  await context.buckets.create(name);
  return { status: 200 };
}

/** @throws S3Error InvalidArgument, which is what RadosGW has in this place for XML that is none */
function readLocation(document: string): string {
  try {
    return textOf(parseXml(document, 'CreateBucketConfiguration'), 'LocationConstraint') ?? '';
  } catch (error) {
    throw error instanceof S3Error ? invalidArgument(error.message) : error;
  }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html */
export async function deleteBucket({ bucket, buckets }: BucketCall): Promise<Answer> {
  await buckets.delete(bucket.name);
  return { status: 204 };
}

/** Both versions of the call. */
export function listObjects({ request, bucket }: Pick<BucketCall, 'request' | 'bucket'>): Answer {
  const list = request.parameters.get('list-type') === '2' ? listObjectsV2 : listObjectsV1;
  return answerXml(list(bucket.name, bucket.objects, request.parameters));
}

export function listVersions({ request, bucket }: BucketCall): Answer {
  return answerXml(listObjectVersions(bucket.name, bucket.objects, request.parameters));
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html */
export function getBucketLocation({ region }: BucketCall): Answer {
  return answerXml(buildXml('LocationConstraint', region));
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html: nothing is versioned, whatever is said here */
export function getBucketVersioning({ behaviour }: BucketCall): Answer {
  return answerXml(buildXml('VersioningConfiguration', [['Status', behaviour.versioningStatus]]));
}

/** What no bucket has here, and cannot be given: asked for it, the store says what a bucket without it says. */
export const answerAbsence =
  (code: string) =>
  ({ request }: BucketCall): never => {
    throw new S3Error(404, code, `The bucket has nothing of the kind: ${[...request.parameters.keys()].join(', ')}.`);
  };

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketCors.html */
export function getBucketCors({ bucket }: BucketCall): Answer {
  const { cors } = bucket.settings;
  if (cors === null) throw new S3Error(404, 'NoSuchCORSConfiguration', 'The bucket has no CORS configuration.');
  return answerXml(buildCorsConfiguration(cors));
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html */
export async function putBucketCors({ body, bucket, buckets, behaviour }: BucketCall): Promise<Answer> {
  const document = await body.text({ ignoresMd5: !behaviour.checksAsAws });
  await buckets.change(bucket.name, { cors: parseCorsConfiguration(document) });
  return emptyXmlAnswer;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketCors.html */
export async function deleteBucketCors({ bucket, buckets }: BucketCall): Promise<Answer> {
  await buckets.change(bucket.name, { cors: null });
  return { status: 204 };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLifecycleConfiguration.html */
export function getBucketLifecycle({ bucket }: BucketCall): Answer {
  const { lifecycleXml } = bucket.settings;
  if (lifecycleXml === null) {
    throw new S3Error(404, 'NoSuchLifecycleConfiguration', 'The bucket has no lifecycle configuration.');
  }
  return answerXml(lifecycleXml);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html */
export async function putBucketLifecycle({ body, bucket, buckets }: BucketCall): Promise<Answer> {
  const lifecycleXml = await body.text();
  assertLifecycleConfiguration(lifecycleXml);
  await buckets.change(bucket.name, { lifecycleXml });
  return emptyXmlAnswer;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketLifecycle.html */
export async function deleteBucketLifecycle({ bucket, buckets }: BucketCall): Promise<Answer> {
  await buckets.change(bucket.name, { lifecycleXml: null });
  return { ...emptyXmlAnswer, status: 204 };
}
