import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildSourceUrl,
  createImgproxySigner,
  type KeyPair,
  parseKeyPairs,
  signImgproxyPath,
  verifyImgproxyPath,
} from './imgproxy-url.ts';

/** Signatures published by imgproxy, its clients and their tests, each with its source. */
interface Vector {
  name: string;
  key: string;
  salt: string;
  path: string;
  signature: string;
  size?: number;
  valid?: false;
}
const vectors: Vector[] = JSON.parse(readFileSync(new URL('./imgproxy-vectors.json', import.meta.url), 'utf8'));
const positive = vectors.filter(({ valid }) => valid !== false);
const negative = vectors.filter(({ valid }) => valid === false);

// Not parseKeyPairs: one published vector is signed with an empty key, which the product refuses.
const pairOf = ({ key, salt }: Vector): KeyPair => ({ key: Buffer.from(key, 'hex'), salt: Buffer.from(salt, 'hex') });
const secretHello: KeyPair = { key: Buffer.from('secret'), salt: Buffer.from('hello') };

/** What imgproxy v4 makes of a request target, written from its `handlers/path.go` and `options/parser/url.go`. */
function readAsImgproxy(target: string, pair: KeyPair): { options: string[]; bucket: string; key: string } {
  const [withoutQuery = ''] = target.split('?');
  const [, signature = '', rest = ''] = /^\/([^/]*)\/(.*)$/s.exec(withoutQuery) ?? [];
  const plainAt = `/${rest}`.indexOf('/plain/');
  if (plainAt < 0) throw new Error('no plain source');
  const options = `/${rest}`.slice(0, plainAt).replaceAll('%3A', ':');
  const path = options + `/${rest}`.slice(plainAt).replace(/\/plain\/(\S+):\/([^/])/, '/plain/$1://$2');
  const expected = createHmac('sha256', pair.key).update(pair.salt).update(path).digest('base64url');
  if (signature !== expected) throw new Error('403 Forbidden');
  const [source = '', extension] = path.slice(plainAt + '/plain/'.length).split('@');
  if (extension !== undefined) throw new Error('a format suffix');
  const [, bucket = '', rawKey = ''] = /^s3:\/\/([^/]*)\/(.*)$/s.exec(decodeURIComponent(source)) ?? [];
  if ([...rawKey].some((character) => character < ' ' || character === '\x7f'))
    throw new Error('404 control character');
  const [key = ''] = rawKey.replace(/^\/+/, '').split('?');
  return { options: options.split('/').filter(Boolean), bucket, key };
}

describe('signImgproxyPath', () => {
  it.each(positive)('makes the published signature: $name', (vector) => {
    expect(signImgproxyPath(vector.path, pairOf(vector), vector.size ?? 32)).toBe(vector.signature);
  });

  it('has vectors of both kinds', () => {
    expect([positive.length, negative.length]).toEqual([40, 2]);
  });
});

