import type { PresignOptions, RawRequest, SignOptions } from '../sign-request.ts';
import { presign, send, signHeaders } from '../sign-request.ts';
import type { Probe, ProbeTarget } from './probe.ts';

const minutes = (count: number): Date => new Date(Date.now() + count * 60_000);

/** GET of an object that is there, signed in the headers. */
const signedRead = (name: string, options: () => SignOptions, headers: Record<string, string> = {}): Probe => ({
  name: `signed GET: ${name}`,
  async ask(target) {
    await target.put('auth/object');
    return target.signed({ method: 'GET', path: target.at('auth/object'), headers }, options());
  },
});

const authorization = (name: string, change: (value: string) => string): Probe => ({
  name: `Authorization: ${name}`,
  async ask(target) {
    await target.put('auth/object');
    const { headers = {}, ...request } = signHeaders(target.address, { method: 'GET', path: target.at('auth/object') });
    const changed = change(headers['authorization'] ?? '');
    return send(target.address, { ...request, headers: { ...headers, authorization: changed } });
  },
});

const presignedRead = (name: string, options: () => PresignOptions, headers: Record<string, string> = {}): Probe => ({
  name: `presigned GET: ${name}`,
  async ask(target) {
    await target.put('auth/object');
    return target.presigned({ method: 'GET', path: target.at('auth/object') }, options(), headers);
  },
});

/** A presigned GET whose query is changed after signing. */
const changedQuery = (name: string, change: (query: Record<string, string>) => void): Probe => ({
  name: `presigned GET: ${name}`,
  async ask(target) {
    await target.put('auth/object');
    const request = presign(target.address, { method: 'GET', path: target.at('auth/object') });
    const query = { ...request.query };
    change(query);
    return send(target.address, { ...request, query });
  },
});

const presignedPut = (
  name: string,
  request: (target: ProbeTarget) => { headers?: Record<string, string>; query?: Record<string, string> },
  options: (target: ProbeTarget) => PresignOptions = () => ({}),
  sent: Record<string, string> = {},
): Probe => ({
  name: `presigned PUT: ${name}`,
  ask: (target) =>
    target.presigned(
      { method: 'PUT', path: target.at('auth/put'), body: 'hello', ...request(target) },
      options(target),
      sent,
    ),
});

const anonymous = (name: string, request: (target: ProbeTarget) => RawRequest): Probe => ({
  name: `anonymous ${name}`,
  async ask(target) {
    await target.put('auth/object');
    return target.anonymous(request(target));
  },
});

const presignParameters = ['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature'];

const unsignedValues: Readonly<Record<string, string>> = {
  'content-type': 'text/html',
  'x-amz-acl': 'public-read',
  'x-amz-tagging': 'a=b',
  'x-amz-storage-class': 'STANDARD',
  'x-amz-date': '20260101T000000Z',
  'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
  'x-amz-checksum-crc32': 'AAAAAA==',
};

