import { describe, expect, it } from 'vitest';
import { parsePostPolicy } from './post-policy.ts';
import { checkPostPolicy } from './post-policy-check.ts';

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html: the policy has 648 bytes, its lines end in CRLF.
const identity = { accessKey: 'AKIAIOSFODNN7EXAMPLE', secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
const policyText = [
  '{ "expiration": "2015-12-30T12:00:00.000Z",',
  '  "conditions": [',
  '    {"bucket": "sigv4examplebucket"},',
  '    ["starts-with", "$key", "user/user1/"],',
  '    {"acl": "public-read"},',
  '    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},',
  '    ["starts-with", "$Content-Type", "image/"],',
  '    {"x-amz-meta-uuid": "14365123651274"},',
  '    {"x-amz-server-side-encryption": "AES256"},',
  '    ["starts-with", "$x-amz-meta-tag", ""],',
  '',
  '    {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},',
  '    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},',
  '    {"x-amz-date": "20151229T000000Z" }',
  '  ]',
  '}',
].join('\r\n');

const fields = new Map([
  ['key', 'user/user1/photo.jpg'],
  ['acl', 'public-read'],
  ['success_action_redirect', 'http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html'],
  ['content-type', 'image/jpeg'],
  ['x-amz-meta-uuid', '14365123651274'],
  ['x-amz-server-side-encryption', 'AES256'],
  ['x-amz-credential', 'AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request'],
  ['x-amz-algorithm', 'AWS4-HMAC-SHA256'],
  ['x-amz-date', '20151229T000000Z'],
  ['x-amz-meta-tag', ''],
  ['policy', Buffer.from(policyText).toString('base64')],
  ['x-amz-signature', '8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e'],
]);
const check = (changes: [string, string][] = [], at = '2015-12-30T11:59:59Z', bucket = 'sigv4examplebucket') =>
  checkPostPolicy(bucket, new Map([...fields, ...changes]), identity, new Date(at));

describe('checkPostPolicy', () => {
  it('accepts the published example until it expires', () => {
    expect(policyText).toHaveLength(648);
    expect(check()).toEqual({ minBytes: 0, maxBytes: Number.MAX_SAFE_INTEGER });
    expect(() => check([], '2015-12-30T12:00:00Z')).toThrow('Policy expired');
  });

  it.each<[string, [string, string][]]>([
    ['key', [['key', 'user/user2/photo.jpg']]],
    ['type', [['content-type', 'text/html']]],
    ['acl', [['acl', 'private']]],
    ['field', [['x-amz-meta-other', '1']]],
    ['signature', [['x-amz-signature', `${'8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699'}f`]]],
    ['policy', [['policy', Buffer.from(policyText.replace('user1', 'user2')).toString('base64')]]],
  ])('denies another %s', (_what, changes) => {
    expect(() => check(changes)).toThrow(expect.objectContaining({ status: 403, code: 'AccessDenied' }));
  });

  it('denies another bucket, whatever the form says', () => {
    expect(() => check([], undefined, 'other')).toThrow(expect.objectContaining({ code: 'AccessDenied' }));
    expect(() => check([['bucket', 'sigv4examplebucket']], undefined, 'other')).toThrow(
      expect.objectContaining({ code: 'AccessDenied' }),
    );
  });
});

describe('parsePostPolicy', () => {
  const parse = (document: unknown) => parsePostPolicy(Buffer.from(JSON.stringify(document)).toString('base64'));
  const expiration = '2030-01-01T00:00:00.5Z';

  it('reads every form of a condition', () => {
    const conditions = [{ Key: 'a' }, ['EQ', '$Key', 'a'], ['starts-with', '$x', ''], ['content-length-range', '1', 5]];
    expect(parse({ expiration, conditions })).toEqual({
      expiration: Date.UTC(2030, 0, 1, 0, 0, 0, 500),
      conditions: [
        { kind: 'is', field: 'key', value: 'a' },
        { kind: 'eq', field: 'key', value: 'a' },
        { kind: 'starts-with', field: 'x', value: '' },
        { kind: 'content-length-range', minBytes: 1, maxBytes: 5 },
      ],
    });
  });

  it('reads base64 in lines', () => {
    const lines = Buffer.from(policyText).toString('base64').replace(/.{60}/g, '$&\r\n');
    expect(parsePostPolicy(lines).conditions).toHaveLength(11);
  });

  it.each<[string, unknown]>([
    ['a list', []],
    ['null', null],
    ['a policy without expiration', { conditions: [] }],
    ['a policy without conditions', { expiration }],
    ['an expiration that is a number', { expiration: 1, conditions: [] }],
    ['an expiration with an offset', { expiration: '2030-01-01T00:00:00+02:00', conditions: [] }],
    ['an expiration that is no day', { expiration: '2030-02-31T25:00:00Z', conditions: [] }],
    ['a condition that is text', { expiration, conditions: ['a'] }],
    ['a condition of two fields', { expiration, conditions: [{ a: 'b', c: 'd' }] }],
    ['a condition of no field', { expiration, conditions: [{}] }],
    ['a value that is a number', { expiration, conditions: [{ a: 1 }] }],
    ['a list of two', { expiration, conditions: [['eq', '$a']] }],
    ['a field without $', { expiration, conditions: [['eq', 'a', 'b']] }],
    ['a fraction of a byte', { expiration, conditions: [['content-length-range', 0, 1.5]] }],
    ['a range in words', { expiration, conditions: [['content-length-range', 'one', 'two']] }],
  ])('refuses %s', (_what, document) => {
    expect(() => parse(document)).toThrow(expect.objectContaining({ status: 400, code: 'InvalidArgument' }));
  });

  it.each(['!!!', 'e30=x', Buffer.from([0xff, 0xfe]).toString('base64')])(
    'refuses what is no base64 of UTF-8: %s',
    (text) => {
      expect(() => parsePostPolicy(text)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
    },
  );
});