describe('verifyImgproxyPath', () => {
  it.each(positive)('accepts the published signature: $name', (vector) => {
    expect(verifyImgproxyPath(vector.signature, vector.path, [pairOf(vector)], vector.size ?? 32)).toBe(true);
  });

  it.each(negative)('refuses what imgproxy refuses: $name', (vector) => {
    expect(verifyImgproxyPath(vector.signature, vector.path, [pairOf(vector)], vector.size ?? 32)).toBe(false);
  });

  it.each(positive)('refuses the signature for any other path: $name', (vector) => {
    expect(verifyImgproxyPath(vector.signature, `${vector.path}x`, [pairOf(vector)], vector.size ?? 32)).toBe(false);
  });

  const path = '/rs:fit:300:300/plain/s3://bucket/image.jpg';
  const other: KeyPair = { key: Buffer.from('other key'), salt: Buffer.from('other salt') };

  it('refuses every single changed character, apart from the spare bits of the last one', () => {
    const signature = signImgproxyPath(path, secretHello, 32);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const accepted: string[] = [];
    for (let index = 0; index < signature.length; index++) {
      for (const character of alphabet) {
        const changed = signature.slice(0, index) + character + signature.slice(index + 1);
        if (verifyImgproxyPath(changed, path, [secretHello], 32)) accepted.push(changed);
      }
    }
    const siblings = new Set(accepted);
    // 256 bits are 42 characters and two thirds of one: four spellings of the last character mean the same bytes.
    expect(siblings.size).toBe(4);
    expect([...siblings].every((sibling) => sibling.slice(0, -1) === signature.slice(0, -1))).toBe(true);
  });

  it('accepts the signature of any of several pairs', () => {
    expect(verifyImgproxyPath(signImgproxyPath(path, other, 32), path, [secretHello, other], 32)).toBe(true);
    expect(verifyImgproxyPath(signImgproxyPath(path, secretHello, 32), path, [secretHello, other], 32)).toBe(true);
    expect(verifyImgproxyPath(signImgproxyPath(path, other, 32), path, [secretHello], 32)).toBe(false);
    expect(verifyImgproxyPath(signImgproxyPath(path, other, 32), path, [], 32)).toBe(false);
  });

  it('wants the exact length', () => {
    const full = signImgproxyPath(path, secretHello, 32);
    const short = signImgproxyPath(path, secretHello, 8);
    expect(full.startsWith(short.slice(0, 10))).toBe(true);
    expect(verifyImgproxyPath(short, path, [secretHello], 8)).toBe(true);
    expect(verifyImgproxyPath(full, path, [secretHello], 8)).toBe(false);
    expect(verifyImgproxyPath(short, path, [secretHello], 32)).toBe(false);
  });

  it.each(['', '=', 'x', 'ä'.repeat(43), '%'.repeat(43), `${'A'.repeat(42)}=`, 'A'.repeat(4000)])(
    'refuses %j',
    (text) => {
      expect(verifyImgproxyPath(text, path, [secretHello], 32)).toBe(false);
    },
  );
});

describe('parseKeyPairs', () => {
  it('pairs keys and salts in their order', () => {
    expect(parseKeyPairs('736563726574,00FF', '68656C6C6F, 01')).toEqual([
      { key: Buffer.from('secret'), salt: Buffer.from('hello') },
      { key: Buffer.from([0, 255]), salt: Buffer.from([1]) },
    ]);
  });

  it.each([
    ['', 'aa', /imgproxy key is empty/],
    ['aa', '', /imgproxy salt is empty/],
    ['aa,', 'aa,bb', /key 2 of 2 is empty/],
    ['secretsecret', 'aa', /imgproxy key is not hexadecimal/],
    ['aaxx', 'aa', /imgproxy key is not hexadecimal/],
    ['aa', 'aa,b b', /salt 2 of 2 is not hexadecimal/],
    ['aaa', 'aa', /imgproxy key has an odd number/],
    ['aa,bb', 'aa', /2 imgproxy keys but 1 salt/],
  ])('refuses keys %j with salts %j', (keys, salts, message) => {
    expect(() => parseKeyPairs(keys, salts)).toThrow(message);
  });

  it('never repeats the value in the message', () => {
    expect(() => parseKeyPairs('deadbeefcafeZZ', 'aa')).toThrow(/^(?!.*deadbeef)/);
  });
});

describe('buildSourceUrl', () => {
  it.each([
    ['image-uuid.jpg', 's3://bucket/image-uuid.jpg'],
    ['a b.jpg', 's3://bucket/a%20b.jpg'],
    ['100%.jpg', 's3://bucket/100%25.jpg'],
    ['a%20b.jpg', 's3://bucket/a%2520b.jpg'],
    ['a@2x.jpg', 's3://bucket/a%402x.jpg'],
    ['x:/y.jpg', 's3://bucket/x%3A/y.jpg'],
    ["it's (1)*!.jpg", "s3://bucket/it's%20(1)*!.jpg"],
    ['日本/ü#.jpg', 's3://bucket/%E6%97%A5%E6%9C%AC/%C3%BC%23.jpg'],
    ['d//e', 's3://bucket/d//e'],
    ['.hidden/..jpg/...', 's3://bucket/.hidden/..jpg/...'],
  ])('escapes %j', (key, url) => {
    expect(buildSourceUrl('bucket', key)).toBe(url);
  });

  it.each([
    ['', /empty/],
    ['/lead.jpg', /begins with "\/"/],
    ['a\tb', /control/],
    ['a\nb', /control/],
    ['a\0', /control/],
    ['a\x7f', /control/],
    ['a?b.jpg', /version id/],
    ['.', /"\." or "\.\." segment/],
    ['../up.jpg', /segment/],
    ['d/../e.jpg', /segment/],
    ['d/./e.jpg', /segment/],
    ['d/..', /segment/],
    ['a\ud800b', /Unicode/],
    ['\udc00', /Unicode/],
  ])('refuses %j, which imgproxy cannot address', (key, message) => {
    expect(() => buildSourceUrl('bucket', key)).toThrow(message);
  });

  it.each(['', 'a/b', 'a b', 'a?', 'a:b', '-a', 'ä'])('refuses the bucket %j', (bucket) => {
    expect(() => buildSourceUrl(bucket, 'a.jpg')).toThrow(/not a bucket name/);
  });
});

