import { describe, expect, it } from 'vitest';
import type { SignedRequest } from './canonical-request.ts';
import { verifySignature } from './signature-v4.ts';

/*
 * The examples that AWS has published, with its example keys:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
const identity = { accessKey: 'AKIAIOSFODNN7EXAMPLE', secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
const now = new Date('2013-05-24T00:00:00Z');
const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const credential = `${identity.accessKey}/20130524/us-east-1/s3/aws4_request`;

interface Example {
  method?: string;
  path?: string;
  query?: string;
  headers?: Record<string, string>;
  hash?: string;
  signedHeaders: string;
  signature: string;
}

function inHeaders(example: Example): SignedRequest {
  const { method = 'GET', path = '/', query = '', headers = {}, hash = emptyHash, signedHeaders, signature } = example;
  return {
    method,
    path,
    query,
    headers: new Map(
      Object.entries({
        host: 'examplebucket.s3.amazonaws.com',
        'x-amz-date': '20130524T000000Z',
        'x-amz-content-sha256': hash,
        ...headers,
        authorization: `AWS4-HMAC-SHA256 Credential=${credential},SignedHeaders=${signedHeaders},Signature=${signature}`,
      }),
    ),
  };
}

const examples: Record<string, Example> = {
  'GET Object': {
    path: '/test.txt',
    headers: { range: 'bytes=0-9' },
    signedHeaders: 'host;range;x-amz-content-sha256;x-amz-date',
    signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  },
  'PUT Object': {
    method: 'PUT',
    path: '/test$file.text',
    headers: { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
    hash: '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    signedHeaders: 'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
    signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  },
  'GET Bucket Lifecycle': {
    query: 'lifecycle',
    signedHeaders: 'host;x-amz-content-sha256;x-amz-date',
    signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  },
  'GET Bucket (List Objects)': {
    query: 'max-keys=2&prefix=J',
    signedHeaders: 'host;x-amz-content-sha256;x-amz-date',
    signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  },
};

const getObject = examples['GET Object'] ?? { signedHeaders: '', signature: '' };

describe('verifySignature in headers', () => {
  it.each(Object.entries(examples))('accepts the published example %s', (_name, example) => {
    const verified = verifySignature(inHeaders(example), { identity, now, allowsUnsigned: false });
    expect(verified).toMatchObject({ presigned: false, payloadHash: example.hash ?? emptyHash });
  });

  it.each<[string, Partial<Example>]>([
    ['method', { method: 'HEAD' }],
    ['path', { path: '/test.tx' }],
    ['query', { query: 'a=b' }],
    ['signed header', { headers: { range: 'bytes=0-10' } }],
    ['payload hash', { hash: 'UNSIGNED-PAYLOAD' }],
    ['signature', { signature: `0${getObject.signature.slice(1)}` }],
    ['length of the signature', { signature: getObject.signature.slice(1) }],
  ])('refuses another %s', (_what, change) => {
    expect(() =>
      verifySignature(inHeaders({ ...getObject, ...change }), { identity, now, allowsUnsigned: false }),
    ).toThrow(expect.objectContaining({ code: 'SignatureDoesNotMatch', status: 403 }));
  });

  it.each([
    ['the order of the query', { query: 'prefix=J&max-keys=2' }],
    ['escapes that need not be', { query: 'max%2Dkeys=%32&prefix=%4a' }],
  ])('does not mind %s', (_what, change) => {
    const list = examples['GET Bucket (List Objects)'] ?? getObject;
    expect(verifySignature(inHeaders({ ...list, ...change }), { identity, now, allowsUnsigned: false })).not.toBeNull();
  });

  it.each([
    [15 * 60_000, true],
    [-15 * 60_000, true],
    [15 * 60_000 + 1, false],
    [-15 * 60_000 - 1, false],
  ])('takes a clock that is %i ms off: %s', (offsetMs, isTaken) => {
    const verify = () =>
      verifySignature(inHeaders(getObject), {
        identity,
        now: new Date(now.getTime() + offsetMs),
        allowsUnsigned: false,
      });
    if (isTaken) expect(verify()).not.toBeNull();
    else expect(verify).toThrow(expect.objectContaining({ code: 'RequestTimeTooSkewed', status: 403 }));
  });

  it('leaves a request without a signature to others', () => {
    expect(
      verifySignature(
        { method: 'GET', path: '/', query: '', headers: new Map() },
        { identity, now, allowsUnsigned: false },
      ),
    ).toBeNull();
  });
});

describe('verifySignature in the query', () => {
  const presigned = (changes: Record<string, string> = {}, headers: Record<string, string> = {}): SignedRequest => {
    const parameters = {
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': encodeURIComponent(credential),
      'X-Amz-Date': '20130524T000000Z',
      'X-Amz-Expires': '86400',
      'X-Amz-SignedHeaders': 'host',
      'X-Amz-Signature': 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
      ...changes,
    };
    const query = Object.entries(parameters).flatMap(([name, value]) => (value === '' ? [] : [`${name}=${value}`]));
    const host = 'examplebucket.s3.amazonaws.com';
    return {
      method: 'GET',
      path: '/test.txt',
      query: query.join('&'),
      headers: new Map(Object.entries({ host, ...headers })),
    };
  };
  const refusal = (request: SignedRequest, at = now) => {
    try {
      verifySignature(request, { identity, now: at, allowsUnsigned: false });
      return 'accepted';
    } catch (error) {
      return String(Object(error)['code']);
    }
  };

  it('accepts the published example, to its last second', () => {
    expect(verifySignature(presigned(), { identity, now, allowsUnsigned: false })).toMatchObject({
      presigned: true,
      payloadHash: 'UNSIGNED-PAYLOAD',
    });
    expect(refusal(presigned(), new Date('2013-05-25T00:00:00Z'))).toBe('accepted');
    expect(refusal(presigned(), new Date('2013-05-25T00:00:01Z'))).toBe('AccessDenied');
  });

  it.each([
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA1', 'AccessDenied'],
    ['X-Amz-Credential', '', 'AccessDenied'],
    ['X-Amz-Credential', 'nobody', 'InvalidArgument'],
    ['X-Amz-Date', '', 'AccessDenied'],
    ['X-Amz-Date', '2013-05-24', 'AccessDenied'],
    ['X-Amz-Expires', '', 'AccessDenied'],
    ['X-Amz-Expires', '0', 'AccessDenied'],
    ['X-Amz-Expires', '604801', 'AccessDenied'],
    ['X-Amz-Expires', '1e3', 'AccessDenied'],
    ['X-Amz-Expires', '-1', 'AccessDenied'],
    ['X-Amz-Expires', '86401', 'SignatureDoesNotMatch'],
    ['X-Amz-SignedHeaders', '', 'AccessDenied'],
    ['X-Amz-Signature', '', 'AccessDenied'],
    ['X-Amz-Signature', '0', 'SignatureDoesNotMatch'],
    ['x-id', 'GetObject', 'SignatureDoesNotMatch'],
  ])('refuses %s=%s with %s', (name, value, expected) => {
    expect(refusal(presigned({ [name]: value }))).toBe(expected);
  });

  it.each(['x-amz-acl', 'x-amz-copy-source', 'x-amz-security-token', 'content-type'])(
    'refuses %s that was not signed',
    (name) => {
      expect(refusal(presigned({}, { [name]: 'a' }))).toBe('AccessDenied');
    },
  );

  it('does not mind other headers', () => {
    expect(refusal(presigned({}, { range: 'bytes=0-1', origin: 'https://a.example' }))).toBe('accepted');
  });
});
