import type { IncomingMessage } from 'node:http';
import { answerPreflight } from './bucket-cors.ts';
import * as bucketOperations from './bucket-operations.ts';
import type { Bucket, Buckets } from './buckets.ts';
import { copyObject } from './copy-object.ts';
import { deleteObjects } from './delete-objects.ts';
import * as multipart from './multipart-operations.ts';
import type { BucketOperation, ObjectOperation } from './operation.ts';
import { postObject } from './post-object.ts';
import { getObject, headObject } from './read-object.ts';
import { createRequestBody } from './request-body.ts';
import { type Answer, answerXml } from './s3-answer.ts';
import { accessDenied, notImplemented, S3Error } from './s3-error.ts';
import { parseRequest, type S3Request } from './s3-request.ts';
import { buildXml } from './s3-xml.ts';
import { type Identity, type VerifiedRequest, verifySignature } from './signature-v4.ts';
import { uploadPart, uploadPartCopy } from './upload-part.ts';
import * as writes from './write-object.ts';

export interface StoreContext {
  buckets: Buckets;
  identity: Identity;
  region: string;
  now: () => Date;
}

type ByMethod<Operation> = Readonly<Record<string, Operation>>;

/** Sub-resource (a query parameter) → method → operation; the empty one is the bucket or object itself. */
const bucketTable: Readonly<Record<string, ByMethod<BucketOperation>>> = {
  cors: {
    GET: bucketOperations.getBucketCors,
    PUT: bucketOperations.putBucketCors,
    DELETE: bucketOperations.deleteBucketCors,
  },
  lifecycle: {
    GET: bucketOperations.getBucketLifecycle,
    PUT: bucketOperations.putBucketLifecycle,
    DELETE: bucketOperations.deleteBucketLifecycle,
  },
  versioning: { GET: bucketOperations.getBucketVersioning },
  versions: { GET: bucketOperations.listVersions },
  uploads: { GET: multipart.listMultipartUploads },
  delete: { POST: deleteObjects },
  '': {
    GET: bucketOperations.listObjects,
    HEAD: () => ({ status: 200 }),
    DELETE: bucketOperations.deleteBucket,
  },
};

const objectTable: Readonly<Record<string, ByMethod<ObjectOperation>>> = {
  tagging: {
    GET: writes.getObjectTagging,
    PUT: writes.putObjectTagging,
    DELETE: writes.deleteObjectTagging,
  },
  uploads: { POST: multipart.createMultipartUpload },
  uploadId: {
    GET: multipart.listParts,
    PUT: (call) => (call.request.headers.has('x-amz-copy-source') ? uploadPartCopy(call) : uploadPart(call)),
    POST: multipart.completeMultipartUpload,
    DELETE: multipart.abortMultipartUpload,
  },
  '': {
    GET: getObject,
    HEAD: headObject,
    PUT: (call) => (call.request.headers.has('x-amz-copy-source') ? copyObject(call) : writes.putObject(call)),
    DELETE: writes.deleteObject,
  },
};

/** Sub-resources of S3 that this store knows by name only. A request for one must not be taken for one of the object. */
const unsupported = [
  'accelerate',
  'acl',
  'analytics',
  'attributes',
  'encryption',
  'intelligent-tiering',
  'inventory',
  'legal-hold',
  'logging',
  'metrics',
  'notification',
  'object-lock',
  'ownershipControls',
  'policy',
  'policyStatus',
  'publicAccessBlock',
  'replication',
  'requestPayment',
  'restore',
  'retention',
  'select',
  'tagging',
  'torrent',
  'website',
];

/** @throws S3Error */
export async function routeRequest(incoming: IncomingMessage, context: StoreContext): Promise<Answer> {
  const request = parseRequest(incoming);
  const { buckets, identity } = context;
  if (request.bucket === undefined && ['OPTIONS', 'POST'].includes(request.method))
    throw methodNotAllowed(request.method);
  if (request.method === 'OPTIONS') {
    const bucket = buckets.get(request.bucket ?? '');
    return { status: 200, headers: answerPreflight(bucket.settings.cors, incoming.headers) };
  }
  const subresource = findSubresource(request);
  if (
    request.method === 'POST' &&
    request.bucket !== undefined &&
    !['delete', 'uploads', 'uploadId'].includes(subresource)
  ) {
    return postObject(incoming, buckets.get(request.bucket), { identity, now: context.now() });
  }
  const verified = verifySignature(request, identity, context.now());
  if (verified === null) return answerAnonymous(request, buckets, subresource);
  return runOperation(incoming, verified.presigned ? withHoistedHeaders(request) : request, {
    ...context,
    verified,
    subresource,
  });
}

async function runOperation(
  incoming: IncomingMessage,
  request: S3Request,
  context: StoreContext & { verified: VerifiedRequest; subresource: string },
): Promise<Answer> {
  const { buckets, region, verified, subresource } = context;
  const { method, bucket: name, key, headers } = request;
  const body = createRequestBody(incoming, verified);
  if (name === undefined) {
    if (method === 'GET') return bucketOperations.listBuckets(buckets);
    throw methodNotAllowed(method);
  }
  if (key === undefined && subresource === '' && method === 'PUT') {
    return bucketOperations.createBucket(name, body, { buckets, region, headers });
  }
  const bucket = buckets.get(name);
  if (key === undefined && subresource === 'location' && method === 'GET') {
    return answerXml(buildXml('LocationConstraint', region));
  }
  const call = { request, body, bucket, buckets };
  if (key === undefined) return findOperation(bucketTable, subresource, method)(call);
  return findOperation(objectTable, subresource, method)({ ...call, key });
}

function findSubresource({ parameters, key }: S3Request): string {
  const known = key === undefined ? [...Object.keys(bucketTable), 'location'] : Object.keys(objectTable);
  return [...known, ...unsupported].find((name) => name !== '' && parameters.has(name)) ?? '';
}

function findOperation<Operation>(
  table: Readonly<Record<string, ByMethod<Operation>>>,
  subresource: string,
  method: string,
): Operation {
  const methods = table[subresource];
  const operation = methods !== undefined && Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (operation !== undefined) return operation;
  if (subresource === '') throw methodNotAllowed(method);
  throw notImplemented(`${method} ?${subresource}`);
}

function methodNotAllowed(method: string): S3Error {
  return new S3Error(405, 'MethodNotAllowed', `${method} does nothing at this address.`);
}

/** Objects that were stored with a canned ACL such as public-read are for everybody; nothing else is. */
function answerAnonymous(request: S3Request, buckets: Buckets, subresource: string): Promise<Answer> {
  const { method, bucket: name, key } = request;
  const bucket: Bucket | undefined = name === undefined ? undefined : buckets.get(name);
  if (bucket !== undefined && key !== undefined && subresource === '' && bucket.objects.get(key)?.publicRead === true) {
    if (method === 'GET') return getObject({ request, bucket, key });
    if (method === 'HEAD') return headObject({ request, bucket, key });
  }
  throw accessDenied('The request is not signed, and this store gives nothing to strangers.');
}

/** The presigners of SDKs move `x-amz-*` headers into the query, where they are signed with it. */
function withHoistedHeaders(request: S3Request): S3Request {
  const hoisted = [...request.parameters].map(([name, value]): [string, string] => [
    name.toLowerCase(),
    Buffer.from(value).toString('latin1'),
  ]);
  return {
    ...request,
    headers: new Map([...hoisted.filter(([name]) => name.startsWith('x-amz-')), ...request.headers]),
  };
}
