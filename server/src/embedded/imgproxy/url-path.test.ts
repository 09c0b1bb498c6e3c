import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ImgproxyError } from './imgproxy-error.ts';
import {
  decodeBase64Url,
  decodeSource,
  hasMalformedEscape,
  restorePath,
  splitOptions,
  splitRequestTarget,
} from './url-path.ts';

describe('splitRequestTarget', () => {
  it('cuts the query and splits the signature off', () => {
    expect(splitRequestTarget('/sig/w:20/plain/s3://b/k.jpg?v=2')).toEqual({
      signature: 'sig',
      path: 'w:20/plain/s3://b/k.jpg',
    });
  });

  it('takes one slash more, not two', () => {
    expect(splitRequestTarget('//sig/x').signature).toBe('sig');
    expect(() => splitRequestTarget('///sig/x')).toThrow(ImgproxyError);
  });

  it.each(['', '/', '//', '/sig', '/sig/', '/?a=/b'])('refuses %j', (target) => {
    expect(() => splitRequestTarget(target)).toThrow('Invalid URL');
  });
});

describe('restorePath', () => {
  it.each([
    ['w%3A20/plain/s3://b/a%3Ab.jpg', 'w:20/plain/s3://b/a%3Ab.jpg'],
    ['w%3a20/plain/s3://b/k', 'w%3a20/plain/s3://b/k'],
    ['w%3A20/czM6', 'w:20/czM6'],
    ['w:20/plain/s3:/b/k.jpg', 'w:20/plain/s3://b/k.jpg'],
    ['plain/s3:/b/k.jpg', 'plain/s3://b/k.jpg'],
    ['plain/local:/k.jpg', 'plain/local:///k.jpg'],
    // The last colon and slash are the ones that are taken for a scheme: why keys are escaped before they are signed.
    ['plain/s3://b/dir:/k', 'plain/s3://b/dir://k'],
    ['plain/s3://b/x/plain/y:/z', 'plain/s3://b/x/plain/y://z'],
  ])('makes %s into %s', (path, restored) => {
    expect(restorePath(path)).toBe(restored);
  });

  it('changes nothing that was restored before', () => {
    const path = fc.array(fc.constantFrom('/', ':', '%3A', 's3', 'plain', 'w', '//', 'a'), { maxLength: 12 });
    fc.assert(
      fc.property(path, (pieces) => {
        const restored = restorePath(`w:1/${pieces.join('')}`);
        expect(restorePath(restored)).toBe(restored);
      }),
    );
  });
});

describe('splitOptions', () => {
  it('ends the options at the first segment without a colon', () => {
    expect(splitOptions('rs:fit:300:300/q:80/plain/s3://b/k.jpg')).toEqual({
      options: [
        { name: 'rs', args: ['fit', '300', '300'] },
        { name: 'q', args: ['80'] },
      ],
      sourceSegments: ['plain', 's3:', '', 'b', 'k.jpg'],
    });
  });
});

describe('decodeSource', () => {
  it('decodes a plain source once', () => {
    expect(decodeSource(['plain', 's3:', '', 'b', 'a%2520b%40c+d.jpg@webp'])).toEqual({
      url: 's3://b/a%20b@c+d.jpg',
      isText: true,
      extension: 'webp',
    });
  });

  it('notices escapes that are no UTF-8', () => {
    expect(decodeSource(['plain', 's3:', '', 'b', '%FF.jpg']).isText).toBe(false);
  });

  it('decodes what was encoded, in any number of pieces', () => {
    const source = fc.tuple(fc.string({ unit: 'grapheme', minLength: 1 }), fc.nat(50));
    fc.assert(
      fc.property(source, ([text, at]) => {
        const encoded = Buffer.from(text).toString('base64url');
        const decoded = decodeSource([encoded.slice(0, at), `${encoded.slice(at)}.png`]);
        expect(decoded).toEqual({ url: text, isText: true, extension: 'png' });
        const plain = decodeSource(['plain', ...encodeURIComponent(text).split('/')]);
        expect(plain.url).toBe(text);
      }),
    );
  });

  it.each([
    [[]],
    [['plain']],
    [['plain', '']],
    [['plain', '@png']],
    [['plain', 'a@b@c']],
    [['!!!']],
    [['.png']],
    [['YQ.a.b']],
  ])('refuses %j', (segments) => {
    // `plain` alone is read as base64url, and its five characters are none.
    expect(() => decodeSource(segments)).toThrow('Invalid URL');
  });
});

describe('decodeBase64Url', () => {
  it('takes padding and refuses other alphabets and impossible lengths', () => {
    expect(decodeBase64Url('YWI=')?.toString()).toBe('ab');
    for (const text of ['a+b/', 'YWJjZ', 'ü', 'a b']) expect(decodeBase64Url(text), text).toBeUndefined();
  });
});

describe('hasMalformedEscape', () => {
  it('looks for two hexadecimal digits behind every percent sign', () => {
    expect(['/a%20b', '/%C3%bc', '/'].some(hasMalformedEscape)).toBe(false);
    expect(['/%', '/%2', '/%zz', '/%20%g0'].every(hasMalformedEscape)).toBe(true);
  });
});