describe('createImgproxySigner', () => {
  const options = { baseUrl: 'https://images.example.com', pairs: [secretHello], signatureSize: 32 };

  it('makes the address of a published vector', () => {
    const url = createImgproxySigner(options).imageUrl('/rs:fit:300:300/g:ce/plain/', 's3://bucket/image-uuid.jpg');
    expect(url).toBe(
      'https://images.example.com/6LymCEzUKltGhKhM60sdc59NutTNFRrKx3mBi37u4Bk/rs:fit:300:300/g:ce/plain/s3://bucket/image-uuid.jpg',
    );
  });

  it.each([
    ['https://images.example.com', 'https://images.example.com/'],
    ['https://images.example.com/', 'https://images.example.com/'],
    ['http://localhost:5003/imgproxy', 'http://localhost:5003/imgproxy/'],
    ['http://localhost:5003/imgproxy//', 'http://localhost:5003/imgproxy/'],
  ])('puts the address as given before the signature: %s', (baseUrl, start) => {
    const url = createImgproxySigner({ ...options, baseUrl }).imageUrl('/w:20/plain/', 's3://bucket/a.jpg');
    expect(url).toBe(
      `${start}${signImgproxyPath('/w:20/plain/s3://bucket/a.jpg', secretHello, 32)}/w:20/plain/s3://bucket/a.jpg`,
    );
  });

  it('signs with the first of several pairs, and with as many bytes as configured', () => {
    const second = { key: Buffer.from('x'), salt: Buffer.from('y') };
    const signer = createImgproxySigner({ ...options, pairs: [second, secretHello], signatureSize: 8 });
    const [, , , signature = ''] = signer.imageUrl('/w:20/plain/', 's3://bucket/a.jpg').split('/');
    expect(signature).toHaveLength(11);
    expect(verifyImgproxyPath(signature, '/w:20/plain/s3://bucket/a.jpg', [second], 8)).toBe(true);
  });

  it.each([
    [{ pairs: [] }, /key and salt/],
    [{ signatureSize: 0 }, /1 to 32 bytes/],
    [{ signatureSize: 33 }, /1 to 32 bytes/],
    [{ signatureSize: 1.5 }, /1 to 32 bytes/],
    [{ baseUrl: 'https://images.example.com/?a=b' }, /query/],
    [{ baseUrl: 'https://images.example.com/#a' }, /fragment/],
  ])('refuses %j', (change, message) => {
    expect(() => createImgproxySigner({ ...options, ...change })).toThrow(message);
  });

  it('is understood by imgproxy for every key it can address, also after a browser has read the URL', () => {
    const signer = createImgproxySigner(options);
    const segment = fc
      .oneof(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom('plain', 'x:', '%2e%2e', 'a@b'),
      )
      .filter((text) => !/[\p{Cc}?/\p{Surrogate}]/u.test(text) && text !== '.' && text !== '..');
    const addressableKey = fc
      .array(segment, { minLength: 1, maxLength: 4 })
      .map((segments) => segments.join('/'))
      .filter((key) => key !== '' && !key.startsWith('/'));
    fc.assert(
      fc.property(addressableKey, (key) => {
        const url = new URL(signer.imageUrl('/rs:fit:300:300/f:webp/plain/', buildSourceUrl('my.bucket-1', key)));
        expect(url.hash).toBe('');
        expect(readAsImgproxy(url.pathname + url.search, secretHello)).toEqual({
          options: ['rs:fit:300:300', 'f:webp'],
          bucket: 'my.bucket-1',
          key,
        });
      }),
      { numRuns: 1000 },
    );
  });
});
