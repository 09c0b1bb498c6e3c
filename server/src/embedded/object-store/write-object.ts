import { setTimeout } from 'node:timers/promises';
import type { Bucket } from './buckets.ts';
import type { Publication } from './object-files.ts';
import { readDescription } from './object-headers.ts';
import { buildTagging, parseTagging } from './object-tags.ts';
import type { ObjectCall } from './operation.ts';
import { buildWriteCheck } from './preconditions.ts';
import { type Answer, acceptRanges, answerXml, emptyXmlAnswer } from './s3-answer.ts';
import { noSuchKey } from './s3-error.ts';
import { assertKey, namesMissingVersion } from './s3-request.ts';
import type { StoredObject } from './stored-object.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
export async function putObject({ request, body, bucket, key, behaviour }: ObjectCall): Promise<Answer> {
  assertKey(key);
  const description = readDescription(request.headers);
  const check = buildWriteCheck(behaviour.conditionalPut === 'ignored' ? new Map() : request.headers);
  // Refuses what is refused already before its bytes come in; what counts is the check at publication.
  check(bucket.objects.get(key));
  const written = await bucket.objects.data.write(body.stream());
  if (behaviour.conditionalPut === 'racy') {
    return answerPut(await publishRacily(bucket, key, { written, description, check }));
  }
  const object = await bucket.objects.publish(key, { written, description, check });
  return answerPut(object);
}

function answerPut({ etag }: StoredObject): Answer {
  return { status: 200, headers: { ETag: `"${etag}"`, ...acceptRanges } };
}

/** Long enough for what is sent at the same time to be checked before either is written. */
const racyGapMs = 100;

/** The fault of a store that looks first and writes later. */
async function publishRacily(bucket: Bucket, key: string, publication: Publication): Promise<StoredObject> {
  const { written, description, check } = publication;
  try {
    check?.(bucket.objects.get(key));
  } catch (error) {
    await bucket.objects.data.remove(written.file);
    throw error;
  }
  await setTimeout(racyGapMs);
  return bucket.objects.publish(key, { written, description });
}

/** Idempotent. https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html */
export async function deleteObject({ request, bucket, key }: ObjectCall): Promise<Answer> {
  if (!namesMissingVersion(request)) await bucket.objects.delete(key);
  return { status: 204 };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html */
export function getObjectTagging({ bucket, key }: ObjectCall): Answer {
  const object = bucket.objects.get(key);
  if (object === undefined) throw noSuchKey();
  return answerXml(buildTagging(object.tags));
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html */
export async function putObjectTagging(call: ObjectCall): Promise<Answer> {
  await changeTags(call, parseTagging(await call.body.text()));
  return emptyXmlAnswer;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjectTagging.html */
export async function deleteObjectTagging(call: ObjectCall): Promise<Answer> {
  await changeTags(call, []);
  return { ...emptyXmlAnswer, status: 204 };
}

async function changeTags({ bucket, key }: ObjectCall, tags: StoredObject['tags']): Promise<void> {
  if ((await bucket.objects.change(key, { tags })) === null) throw noSuchKey();
}
