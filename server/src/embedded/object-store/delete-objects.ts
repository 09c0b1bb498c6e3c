import type { BucketCall } from './operation.ts';
import { type Answer, answerXml } from './s3-answer.ts';
import { malformedXml } from './s3-error.ts';
import { buildXml, childrenOf, parseXml, textOf, type XmlChild } from './s3-xml.ts';

const maxKeysPerRequest = 1000;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
export async function deleteObjects({ body, bucket, behaviour }: BucketCall): Promise<Answer> {
  const document = parseXml(await body.text({ ignoresMd5: !behaviour.checksAsAws }), 'Delete');
  const objects = childrenOf(document, 'Object').map((object) => {
    // Not trimmed: a key may begin or end with white space.
    const key = childrenOf(object, 'Key')[0]?.text;
    if (key === undefined || key === '') throw malformedXml('Each Object needs a Key.');
    return { key, version: textOf(object, 'VersionId') };
  });
  if (objects.length === 0 || objects.length > maxKeysPerRequest) {
    throw malformedXml(`A request may delete 1 to ${maxKeysPerRequest} objects.`);
  }
  for (const { key, version = 'null' } of objects) {
    // Nothing is versioned: what is not there counts as deleted.
    if (version === 'null') await bucket.objects.delete(key);
  }
  const quiet = textOf(document, 'Quiet') === 'true';
  const deleted = objects.map(({ key, version }): XmlChild => {
    return [
      'Deleted',
      [
        ['Key', key],
        ['VersionId', version],
      ],
    ];
  });
  return answerXml(buildXml('DeleteResult', quiet ? [] : deleted));
}
