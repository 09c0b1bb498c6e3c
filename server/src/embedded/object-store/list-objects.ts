import type { ObjectFiles, StoredObject } from './object-files.ts';
import { invalidArgument } from './s3-error.ts';
import { buildXml, type XmlChild } from './s3-xml.ts';
import { encodeRfc3986 } from './signature-v4.ts';

const maxKeysLimit = 1000;

interface Page {
  objects: StoredObject[];
  prefixes: string[];
  truncated: boolean;
  /** The last key or common prefix of the page. */
  last: string;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
export function listObjectsV2(bucket: string, files: ObjectFiles, query: ReadonlyMap<string, string>): string {
  const token = query.get('continuation-token');
  const after = token === undefined ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString();
  const { page, request, encode } = listPage(files, query, after);
  return buildXml('ListBucketResult', [
    ['Name', bucket],
    ['Prefix', encode(request.prefix)],
    ['Delimiter', query.has('delimiter') ? encode(request.delimiter) : undefined],
    ['StartAfter', query.has('start-after') ? encode(query.get('start-after') ?? '') : undefined],
    ['ContinuationToken', token],
    ['EncodingType', query.get('encoding-type')],
    ['KeyCount', page.objects.length + page.prefixes.length],
    ['MaxKeys', request.maxKeys],
    ['IsTruncated', page.truncated],
    ['NextContinuationToken', page.truncated ? Buffer.from(page.last).toString('base64url') : undefined],
    ...describePage(page, encode),
  ]);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html */
export function listObjectsV1(bucket: string, files: ObjectFiles, query: ReadonlyMap<string, string>): string {
  const marker = query.get('marker') ?? '';
  const { page, request, encode } = listPage(files, query, marker);
  return buildXml('ListBucketResult', [
    ['Name', bucket],
    ['Prefix', encode(request.prefix)],
    ['Marker', encode(marker)],
    ['Delimiter', query.has('delimiter') ? encode(request.delimiter) : undefined],
    ['EncodingType', query.get('encoding-type')],
    ['MaxKeys', request.maxKeys],
    ['IsTruncated', page.truncated],
    ['NextMarker', page.truncated ? encode(page.last) : undefined],
    ...describePage(page, encode),
  ]);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html; nothing is versioned, so each is the latest. */
export function listObjectVersions(bucket: string, files: ObjectFiles, query: ReadonlyMap<string, string>): string {
  const { page, request, encode } = listPage(files, query, query.get('key-marker') ?? '');
  return buildXml('ListVersionsResult', [
    ['Name', bucket],
    ['Prefix', encode(request.prefix)],
    ['KeyMarker', encode(query.get('key-marker') ?? '')],
    ['MaxKeys', request.maxKeys],
    ['IsTruncated', page.truncated],
    ['NextKeyMarker', page.truncated ? encode(page.last) : undefined],
    ...page.objects.map(
      (object): XmlChild => [
        'Version',
        [['Key', encode(object.key)], ['VersionId', 'null'], ['IsLatest', true], ...describeObject(object)],
      ],
    ),
    ...page.prefixes.map((prefix): XmlChild => ['CommonPrefixes', [['Prefix', encode(prefix)]]]),
  ]);
}

function listPage(files: ObjectFiles, query: ReadonlyMap<string, string>, after: string) {
  const maxKeysText = query.get('max-keys') ?? String(maxKeysLimit);
  if (!/^\d{1,9}$/.test(maxKeysText)) throw invalidArgument('max-keys must be a whole number.');
  const request = {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    maxKeys: Math.min(Number(maxKeysText), maxKeysLimit),
  };
  const encode = query.get('encoding-type') === 'url' ? encodeRfc3986 : (text: string): string => text;
  return { page: collectPage(files, request, after), request, encode };
}

function collectPage(
  files: ObjectFiles,
  request: { prefix: string; delimiter: string; maxKeys: number },
  after: string,
): Page {
  const { prefix, delimiter, maxKeys } = request;
  const page: Page = { objects: [], prefixes: [], truncated: false, last: after };
  const keys = files.keys();
  const fromPrefix = compareBytes(after, prefix) < 0;
  for (let at = firstAfter(keys, fromPrefix ? prefix : after, fromPrefix); at < keys.length; at += 1) {
    const key = keys[at] ?? '';
    if (!key.startsWith(prefix)) break;
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const common = cut < 0 ? null : key.slice(0, cut + delimiter.length);
    // A page that ended with a common prefix goes on behind all of its keys.
    if (common !== null && (page.prefixes.at(-1) === common || after.startsWith(common))) continue;
    const object = files.get(key);
    if (common === null && object === undefined) continue;
    if (page.objects.length + page.prefixes.length >= maxKeys) return { ...page, truncated: maxKeys > 0 };
    if (common !== null) page.prefixes.push(common);
    else if (object !== undefined) page.objects.push(object);
    page.last = common ?? key;
  }
  return page;
}

/** Index of the first key behind `after`, or at it where `inclusive`. Keys are in byte order. */
function firstAfter(keys: readonly string[], after: string, inclusive: boolean): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const order = compareBytes(keys[middle] ?? '', after);
    if (order < 0 || (order === 0 && !inclusive)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function describePage(page: Page, encode: (text: string) => string): XmlChild[] {
  return [
    ...page.objects.map((object): XmlChild => ['Contents', [['Key', encode(object.key)], ...describeObject(object)]]),
    ...page.prefixes.map((prefix): XmlChild => ['CommonPrefixes', [['Prefix', encode(prefix)]]]),
  ];
}

function describeObject(object: StoredObject): XmlChild[] {
  return [
    ['LastModified', object.lastModified.toISOString()],
    ['ETag', `"${object.etag}"`],
    ['Size', object.bytes],
    ['StorageClass', 'STANDARD'],
  ];
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