export const authenticationProbes: Probe[] = [
  signedRead('right', () => ({})),
  signedRead('wrong secret', () => ({ secretKey: 'other' })),
  signedRead('unknown access key', () => ({ accessKey: 'nobody' })),
  signedRead('clock 20 minutes behind', () => ({ now: minutes(-20) })),
  signedRead('clock 20 minutes ahead', () => ({ now: minutes(20) })),
  signedRead('clock 10 minutes behind', () => ({ now: minutes(-10) })),
  ...['us-east-1', 'fsn1', 'auto'].map((region) => signedRead(`region ${region}`, () => ({ region }))),
  signedRead('Host not signed', () => ({ unsigned: ['host'] }), { 'x-custom': '1' }),
  signedRead('x-amz-meta-a not signed', () => ({ unsigned: ['x-amz-meta-a'] }), { 'x-amz-meta-a': '1' }),
  signedRead('Content-Type not signed', () => ({ unsigned: ['content-type'] }), { 'content-type': 'text/plain' }),
  signedRead('spaces in a value, signed as they are', () => ({}), { 'x-custom': 'a  b   c' }),
  signedRead('UNSIGNED-PAYLOAD', () => ({ payloadHash: 'UNSIGNED-PAYLOAD' })),
  authorization('empty', () => ''),
  authorization('Bearer', () => 'Bearer abc'),
  authorization('without Signature', (value) => value.replace(/,Signature=.*/, '')),
  authorization('without SignedHeaders', (value) => value.replace(/SignedHeaders=[^,]*,/, '')),
  authorization('without Credential', (value) => value.replace(/Credential=[^,]*,/, '')),
  authorization('of another service', (value) => value.replace('/s3/', '/ec2/')),
  authorization('with spaces after commas', (value) => value.replaceAll(',', ', ')),
  authorization('signature in capitals', (value) =>
    value.replace(/[0-9a-f]+$/, (signature) => signature.toUpperCase()),
  ),
  authorization('credential of another day', (value) => value.replace(/\/\d{8}\//, '/20200101/')),
  presignedRead('right', () => ({})),
  presignedRead('expired', () => ({ now: minutes(-60) })),
  presignedRead('dated in an hour', () => ({ now: minutes(60) })),
  presignedRead('for 7 days', () => ({ expiresInSeconds: 604_800 })),
  presignedRead('for 7 days and a second', () => ({ expiresInSeconds: 604_801 })),
  presignedRead('for 0 seconds', () => ({ expiresInSeconds: 0 })),
  presignedRead('for -1 seconds', () => ({ expiresInSeconds: -1 })),
  presignedRead('wrong secret', () => ({ secretKey: 'other' })),
  presignedRead('unknown access key', () => ({ accessKey: 'nobody' })),
  presignedRead('region auto', () => ({ region: 'auto' })),
  presignedRead('with an unsigned Range', () => ({}), { range: 'bytes=0-1' }),
  presignedRead('with an unsigned x-amz-checksum-mode', () => ({}), { 'x-amz-checksum-mode': 'ENABLED' }),
  presignedRead('with an unsigned Content-Type', () => ({}), { 'content-type': 'text/plain' }),
  presignedRead('with an Authorization header too', () => ({}), { authorization: 'AWS4-HMAC-SHA256 Credential=a' }),
  ...presignParameters.map((name) => changedQuery(`without X-Amz-${name}`, (query) => delete query[`X-Amz-${name}`])),
  changedQuery('another algorithm', (query) => Object.assign(query, { 'X-Amz-Algorithm': 'AWS4-HMAC-SHA512' })),
  changedQuery('a parameter more', (query) => Object.assign(query, { 'x-custom': '1' })),
  changedQuery('a date that is none', (query) => Object.assign(query, { 'X-Amz-Date': 'today' })),
  {
    name: 'presigned PUT used for GET',
    async ask(target) {
      await target.put('auth/object');
      const request = presign(target.address, { method: 'PUT', path: target.at('auth/object') });
      return send(target.address, { ...request, method: 'GET' });
    },
  },
  {
    name: 'presigned PUT used for another key',
    ask(target) {
      const request = presign(target.address, { method: 'PUT', path: target.at('auth/a') });
      return send(target.address, { ...request, path: target.at('auth/b'), body: 'x' });
    },
  },
  presignedPut('right', () => ({})),
  presignedPut('Content-Type signed and sent', () => ({ headers: { 'content-type': 'image/png' } })),
  presignedPut(
    'another Content-Type than was signed',
    () => ({ headers: { 'content-type': 'image/png' } }),
    undefined,
    {
      'content-type': 'text/html',
    },
  ),
  presignedPut('Content-Length signed and sent', () => ({ headers: { 'content-length': '5' } })),
  presignedPut('x-amz-meta-a in the query', () => ({ query: { 'x-amz-meta-a': '1' } })),
  ...[
    'content-type',
    'x-amz-acl',
    'x-amz-meta-a',
    'x-amz-tagging',
    'x-amz-storage-class',
    'x-amz-date',
    'x-amz-content-sha256',
    'x-amz-user-agent',
    'x-amz-checksum-crc32',
  ].map((name) =>
    presignedPut(`with an unsigned ${name}`, () => ({}), undefined, { [name]: unsignedValues[name] ?? 'a' }),
  ),
  ...['cache-control', 'content-disposition', 'content-encoding', 'x-custom', 'origin', 'user-agent'].map((name) =>
    presignedPut(`with an unsigned ${name}`, () => ({}), undefined, { [name]: 'a' }),
  ),
  presignedPut('with a wrong unsigned Content-MD5', () => ({}), undefined, {
    'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==',
  }),
  {
    name: 'presigned PUT: with an unsigned x-amz-copy-source',
    async ask(target) {
      await target.put('auth/secret', 'secret');
      await target.presigned(
        { method: 'PUT', path: target.at('auth/copied'), body: '' },
        {},
        {
          'x-amz-copy-source': target.at('auth/secret'),
        },
      );
      return target.get('auth/copied');
    },
  },
  anonymous('GET', (target) => ({ method: 'GET', path: target.at('auth/object') })),
  anonymous('HEAD', (target) => ({ method: 'HEAD', path: target.at('auth/object') })),
  anonymous('GET of a missing key', (target) => ({ method: 'GET', path: target.at('auth/missing') })),
  anonymous('GET of a missing bucket', () => ({ method: 'GET', path: '/kuanary-is-not-there' })),
  anonymous('list', (target) => ({ method: 'GET', path: `/${target.bucket}` })),
  anonymous('HEAD of the bucket', (target) => ({ method: 'HEAD', path: `/${target.bucket}` })),
  anonymous('PUT', (target) => ({ method: 'PUT', path: target.at('auth/new'), body: 'x' })),
  anonymous('DELETE', (target) => ({ method: 'DELETE', path: target.at('auth/object') })),
  anonymous('GET of the CORS rules', (target) => ({ method: 'GET', path: `/${target.bucket}`, query: { cors: '' } })),
  anonymous('CreateBucket', () => ({ method: 'PUT', path: '/kuanary-is-not-there' })),
];
