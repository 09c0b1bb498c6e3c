import { createHash } from 'node:crypto';
import type { Probe } from './probe.ts';

const content = '0123456789abcdef';
const etag = createHash('md5').update(content).digest('hex');
const otherEtag = 'd41d8cd98f00b204e9800998ecf8427e';
const future = 'Tue, 01 Jan 2047 00:00:00 GMT';

/** Puts an object, and reads what has become of it. */
const keeps = (name: string, headers: Record<string, string>): Probe => ({
  name: `PUT then HEAD: ${name}`,
  async ask(target) {
    const put = await target.put(`objects/keeps ${name}`, content, headers);
    return put.status === 200 ? target.head(`objects/keeps ${name}`) : put;
  },
});

const puts = (name: string, headers: Record<string, string>, body = content, key = `objects/puts ${name}`): Probe => ({
  name: `PUT: ${name}`,
  ask: (target) => target.put(key, body, headers),
});

const conditional = (name: string, headers: Record<string, string>, present = true): Probe => ({
  name: `conditional PUT: ${name}`,
  async ask(target) {
    const key = `objects/conditional ${name}`;
    if (present) await target.put(key, content);
    return target.put(key, 'second', headers);
  },
});

const tags = (method: string, name: string, body?: string, put: Record<string, string> | null = {}): Probe => ({
  name: `${method} tagging: ${name}`,
  async ask(target) {
    const key = `objects/tags ${method} ${name}`;
    if (put !== null) await target.put(key, content, put);
    return target.onKey(method, key, { query: { tagging: '' }, ...(body === undefined ? {} : { body }) });
  },
});

const keyed = (key: string): Probe => ({
  name: `PUT then GET of the key ${JSON.stringify(key)}`,
  async ask(target) {
    const put = await target.put(key, content);
    return put.status === 200 ? target.get(key) : put;
  },
});

const chunked = (name: string, decodedLength: string | null, body: string): Probe => ({
  name: `PUT in chunks: ${name}`,
  ask: (target) =>
    target.signed(
      {
        method: 'PUT',
        path: target.at(`objects/chunks ${name}`),
        headers: decodedLength === null ? {} : { 'x-amz-decoded-content-length': decodedLength },
        body,
      },
      { payloadHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' },
    ),
});
const chunkedProbes = [
  chunked('right', '5', '5\r\nhello\r\n0\r\n\r\n'),
  chunked('with a trailer', '5', '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n'),
  chunked('shorter than announced', '9', '5\r\nhello\r\n0\r\n\r\n'),
  chunked('without its length', null, '5\r\nhello\r\n0\r\n\r\n'),
];

const tagSet = (content: string): string => `<Tagging><TagSet>${content}</TagSet></Tagging>`;
const tag = (key: string, value: string): string => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`;
const md5 = (text: string): string => createHash('md5').update(text).digest('base64');

export const writeProbes: Probe[] = [
  {
    name: 'DELETE of an object',
    async ask(target) {
      await target.put('objects/deleted', content);
      return target.onKey('DELETE', 'objects/deleted');
    },
  },
  {
    name: 'DELETE with If-Match of another ETag, then HEAD',
    async ask(target) {
      await target.put('objects/kept', content);
      await target.onKey('DELETE', 'objects/kept', { headers: { 'if-match': `"${otherEtag}"` } });
      return target.head('objects/kept');
    },
  },
  puts('right', {}),
  puts('empty', {}, ''),
  puts('right Content-MD5', { 'content-md5': md5(content) }),
  puts('wrong Content-MD5', { 'content-md5': md5('other') }),
  puts('Content-MD5 that is none', { 'content-md5': 'AAAA' }),
  puts('wrong x-amz-checksum-sha256', {
    'x-amz-checksum-sha256': createHash('sha256').update('other').digest('base64'),
  }),
  puts('another storage class', { 'x-amz-storage-class': 'NOWHERE' }),
  puts('an ACL that is none', { 'x-amz-acl': 'everybody' }),
  puts('x-amz-tagging with 11 tags', { 'x-amz-tagging': Array.from({ length: 11 }, (_, n) => `k${n}=v`).join('&') }),
  puts('encryption', { 'x-amz-server-side-encryption': 'AES256' }),
  puts('a key of 1024 bytes', {}, content, 'k'.repeat(1024)),
  puts('a key of 1025 bytes', {}, content, 'k'.repeat(1025)),
  {
    name: 'PUT: x-amz-content-sha256 of other bytes',
    ask: (target) =>
      target.signed(
        { method: 'PUT', path: target.at('objects/mismatch'), body: content },
        { payloadHash: createHash('sha256').update('other').digest('hex') },
      ),
  },
  {
    name: 'PUT: x-amz-content-sha256 that is no hash',
    ask: (target) =>
      target.signed({ method: 'PUT', path: target.at('objects/no-hash'), body: content }, { payloadHash: 'hello' }),
  },
  ...chunkedProbes,
  keeps('content type', { 'content-type': 'Image/PNG; charset=x' }),
  keeps('no content type', {}),
  keeps('metadata', { 'x-amz-meta-a': '1', 'X-Amz-Meta-B-C': 'two words', 'x-amz-meta-empty': '' }),
  keeps('the other headers', {
    'cache-control': 'max-age=5',
    'content-disposition': 'attachment; filename="a"',
    'content-encoding': 'gzip',
    'content-language': 'de',
    expires: future,
  }),
  keeps('tags', { 'x-amz-tagging': 'a=1&b=2' }),
  conditional('If-None-Match * of a new key', { 'if-none-match': '*' }, false),
  conditional('If-None-Match * of a key that is there', { 'if-none-match': '*' }),
  conditional('If-None-Match of the same ETag', { 'if-none-match': `"${etag}"` }),
  conditional('If-Match of the same ETag', { 'if-match': `"${etag}"` }),
  conditional('If-Match of the same ETag without quotes', { 'if-match': etag }),
  conditional('If-Match *', { 'if-match': '*' }),
  conditional('If-Match of another ETag', { 'if-match': otherEtag }),
  conditional('If-Match of a missing key', { 'if-match': otherEtag }, false),
  conditional('If-Match * of a missing key', { 'if-match': '*' }, false),
  tags('GET', 'none'),
  tags('GET', 'some', undefined, { 'x-amz-tagging': 'state=pending&u=1' }),
  tags('PUT', 'right', tagSet(tag('a', 'b'))),
  tags('PUT', '11 tags', tagSet(Array.from({ length: 11 }, (_, n) => tag(`k${n}`, 'v')).join(''))),
  tags('PUT', 'a key of 129 characters', tagSet(tag('k'.repeat(129), 'v'))),
  tags('PUT', 'a value of 257 characters', tagSet(tag('k', 'v'.repeat(257)))),
  tags('PUT', 'one key twice', tagSet(tag('a', '1') + tag('a', '2'))),
  tags('PUT', 'another document', '<a/>'),
  tags('PUT', 'of a missing key', tagSet(tag('a', 'b')), null),
  tags('DELETE', 'some', undefined, { 'x-amz-tagging': 'a=1' }),
  ...['a b', 'a+b', 'ü/é', 'a//b', '/a', 'a/', '../a', "a!'()*b", 'a%2Fb', 'a\tb', 'a&b=c?d#e', '日本', '~-_.'].map(
    (key) => keyed(`objects/keys/${key}`),
  ),
];
