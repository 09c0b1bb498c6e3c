import * as bucketOperations from './bucket-operations.ts';
import { copyObject } from './copy-object.ts';
import { deleteObjects } from './delete-objects.ts';
import * as multipart from './multipart-operations.ts';
import type { BucketOperation, ObjectOperation } from './operation.ts';
import { getObject, headObject } from './read-object.ts';
import { notImplemented, S3Error } from './s3-error.ts';
import type { S3Request } from './s3-request.ts';
import { uploadPart, uploadPartCopy } from './upload-part.ts';
import * as writes from './write-object.ts';

type OperationTable<Operation> = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

/** Sub-resource (a query parameter) → method → operation; the empty one is the bucket or object itself. */
export const bucketTable: OperationTable<BucketOperation> = {
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
  location: { GET: bucketOperations.getBucketLocation },
  versioning: { GET: bucketOperations.getBucketVersioning },
  'object-lock': { GET: bucketOperations.answerAbsence('ObjectLockConfigurationNotFoundError') },
  policy: { GET: bucketOperations.answerAbsence('NoSuchBucketPolicy') },
  tagging: { GET: bucketOperations.answerAbsence('NoSuchTagSet') },
  encryption: { GET: bucketOperations.answerAbsence('ServerSideEncryptionConfigurationNotFoundError') },
  versions: { GET: bucketOperations.listVersions },
  uploads: { GET: multipart.listMultipartUploads },
  delete: { POST: deleteObjects },
  '': {
    GET: bucketOperations.listObjects,
    HEAD: () => ({ status: 200 }),
    DELETE: bucketOperations.deleteBucket,
  },
};

export const objectTable: OperationTable<ObjectOperation> = {
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

/** The sub-resource that a request is about; empty for the bucket or object itself. */
export function findSubresource({ parameters, key }: S3Request): string {
  const known = Object.keys(key === undefined ? bucketTable : objectTable);
  return [...known, ...unsupported].find((name) => name !== '' && parameters.has(name)) ?? '';
}

/** @throws S3Error NotImplemented, MethodNotAllowed */
export function findOperation<Operation>(
  table: OperationTable<Operation>,
  subresource: string,
  method: string,
): Operation {
  const methods = table[subresource];
  const operation = methods !== undefined && Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (operation !== undefined) return operation;
  if (subresource === '') throw methodNotAllowed(method);
  throw notImplemented(`${method} ?${subresource}`);
}

/** A POST that is no operation is the form of a browser, so far as it looks like one. */
export function isForm({ method, key, headers }: S3Request, subresource: string): boolean {
  if (method !== 'POST') return false;
  const methods = (key === undefined ? bucketTable : objectTable)[subresource];
  if (methods !== undefined && Object.hasOwn(methods, 'POST')) return false;
  return subresource === '' || /^multipart\/form-data/i.test(headers.get('content-type') ?? '');
}

export function methodNotAllowed(method: string): S3Error {
  return new S3Error(405, 'MethodNotAllowed', `${method} does nothing at this address.`);
}
