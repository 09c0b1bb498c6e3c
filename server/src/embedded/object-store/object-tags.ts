import { parseQuery } from './canonical-request.ts';
import { S3Error } from './s3-error.ts';
import { buildXml, childrenOf, parseXml, textOf, type XmlChild } from './s3-xml.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html */
const maxTags = 10;
const maxTagKeyLength = 128;
const maxTagValueLength = 256;

export type Tags = readonly (readonly [key: string, value: string])[];

/** Of the header `x-amz-tagging`: a query string. @throws S3Error InvalidArgument */
export function parseTagQuery(text: string): [string, string][] {
  return assertTags(parseQuery(text), 'InvalidArgument');
}

/** Of a request body or a form field. @throws S3Error MalformedXML, InvalidTag */
export function parseTagging(xml: string): [string, string][] {
  const tagging = parseXml(xml, 'Tagging');
  const tagSet = childrenOf(tagging, 'TagSet').flatMap((set) => childrenOf(set, 'Tag'));
  return assertTags(
    tagSet.map((tag): [string, string] => [textOf(tag, 'Key') ?? '', textOf(tag, 'Value') ?? '']),
    'InvalidTag',
  );
}

export function buildTagging(tags: Tags): string {
  const tag = ([key, value]: Tags[number]): XmlChild => [
    'Tag',
    [
      ['Key', key],
      ['Value', value],
    ],
  ];
  return buildXml('Tagging', [['TagSet', tags.map(tag)]]);
}

function assertTags(tags: [string, string][], code: string): [string, string][] {
  if (tags.length > maxTags) throw new S3Error(400, code, `An object may have ${maxTags} tags, no more.`);
  for (const [key, value] of tags) {
    if (key === '' || key.length > maxTagKeyLength || value.length > maxTagValueLength) {
      throw new S3Error(
        400,
        code,
        `A tag has a key of 1 to ${maxTagKeyLength} characters and a value of up to ${maxTagValueLength}.`,
      );
    }
  }
  if (new Set(tags.map(([key]) => key)).size < tags.length) {
    throw new S3Error(400, code, 'An object may have one tag of a key, no more.');
  }
  return tags;
}
