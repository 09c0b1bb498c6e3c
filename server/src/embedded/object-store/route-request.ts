import type { IncomingMessage } from 'node:http';
import { answerPreflight } from './bucket-cors.ts';
import { createBucket, listBuckets } from './bucket-operations.ts';
import type { Bucket, Buckets } from './buckets.ts';
import {
  bucketTable,
  findOperation,
  findSubresource,
  isPostOperation,
  methodNotAllowed,
  objectTable,
} from './operation-table.ts';
import { postObject } from './post-object.ts';
import { getObject, headObject } from './read-object.ts';
import { createRequestBody } from './request-body.ts';
import type { Answer } from './s3-answer.ts';
import { accessDenied } from './s3-error.ts';
import { parseRequest, type S3Request } from './s3-request.ts';
import { type Identity, type VerifiedRequest, verifySignature } from './signature-v4.ts';

export interface StoreContext {
  buckets: Buckets;
  identity: Identity;
  region: string;
  now: () => Date;
}

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
  if (request.method === 'POST' && request.bucket !== undefined && !isPostOperation(request, subresource)) {
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
    if (method === 'GET') return listBuckets(buckets);
    throw methodNotAllowed(method);
  }
  if (key === undefined && subresource === '' && method === 'PUT') {
    return createBucket(name, body, { buckets, region, headers });
  }
  const bucket = buckets.get(name);
  const call = { request, body, bucket, buckets, region };
  if (key === undefined) return findOperation(bucketTable, subresource, method)(call);
  return findOperation(objectTable, subresource, method)({ ...call, key });
}

/** Objects that were stored with a canned ACL such as public-read are for everybody; nothing else is. */
async function answerAnonymous(request: S3Request, buckets: Buckets, subresource: string): Promise<Answer> {
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
