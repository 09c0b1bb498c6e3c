import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Bucket, Buckets } from './buckets.ts';
import { answerRead } from './object-reads.ts';
import { assertKey, copyObject, describeWrite, putObject } from './object-writes.ts';
import { readBody, readDocument } from './request-body.ts';
import { malformedXml, notImplemented, S3Error } from './s3-error.ts';
import { buildXml, childrenOf, parseXml, textOf, type XmlChild } from './s3-xml.ts';
import type { VerifiedRequest } from './signature-v4.ts';

export interface ObjectCall {
  request: IncomingMessage;
  response: ServerResponse;
  bucket: Bucket;
  key: string;
  query: ReadonlyMap<string, string>;
  verified: VerifiedRequest;
}

/** Query parameters of an object that choose an operation which this store does not have. */
const unknownSubresources = ['acl', 'tagging', 'retention', 'legal-hold', 'torrent', 'restore', 'select', 'attributes'];

/** Everything that is asked of one object. @throws S3Error */
export async function answerObjectCall(buckets: Buckets, call: ObjectCall): Promise<void> {
  const { request, response, bucket, key, query } = call;
  const method = request.method ?? '';
  const unknown = unknownSubresources.find((name) => query.has(name));
  if (unknown !== undefined) throw notImplemented(`${method} ?${unknown} of an object`);
  if (query.has('uploads') || query.has('uploadId')) return answerMultipartCall(call);
  switch (method) {
    case 'GET':
    case 'HEAD':
      return answerRead(bucket.objects, { method, key, headers: request.headers, query }, response);
    case 'PUT':
      return answerPut(buckets, call);
    case 'DELETE':
      await bucket.objects.delete(key);
      response.writeHead(204).end();
      return;
    default:
      throw new S3Error(405, 'MethodNotAllowed', `An object does not take ${method}.`);
  }
}

async function answerPut(
  buckets: Buckets,
  { request, response, bucket, key, query, verified }: ObjectCall,
): Promise<void> {
  if (request.headers['x-amz-copy-source'] !== undefined) {
    return answerXml(response, await copyObject(buckets, { bucket: bucket.name, key }, request.headers, query));
  }
  const object = await putObject(bucket.objects, key, readBody(request, verified), request.headers, query);
  response.writeHead(200, { ETag: `"${object.etag}"`, 'Content-Length': 0 }).end();
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html */
async function answerMultipartCall({ request, response, bucket, key, query, verified }: ObjectCall): Promise<void> {
  const { uploads } = bucket;
  if (query.has('uploads')) {
    if (request.method !== 'POST') throw new S3Error(405, 'MethodNotAllowed', 'An upload is begun with POST.');
    assertKey(key);
    const upload = await uploads.create(key, describeWrite(request.headers, query));
    return answerXml(
      response,
      buildXml('InitiateMultipartUploadResult', [
        ['Bucket', bucket.name],
        ['Key', key],
        ['UploadId', upload.id],
      ]),
    );
  }
  const upload = uploads.get(query.get('uploadId') ?? '', key);
  switch (request.method) {
    case 'PUT': {
      if (request.headers['x-amz-copy-source'] !== undefined) throw notImplemented('UploadPartCopy');
      const etag = await uploads.putPart(upload, query.get('partNumber') ?? '', readBody(request, verified));
      response.writeHead(200, { ETag: `"${etag}"`, 'Content-Length': 0 }).end();
      return;
    }
    case 'GET':
      return answerXml(
        response,
        buildXml('ListPartsResult', [
          ['Bucket', bucket.name],
          ['Key', key],
          ['UploadId', upload.id],
          ['MaxParts', 1000],
          ['IsTruncated', false],
          ...uploads.listParts(upload).map(
            (part): XmlChild => [
              'Part',
              [
                ['PartNumber', part.number],
                ['LastModified', part.lastModified.toISOString()],
                ['ETag', `"${part.etag}"`],
                ['Size', part.bytes],
              ],
            ],
          ),
        ]),
      );
    case 'POST': {
      const written = await uploads.join(upload, parseParts(await readDocument(request, verified)), bucket.objects);
      const object = await bucket.objects.publish(key, written, upload.description);
      await uploads.remove(upload);
      return answerXml(
        response,
        buildXml('CompleteMultipartUploadResult', [
          ['Bucket', bucket.name],
          ['Key', key],
          ['ETag', `"${object.etag}"`],
        ]),
      );
    }
    case 'DELETE':
      await uploads.remove(upload);
      response.writeHead(204).end();
      return;
    default:
      throw new S3Error(405, 'MethodNotAllowed', `An upload does not take ${request.method}.`);
  }
}

function parseParts(document: string): { number: number; etag: string }[] {
  const parts = childrenOf(parseXml(document, 'CompleteMultipartUpload'), 'Part').map((part) => ({
    number: Number(textOf(part, 'PartNumber') ?? Number.NaN),
    etag: (textOf(part, 'ETag') ?? '').replaceAll('"', ''),
  }));
  if (parts.length === 0 || parts.some(({ number }) => !Number.isInteger(number))) {
    throw malformedXml('A CompleteMultipartUpload document names at least one Part.');
  }
  return parts;
}

function answerXml(response: ServerResponse, xml: string): void {
  response.writeHead(200, { 'Content-Type': 'application/xml' }).end(xml);
}
