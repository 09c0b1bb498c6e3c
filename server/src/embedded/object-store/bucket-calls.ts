import { buildCorsConfiguration, parseCorsConfiguration } from './bucket-cors.ts';
import type { Bucket, Buckets } from './buckets.ts';
import { listObjectsV1, listObjectsV2, listObjectVersions } from './list-objects.ts';
import { invalidArgument, malformedXml, notImplemented, S3Error } from './s3-error.ts';
import { buildXml, childrenOf, parseXml, textOf, type XmlChild } from './s3-xml.ts';

/** An answer of a call on a bucket: a status and, mostly, a document. */
export interface BucketAnswer {
  status: number;
  xml?: string;
}

/** Query parameters that choose an operation rather than refine one. */
const subresources = [
  'cors',
  'lifecycle',
  'location',
  'versioning',
  'versions',
  'uploads',
  'delete',
  'acl',
  'policy',
  'tagging',
  'website',
  'logging',
  'notification',
  'encryption',
  'replication',
  'object-lock',
  'ownershipControls',
  'publicAccessBlock',
  'requestPayment',
  'accelerate',
  'analytics',
  'inventory',
  'metrics',
  'intelligent-tiering',
  'policyStatus',
] as const;

export interface BucketCall {
  method: string;
  bucketName: string;
  query: ReadonlyMap<string, string>;
  document: () => Promise<string>;
}

export function listBuckets(buckets: Buckets): string {
  return buildXml('ListAllMyBucketsResult', [
    [
      'Owner',
      [
        ['ID', 'kuanary'],
        ['DisplayName', 'kuanary'],
      ],
    ],
    [
      'Buckets',
      buckets.list().map(
        ({ name, settings }): XmlChild => [
          'Bucket',
          [
            ['Name', name],
            ['CreationDate', settings.created.toISOString()],
          ],
        ],
      ),
    ],
  ]);
}

/** Everything that is asked of a bucket and not of an object in it. @throws S3Error */
export async function answerBucketCall(buckets: Buckets, call: BucketCall): Promise<BucketAnswer> {
  const { method, bucketName, query } = call;
  const subresource = subresources.find((name) => query.has(name));
  if (subresource === undefined) {
    if (method === 'PUT') return createBucket(buckets, call);
    const bucket = buckets.get(bucketName);
    if (method === 'HEAD') return { status: 200 };
    if (method === 'GET')
      return {
        status: 200,
        xml:
          query.get('list-type') === '2'
            ? listObjectsV2(bucketName, bucket.objects, query)
            : listObjectsV1(bucketName, bucket.objects, query),
      };
    if (method === 'DELETE') {
      await buckets.delete(bucketName);
      return { status: 204 };
    }
    throw new S3Error(405, 'MethodNotAllowed', `A bucket does not take ${method}.`);
  }
  const bucket = buckets.get(bucketName);
  switch (`${method} ${subresource}`) {
    case 'GET location':
      return { status: 200, xml: buildXml('LocationConstraint', '') };
    case 'GET versioning':
      return { status: 200, xml: buildXml('VersioningConfiguration', []) };
    case 'GET versions':
      return { status: 200, xml: listObjectVersions(bucketName, bucket.objects, query) };
    case 'GET uploads':
      return { status: 200, xml: listUploads(bucket) };
    case 'POST delete':
      return { status: 200, xml: await deleteObjects(bucket, await call.document()) };
    case 'GET cors':
    case 'PUT cors':
    case 'DELETE cors':
      return answerCors(buckets, bucket, call);
    case 'GET lifecycle':
    case 'PUT lifecycle':
    case 'DELETE lifecycle':
      return answerLifecycle(buckets, bucket, call);
    default:
      throw notImplemented(`${method} ?${subresource} of a bucket`);
  }
}

async function createBucket(buckets: Buckets, call: BucketCall): Promise<BucketAnswer> {
  const body = await call.document();
  if (body.trim() !== '') parseXml(body, 'CreateBucketConfiguration');
  await buckets.create(call.bucketName);
  return { status: 200 };
}

async function answerCors(buckets: Buckets, bucket: Bucket, call: BucketCall): Promise<BucketAnswer> {
  if (call.method === 'PUT') {
    await buckets.change(bucket, { cors: parseCorsConfiguration(await call.document()) });
    return { status: 200 };
  }
  if (call.method === 'DELETE') {
    await buckets.change(bucket, { cors: null });
    return { status: 204 };
  }
  const { cors } = bucket.settings;
  if (cors === null) throw new S3Error(404, 'NoSuchCORSConfiguration', 'The bucket has no CORS configuration.');
  return { status: 200, xml: buildCorsConfiguration(cors) };
}

async function answerLifecycle(buckets: Buckets, bucket: Bucket, call: BucketCall): Promise<BucketAnswer> {
  if (call.method === 'PUT') {
    const document = await call.document();
    assertLifecycle(document);
    await buckets.change(bucket, { lifecycleXml: document });
    return { status: 200 };
  }
  if (call.method === 'DELETE') {
    await buckets.change(bucket, { lifecycleXml: null });
    return { status: 204 };
  }
  const { lifecycleXml } = bucket.settings;
  if (lifecycleXml === null)
    throw new S3Error(404, 'NoSuchLifecycleConfiguration', 'The bucket has no lifecycle configuration.');
  return { status: 200, xml: lifecycleXml };
}

function assertLifecycle(document: string): void {
  const rules = childrenOf(parseXml(document, 'LifecycleConfiguration'), 'Rule');
  if (rules.length === 0) throw malformedXml('A lifecycle configuration needs a Rule.');
  const ids = rules.map((rule) => textOf(rule, 'ID')).filter((id) => id !== undefined);
  if (new Set(ids).size < ids.length) throw invalidArgument('Two rules have the same ID.');
  for (const rule of rules) {
    const status = textOf(rule, 'Status');
    if (status !== 'Enabled' && status !== 'Disabled')
      throw malformedXml('The Status of a rule is Enabled or Disabled.');
    for (const expiration of childrenOf(rule, 'Expiration')) {
      const days = textOf(expiration, 'Days');
      if (days !== undefined && !(Number(days) >= 1)) throw invalidArgument('Days must be at least 1.');
    }
  }
}

async function deleteObjects(bucket: Bucket, document: string): Promise<string> {
  const root = parseXml(document, 'Delete');
  const keys = childrenOf(root, 'Object').map((object) => childrenOf(object, 'Key')[0]?.text);
  if (keys.length === 0 || keys.length > 1000 || keys.some((key) => key === undefined)) {
    throw malformedXml('A Delete document names 1 to 1000 objects by their Key.');
  }
  const deleted: XmlChild[] = [];
  for (const key of keys) {
    await bucket.objects.delete(key ?? '');
    deleted.push(['Deleted', [['Key', key]]]);
  }
  return buildXml('DeleteResult', textOf(root, 'Quiet') === 'true' ? [] : deleted);
}

function listUploads(bucket: Bucket): string {
  return buildXml('ListMultipartUploadsResult', [
    ['Bucket', bucket.name],
    ['IsTruncated', false],
    ...bucket.uploads.list().map(
      (upload): XmlChild => [
        'Upload',
        [
          ['Key', upload.key],
          ['UploadId', upload.id],
          ['Initiated', upload.initiated.toISOString()],
        ],
      ],
    ),
  ]);
}
