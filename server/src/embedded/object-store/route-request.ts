import type { IncomingMessage } from 'node:http';
import { answerPreflight } from './bucket-cors.ts';
import { createBucket, listBuckets, listObjects } from './bucket-operations.ts';
import type { Bucket, Buckets } from './buckets.ts';
import {
  bucketTable,
  findOperation,
  findSubresource,
  isForm,
  methodNotAllowed,
  objectTable,
} from './operation-table.ts';
import { postObject } from './post-object.ts';
import { getObject, headObject } from './read-object.ts';
import { createRequestBody } from './request-body.ts';
import { type Answer, emptyXmlAnswer } from './s3-answer.ts';
import { accessDenied, notImplemented, S3Error, UnauthenticatedError } from './s3-error.ts';
import { parseRequest, type S3Request } from './s3-request.ts';
import { type Identity, type VerifiedRequest, verifySignature } from './signature-v4.ts';
import type { StoreBehaviour } from './store-profile.ts';

export interface StoreContext {
  buckets: Buckets;
  identity: Identity;
  region: string;
  behaviour: StoreBehaviour;
  now: () => Date;
}

/** @throws S3Error */
export async function routeRequest(incoming: IncomingMessage, context: StoreContext): Promise<Answer> {
  const request = parseRequest(incoming);
  const { buckets, identity, behaviour } = context;
  if (request.bucket === undefined && ['OPTIONS', 'POST'].includes(request.method))
    throw methodNotAllowed(request.method);
  if (request.method === 'OPTIONS') {
    const bucket = buckets.get(request.bucket ?? '');
    const rules = behaviour.unsupported.includes('cors') ? null : bucket.settings.cors;
    return { status: 200, headers: answerPreflight(rules, incoming.headers) };
  }
  const subresource = findSubresource(request);
  if (request.bucket !== undefined && isForm(request, subresource)) {
    return postObject(incoming, buckets.get(request.bucket), { identity, behaviour, now: context.now() });
  }
  const verified = authenticate(request, context);
  if (verified === null) return answerAnonymous(request, context, subresource);
  return runOperation(incoming, verified.presigned ? withHoistedHeaders(request) : request, {
    ...context,
    verified,
    subresource,
  });
}

function authenticate(request: S3Request, { identity, behaviour, now }: StoreContext): VerifiedRequest | null {
  try {
    return verifySignature(request, { identity, now: now(), allowsUnsigned: behaviour.honoursUnsignedHeaders });
  } catch (error) {
    throw error instanceof S3Error ? new UnauthenticatedError(error) : error;
  }
}

async function runOperation(
  incoming: IncomingMessage,
  request: S3Request,
  context: StoreContext & { verified: VerifiedRequest; subresource: string },
): Promise<Answer> {
  const { buckets, region, behaviour, verified, subresource } = context;
  const { method, bucket: name, key, headers } = request;
  const body = createRequestBody(incoming, verified);
  if (name === undefined) {
    if (method === 'GET') return listBuckets(buckets);
    if (method === 'HEAD') return emptyXmlAnswer;
    throw methodNotAllowed(method);
  }
  if (key === undefined && subresource === '' && method === 'PUT') {
    return createBucket(name, body, { buckets, region, headers });
  }
  const bucket = buckets.get(name);
  const call = { request, body, bucket, buckets, region, behaviour };
  if (key === undefined && behaviour.unsupported.includes(subresource))
    throw notImplemented(`${method} ?${subresource}`);
  if (key === undefined) return findOperation(bucketTable, subresource, method)(call);
  return findOperation(objectTable, subresource, method)({ ...call, key });
}

/** Objects that were stored with a canned ACL such as public-read are for everybody; nothing else is, but under a profile. */
async function answerAnonymous(
  request: S3Request,
  { buckets, behaviour }: StoreContext,
  subresource: string,
): Promise<Answer> {
  const { method, bucket: name, key } = request;
  if (method === 'PUT' && key === undefined) throw refusedStranger();
  const bucket: Bucket | undefined = name === undefined ? undefined : buckets.get(name);
  const reads = ['GET', 'HEAD'].includes(method) && subresource === '';
  if (bucket === undefined || !reads) throw refusedStranger();
  if (key === undefined) {
    if (!behaviour.readableByAnybody) throw refusedStranger();
    return method === 'GET' ? listObjects({ request, bucket }) : { status: 200 };
  }
  if (!behaviour.readableByAnybody && bucket.objects.get(key)?.publicRead !== true) throw refusedStranger();
  return method === 'GET' ? getObject({ request, bucket, key }) : headObject({ request, bucket, key });
}

const refusedStranger = (): S3Error =>
  accessDenied('The request is not signed, and this store gives nothing to strangers.');

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
