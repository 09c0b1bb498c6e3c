import type { ObjectFiles } from './object-files.ts';
import { invalidArgument } from './s3-error.ts';
import { buildXml, type XmlChild } from './s3-xml.ts';
import { compareKeys } from './sorted-keys.ts';
import type { StoredObject } from './stored-object.ts';

export const maxKeysPerPage = 1000;

interface ListRequest {
  prefix: string;
  delimiter: string;
  maxKeys: number;
  /** Only what comes behind this key or common prefix. */
  after: string;
}

interface Page {
  objects: StoredObject[];
  prefixes: string[];
  truncated: boolean;
  /** The last key or common prefix of the page. */
  last: string;
}

/** What a listing reads of a bucket. */
export type ObjectIndex = Pick<ObjectFiles, 'keys' | 'get'>;

type Parameters = ReadonlyMap<string, string>;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
export function listObjectsV2(bucket: string, files: ObjectIndex, parameters: Parameters): string {
  const token = parameters.get('continuation-token');
  const startAfter = parameters.get('start-after');
  const after = token === undefined ? (startAfter ?? '') : decodeToken(token);
  const { page, encode, echo } = listPage(files, parameters, after);
  return buildXml('ListBucketResult', [
    ['Name', bucket],
    ...echo,
    ['StartAfter', startAfter === undefined ? undefined : encode(startAfter)],
    ['ContinuationToken', token],
    ['KeyCount', page.objects.length + page.prefixes.length],
    ['NextContinuationToken', page.truncated ? encodeToken(page.last) : undefined],
    ...describePage(page, encode, parameters.get('fetch-owner') === 'true' ? [owner] : []),
  ]);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html */
export function listObjectsV1(bucket: string, files: ObjectIndex, parameters: Parameters): string {
  const marker = parameters.get('marker') ?? '';
  const { page, encode, echo } = listPage(files, parameters, marker);
  return buildXml('ListBucketResult', [
    ['Name', bucket],
    ...echo,
    ['Marker', encode(marker)],
    ['NextMarker', page.truncated ? encode(page.last) : undefined],
    ...describePage(page, encode, [owner]),
  ]);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html: nothing is versioned, so each is the latest. */
export function listObjectVersions(bucket: string, files: ObjectIndex, parameters: Parameters): string {
  const marker = parameters.get('key-marker') ?? '';
  const { page, encode, echo } = listPage(files, parameters, marker);
  const version: readonly XmlChild[] = [
    ['VersionId', 'null'],
    ['IsLatest', true],
  ];
  return buildXml('ListVersionsResult', [
    ['Name', bucket],
    ...echo,
    ['KeyMarker', encode(marker)],
    ['VersionIdMarker', parameters.get('version-id-marker') ?? ''],
    ['NextKeyMarker', page.truncated ? encode(page.last) : undefined],
    ['NextVersionIdMarker', page.truncated ? 'null' : undefined],
    ...page.objects.map((object): XmlChild => ['Version', [...describeObject(object, encode), ...version, owner]]),
    ...describePrefixes(page, encode),
  ]);
}

function listPage(files: ObjectIndex, parameters: Parameters, after: string) {
  const request: ListRequest = {
    prefix: parameters.get('prefix') ?? '',
    delimiter: parameters.get('delimiter') ?? '',
    maxKeys: parsePageSize(parameters, 'max-keys'),
    after,
  };
  const encoding = parameters.get('encoding-type');
  if (encoding !== undefined && encoding !== 'url') throw invalidArgument('encoding-type may be "url" only.');
  // Without AWS's further escapes of !'()*, as on RadosGW.
  const encode = encoding === 'url' ? encodeURIComponent : (text: string): string => text;
  const page = collectPage(files, request);
  const echo: XmlChild[] = [
    ['Prefix', encode(request.prefix)],
    ['Delimiter', request.delimiter === '' ? undefined : encode(request.delimiter)],
    ['MaxKeys', request.maxKeys],
    ['EncodingType', encoding],
    ['IsTruncated', page.truncated],
  ];
  return { page, encode, echo };
}

/** @throws S3Error InvalidArgument */
export function parsePageSize(parameters: Parameters, name: string): number {
  const text = parameters.get(name);
  if (text === undefined || text === '') return maxKeysPerPage;
  if (!/^\d{1,9}$/.test(text)) throw invalidArgument(`${name} must be a whole number of 0 or more.`);
  return Math.min(Number(text), maxKeysPerPage);
}

function collectPage(files: ObjectIndex, request: ListRequest): Page {
  const { prefix, delimiter, maxKeys, after } = request;
  const { keys } = files;
  const page: Page = { objects: [], prefixes: [], truncated: false, last: after };
  const afterCommon = commonPrefixOf(after, prefix, delimiter);
  // Behind a common prefix, or a key under it, the listing goes on behind all keys under it, as on RadosGW.
  const isBehind = (key: string): boolean =>
    compareKeys(key, prefix) >= 0 &&
    compareKeys(key, after) > 0 &&
    !(afterCommon !== null && key.startsWith(afterCommon));
  let at = keys.indexOfFirst(isBehind);
  for (let key = keys.at(at); key?.startsWith(prefix); key = keys.at(at)) {
    if (page.objects.length + page.prefixes.length >= maxKeys) return { ...page, truncated: maxKeys > 0 };
    const common = commonPrefixOf(key, prefix, delimiter);
    if (common === null) {
      const object = files.get(key);
      if (object !== undefined) page.objects.push(object);
      at += 1;
    } else {
      page.prefixes.push(common);
      at = keys.indexOfFirst((other) => compareKeys(other, common) > 0 && !other.startsWith(common));
    }
    page.last = common ?? key;
  }
  return page;
}

/** What a key is rolled up to: the prefix and on to the first delimiter behind it; null where there is none. */
function commonPrefixOf(key: string, prefix: string, delimiter: string): string | null {
  if (delimiter === '' || !key.startsWith(prefix)) return null;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? null : key.slice(0, at + delimiter.length);
}

type Encode = (text: string) => string;

function describePage(page: Page, encode: Encode, owners: readonly XmlChild[]): XmlChild[] {
  return [
    ...page.objects.map((object): XmlChild => ['Contents', [...describeObject(object, encode), ...owners]]),
    ...describePrefixes(page, encode),
  ];
}

function describePrefixes(page: Page, encode: Encode): XmlChild[] {
  return page.prefixes.map((prefix) => ['CommonPrefixes', [['Prefix', encode(prefix)]]]);
}

function describeObject(object: StoredObject, encode: Encode): XmlChild[] {
  return [
    ['Key', encode(object.key)],
    ['LastModified', object.lastModified.toISOString()],
    ['ETag', `"${object.etag}"`],
    ['Size', object.bytes],
    ['StorageClass', 'STANDARD'],
    // RadosGW's own.
    ['Type', 'Normal'],
  ];
}

/** The one account of the store. */
export const owner: XmlChild = [
  'Owner',
  [
    ['ID', 'kuanary'],
    ['DisplayName', 'kuanary'],
  ],
];

function encodeToken(last: string): string {
  return Buffer.from(last).toString('base64url');
}

function decodeToken(token: string): string {
  const last = Buffer.from(token, 'base64url').toString('utf8');
  if (encodeToken(last) !== token) throw invalidArgument('continuation-token is not one that a listing gave.');
  return last;
}
