import { postCases } from '../post-policy-cases.ts';

/** Where the embedded store answers otherwise than Ceph RadosGW (Reef), and means to. */
export interface ExpectedDifference {
  /** First column of the table in docs/embedded.md, which has the reason. */
  row: string;
  /** Whether the profile `reef` differs too. */
  remainsUnderReef: boolean;
  /** `<field>: <here> | <there>`, or the field alone where the values are many. */
  what: readonly string[];
  probes: readonly string[];
}

const formsTaken = postCases.filter(({ expected }) => expected.startsWith('20')).map(({ name }) => `form: ${name}`);
const formsRedirected = postCases.filter(({ expected }) => expected === '303').map(({ name }) => `form: ${name}`);
const named = (prefix: string, ...names: string[]): string[] => names.map((name) => `${prefix}${name}`);
const corsHeaders = [
  'header access-control-allow-methods',
  'header access-control-allow-origin',
  'header access-control-expose-headers',
  'header access-control-max-age',
  'header vary',
];

const unsignedHeaders = {
  row: 'unsigned `x-amz-*` headers and `Host`; unsigned `Content-Type` on presigned requests',
  remainsUnderReef: false,
};
const unknownSubresources = {
  row: 'ACLs, versions, notifications, encryption, bucket policies and other calls that the product has no use for',
  remainsUnderReef: true,
};
const formLimits = {
  row: 'forms with more than 20 kB before the file, 200 fields, header lines of 8 kB, boundaries of 70 characters',
  remainsUnderReef: false,
};
const incompleteForms = { row: 'a form without a file, or without its closing boundary', remainsUnderReef: true };
const formUploads = { row: 'success of a form', remainsUnderReef: false };
const partNumbers = 'part numbers of multipart uploads';
const ranges = { row: 'a `Range` that is none', remainsUnderReef: true };
const uploadETags = { row: 'ETags in answers to CompleteMultipartUpload and UploadPartCopy', remainsUnderReef: true };
const documents = { row: 'XML bodies that are not what the call takes', remainsUnderReef: true };
const listParameters = { row: 'parameters of listings that mean nothing', remainsUnderReef: true };
const listEncoding = { row: '`encoding-type=url`', remainsUnderReef: true };
const taggingDirective = { row: '`x-amz-tagging-directive` of copies', remainsUnderReef: false };

export const expectedDifferences: readonly ExpectedDifference[] = [
  {
    ...unsignedHeaders,
    what: ['status: 403 AccessDenied | 200'],
    probes: [
      ...named('signed GET: ', 'Host not signed', 'x-amz-meta-a not signed'),
      ...named('presigned GET: with an unsigned ', 'x-amz-checksum-mode', 'Content-Type'),
      ...named(
        'presigned PUT: with an unsigned ',
        'content-type',
        'x-amz-acl',
        'x-amz-meta-a',
        'x-amz-tagging',
        'x-amz-storage-class',
        'x-amz-date',
        'x-amz-content-sha256',
        'x-amz-user-agent',
        'x-amz-checksum-crc32',
      ),
      'multipart: part with an unsigned x-amz-copy-source',
    ],
  },
  {
    ...unsignedHeaders,
    what: ['status: 404 NoSuchKey | 200'],
    probes: ['presigned PUT: with an unsigned x-amz-copy-source'],
  },
  {
    row: 'CORS headers where a signature does not hold',
    remainsUnderReef: false,
    what: corsHeaders,
    probes: named('from a page: ', 'presigned PUT of a wrong signature', 'expired presigned GET'),
  },
  {
    ...formUploads,
    what: ['header etag', 'header location'],
    probes: [...formsTaken, ...named('from a page: ', 'form', 'form of another origin')],
  },
  { ...formUploads, what: ['header etag'], probes: formsRedirected },
  {
    ...formLimits,
    what: ['status: 400 MaxPostPreDataLengthExceeded | 204'],
    probes: named('form: ', '21 kB of fields before the file', '210 fields'),
  },
  {
    ...formLimits,
    what: ['status: 400 InvalidArgument | 204'],
    probes: named('form: ', 'a header line of more than 8 kB', 'a boundary of 71 characters'),
  },
  {
    row: 'keys over 1024 bytes in a form',
    remainsUnderReef: false,
    what: ['status: 400 InvalidObjectName | 204'],
    probes: ['form: a key of more than 1024 bytes'],
  },
  {
    ...incompleteForms,
    what: ['status: 400 InvalidArgument | 204'],
    probes: named('form: ', 'without a file', 'without its closing boundary', 'cut off in the file'),
  },
  {
    row: 'values in a form that would forge header lines, and NUL in its key',
    remainsUnderReef: true,
    what: ['status: 400 InvalidArgument | 204'],
    probes: ['form: metadata that would be two header lines'],
  },
  {
    row: 'a condition of a policy that is an object of two fields',
    remainsUnderReef: true,
    what: ['status: 400 InvalidArgument | 403 AccessDenied'],
    probes: ['form: a condition that is an object of two fields'],
  },
  {
    row: partNumbers,
    remainsUnderReef: false,
    what: ['status: 400 InvalidArgument | 200'],
    probes: named('multipart: part number ', '0', '10001'),
  },
  {
    row: 'negative part numbers',
    remainsUnderReef: true,
    what: ['status: 400 InvalidArgument | 200'],
    probes: ['multipart: part number "-1"'],
  },
  {
    row: '`Content-MD5` on DeleteObjects and PutBucketCors',
    remainsUnderReef: false,
    what: ['status: 400 BadDigest | 200'],
    probes: ['DeleteObjects: wrong Content-MD5', 'PutBucketCors: wrong Content-MD5'],
  },
  {
    ...taggingDirective,
    what: ['status: 400 InvalidArgument | 200'],
    probes: ['CopyObject: tagging directive that is none'],
  },
  {
    ...taggingDirective,
    what: ['header x-amz-tagging-count: 2 | 1'],
    probes: ['CopyObject then HEAD: tagging REPLACE'],
  },
  {
    row: 'a body in chunks that is shorter than announced',
    remainsUnderReef: true,
    what: ['status: 400 IncompleteBody | 400 RequestTimeout'],
    probes: ['PUT in chunks: shorter than announced'],
  },
  {
    ...ranges,
    what: ['status: 416 InvalidRange | 206'],
    probes: named('GET: Range bytes=', '-0', 'a-b', '-'),
  },
  { ...ranges, what: ['header content-range: none | bytes 0-15/16'], probes: ['GET: Range lines=0-3'] },
  {
    ...uploadETags,
    what: ['body /CompleteMultipartUploadResult/ETag'],
    probes: named('multipart: ', 'complete', 'complete again'),
  },
  {
    ...uploadETags,
    what: ['body /CompleteMultipartUploadResult/Location'],
    probes: ['multipart: complete again'],
  },
  { ...uploadETags, what: ['body /CopyPartResult/ETag'], probes: ['multipart: UploadPartCopy'] },
  {
    row: 'completing an upload that there is not',
    remainsUnderReef: true,
    what: ['status: 404 NoSuchUpload | 500 InternalError'],
    probes: ['multipart: complete an unknown upload'],
  },
  {
    row: 'PUT with an `uploadId` and no `partNumber`',
    remainsUnderReef: true,
    what: ['status: 404 NoSuchUpload | 200'],
    probes: ['PUT of a missing key ?uploadId'],
  },
  {
    ...listEncoding,
    what: ['body /ListBucketResult/Prefix: list%2F | list/'],
    probes: ['list v2: url encoding', 'list v1: url encoding'],
  },
  {
    ...listEncoding,
    what: [
      'body /ListBucketResult/CommonPrefixes/Prefix: list%2Fb%2F | list/b/',
      'body /ListBucketResult/Delimiter: %2F | /',
    ],
    probes: ['list v1: url encoding'],
  },
  {
    ...listParameters,
    what: ['status: 400 InvalidArgument | 200'],
    probes: named('list v2: ', 'an encoding that is none', 'max-keys -1', 'a token that is none'),
  },
  {
    ...documents,
    what: ['status: 400 MalformedXML | 200'],
    probes: ['PutBucketLifecycle: another document', 'PUT tagging: another document', 'DeleteObjects: no key'],
  },
  {
    ...documents,
    what: ['status: 400 MalformedXML | 400'],
    probes: named('DeleteObjects: ', 'an empty key', '1001 keys', 'XML that is cut off'),
  },
  {
    row: 'one tag twice',
    remainsUnderReef: true,
    what: ['status: 400 InvalidTag | 200'],
    probes: ['PUT tagging: one key twice'],
  },
  {
    row: '`Content-Type` of the answer to GetBucketLocation',
    remainsUnderReef: true,
    what: ['header content-type: application/xml | none'],
    probes: ['bucket: GET ?location'],
  },
  {
    row: 'lifecycle rules',
    remainsUnderReef: true,
    what: ['header x-amz-expiration: none | present'],
    probes: ['HEAD of an object that a rule will remove'],
  },
  {
    ...unknownSubresources,
    what: ['status: 501 NotImplemented | 200'],
    probes: [
      ...named(
        'bucket: GET ?',
        'acl',
        'policyStatus',
        'notification',
        'replication',
        'requestPayment',
        'logging',
        'ownershipControls',
      ),
      'object: GET ?acl',
    ],
  },
  {
    ...unknownSubresources,
    what: ['status: 501 NotImplemented | 405 MethodNotAllowed'],
    probes: ['bucket: GET ?website'],
  },
  {
    ...unknownSubresources,
    what: ['status: 501 NotImplemented | 400 InvalidRequest'],
    probes: named('object: GET ?', 'retention', 'legal-hold'),
  },
  {
    ...unknownSubresources,
    what: ['status: 501 NotImplemented | 400 InvalidArgument'],
    probes: ['object: GET ?torrent', 'PUT: encryption'],
  },
];

/** Rows of docs/embedded.md that no probe can show: what is not compared, or cannot be asked for safely. */
export const unprobedRows: readonly { row: string; remainsUnderReef: boolean }[] = [
  // Messages are not compared.
  { row: 'messages of errors', remainsUnderReef: false },
  // Its answer cannot be read by an HTTP client.
  { row: 'a copy whose source is not modified', remainsUnderReef: true },
  // It takes a power cut.
  { row: 'durability', remainsUnderReef: true },
];
