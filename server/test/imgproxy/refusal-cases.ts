import { signImgproxyPath } from '@kuanary/shared/imgproxy-url';
import { type Addressing, type ConformanceCase, picture, pictures, plainPath, signedCase } from './conformance-case.ts';

const options = 'rs:fill:20:10/f:webp';

/** The same picture with a signature, or a path behind it, that is not the right one. */
function forged(
  name: string,
  forge: (signature: string, path: string, addressing: Addressing) => string,
): ConformanceCase {
  return {
    name: `signature: ${name}`,
    target(addressing) {
      const path = plainPath(addressing, options, 'photo.jpg');
      return forge(signImgproxyPath(path, addressing.keyPair, 32), path, addressing);
    },
  };
}

const otherPair = { key: Buffer.from('another key'), salt: Buffer.from('another salt') };
const firstChanged = (text: string): string => (text.startsWith('A') ? 'B' : 'A') + text.slice(1);
const lastPlus = (text: string, step: number): string => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1) ?? '') + step];
};

const signatures: ConformanceCase[] = [
  forged('the right one', (signature, path) => `/${signature}${path}`),
  forged('with a query behind', (signature, path) => `/${signature}${path}?v=2`),
  forged('its first character changed', (signature, path) => `/${firstChanged(signature)}${path}`),
  forged('the spare bits of its last character changed', (signature, path) => `/${lastPlus(signature, 1)}${path}`),
  forged('its last character changed by more', (signature, path) => {
    // Four characters decode to the same bytes; the fifth from here does not.
    const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.indexOf(signature.at(-1) ?? '');
    return `/${lastPlus(signature, last < 32 ? 4 : -4)}${path}`;
  }),
  forged('none', (_signature, path) => path),
  forged('an empty one', (_signature, path) => `/${path}`),
  forged('a placeholder', (_signature, path) => `/insecure${path}`),
  forged('padded', (signature, path) => `/${signature}=${path}`),
  forged('cut by one', (signature, path) => `/${signature.slice(0, -1)}${path}`),
  forged('cut to eight bytes', (_signature, path, { keyPair }) => `/${signImgproxyPath(path, keyPair, 8)}${path}`),
  forged('lengthened', (signature, path) => `/${signature}AAAA${path}`),
  forged('in hexadecimal', (signature, path) => `/${Buffer.from(signature, 'base64url').toString('hex')}${path}`),
  forged('with a character of standard base64', (signature, path) => `/+${signature.slice(1)}${path}`),
  forged('escaped', (signature, path) => `/%${signature.charCodeAt(0).toString(16)}${signature.slice(1)}${path}`),
  forged('of another key', (_signature, path, { keyPair }) => {
    return `/${signImgproxyPath(path, { ...keyPair, key: otherPair.key }, 32)}${path}`;
  }),
  forged('of another salt', (_signature, path, { keyPair }) => {
    return `/${signImgproxyPath(path, { ...keyPair, salt: otherPair.salt }, 32)}${path}`;
  }),
  forged('of key and salt exchanged', (_signature, path, { keyPair }) => {
    return `/${signImgproxyPath(path, { key: keyPair.salt, salt: keyPair.key }, 32)}${path}`;
  }),
  forged('of an empty key and salt', (_signature, path) => {
    return `/${signImgproxyPath(path, { key: Buffer.alloc(0), salt: Buffer.alloc(0) }, 32)}${path}`;
  }),
  forged('of the path without its slash', (_signature, path, { keyPair }) => {
    return `/${signImgproxyPath(path.slice(1), keyPair, 32)}${path}`;
  }),
  forged('for other options', (signature, path) => `/${signature}${path.replace('fill:20', 'fill:21')}`),
  forged('for another source', (signature, path) => `/${signature}${path.replace('.jpg', '.png')}`),
  forged('for one option less', (signature, path) => `/${signature}${path.replace('/f:webp', '')}`),
  forged('for another order of options', (signature, path) => {
    return `/${signature}${path.replace('rs:fill:20:10/f:webp', 'f:webp/rs:fill:20:10')}`;
  }),
  forged('colons of options escaped', (signature, path) => `/${signature}${path.replace('fill:20', 'fill%3A20')}`),
  forged(
    'colons escaped in small letters',
    (signature, path) => `/${signature}${path.replace('fill:20', 'fill%3a20')}`,
  ),
  forged('slashes of the scheme folded', (signature, path) => `/${signature}${path.replace('s3://', 's3:/')}`),
  forged('two slashes before it', (signature, path) => `//${signature}${path}`),
  forged('three slashes before it', (signature, path) => `///${signature}${path}`),
  forged('a slash behind the source', (signature, path) => `/${signature}${path}/`),
  { ...forged('wrong, asked by HEAD', (_signature, path) => `/wrong${path}`), method: 'HEAD' },
  { ...forged('wrong, asked by OPTIONS', (_signature, path) => `/wrong${path}`), method: 'OPTIONS' },
  { ...forged('right, but POST', (signature, path) => `/${signature}${path}`), method: 'POST' },
];

const badOptions = pictures('photo.jpg', [
  'w:',
  'w:-1',
  'w:1.5',
  'w:1e2',
  'w:abc',
  'w:1:2',
  'min_width:5',
  'W:20',
  'z:0',
  'dpr:0',
  'dpr:-1',
  'ex:1:sm',
  'g:zz',
  'g:sm:1',
  'g:fp:0.5',
  'g:fp:2:1',
  'g:obj:face',
  'g:ce:0:0:0',
  'c:-1',
  'c:100:',
  't:abc',
  't:10:zz',
  't:10:ffffff:1:1:1',
  'pd:1:2:3:4:5',
  'pd:-1',
  'rot:45',
  'bg:12',
  'bg:#fff',
  'bg:300:0:0',
  'bl:-1',
  'sh:-0.1',
  'pix:1.5',
  'wm:2',
  'q:101',
  'q:80.5',
  'fq:webp',
  'f:WEBP',
  'f:best',
  'f:jpg:png',
  'f:mp4',
  'skp:zz',
  'cb:a:b',
  'exp:1',
  'exp:1.5',
  'exp:soon',
  'fn:a*b:1',
  'rs:cover:1:1',
  'rs:contain:1:1',
  'rs:fit:1:2:3:4:5:6:7:8',
  'pr:thumbnail',
  'ra:nearest',
  'br:10',
  'raw',
  'fit/300/300',
  'nonsense:1',
  'msr:5',
  'msfs:5',
  'maf:2',
  'mrd:100',
  'w:Infinity',
  'w:99999999999999999999',
  'bl:1e-7/w:20',
  'w:+20',
  'w:020',
  'el:yes/w:20',
  'rs::20',
  's:20:10',
  's:20:10:1:1',
]);

const sources: ConformanceCase[] = [
  picture('w:20', 'missing.jpg'),
  signedCase('an object under tmp/', ({ bucket, key }) => `/w:20/plain/s3://${bucket}/tmp/${key('photo.jpg')}`),
  signedCase('a missing object under tmp/', ({ bucket }) => `/w:20/plain/s3://${bucket}/tmp/incoming/none.jpg`),
  signedCase('an object under tmp/ in base64url', ({ bucket, key }) => {
    return `/w:20/${Buffer.from(`s3://${bucket}/tmp/${key('photo.jpg')}`).toString('base64url')}`;
  }),
  signedCase('an object under tmp/, raw', ({ bucket, key }) => `/raw:1/plain/s3://${bucket}/tmp/${key('photo.jpg')}`),
  signedCase('tmp/ behind an escaped slash', ({ bucket, key }) => {
    return `/w:20/plain/s3://${bucket}/tmp%2F${key('photo.jpg')}`;
  }),
  signedCase('tmp/ behind a dot segment', ({ bucket, key }) => `/w:20/plain/s3://${bucket}/./tmp/${key('photo.jpg')}`),
  signedCase(
    'tmp/ behind a file name',
    ({ bucket, key }) => `/w:20/plain/s3://${bucket}/a.b/../tmp/${key('photo.jpg')}`,
  ),
  signedCase('tmp/ behind a leading slash', ({ bucket, key }) => `/w:20/plain/s3://${bucket}//tmp/${key('photo.jpg')}`),
  signedCase('a root key without extension', ({ bucket, key }) => {
    return `/w:20/plain/s3://${bucket}/${key('without-extension')}`;
  }),
  signedCase(
    'a bucket whose name begins alike',
    ({ bucket, key }) => `/w:20/plain/s3://${bucket}x/${key('photo.jpg')}`,
  ),
  signedCase('another bucket', ({ key }) => `/w:20/plain/s3://another-bucket/${key('photo.jpg')}`),
  signedCase('the bucket in capitals', ({ bucket, key }) => `/w:20/plain/S3://${bucket}/${key('photo.jpg')}`),
  signedCase('a source by http', () => '/w:20/plain/http://127.0.0.1:1/a.jpg'),
  signedCase('a local file', () => '/w:20/plain/local:///etc/passwd.jpg'),
  signedCase(
    'a version that is not there',
    ({ bucket, key }) => `/w:20/plain/s3://${bucket}/${key('photo.jpg')}%3Fnone`,
  ),
  signedCase('a control character in a key', ({ bucket }) => `/w:20/plain/s3://${bucket}/a%09b.jpg`),
  signedCase('a NUL in a key', ({ bucket }) => `/w:20/plain/s3://${bucket}/a%00b.jpg`),
  signedCase('a key that is not UTF-8', ({ bucket }) => `/w:20/plain/s3://${bucket}/a%FFb.jpg`),
  signedCase('a key of 2000 characters', ({ bucket }) => `/w:20/plain/s3://${bucket}/${'a'.repeat(2000)}.jpg`),
  signedCase('an empty key', ({ bucket }) => `/w:20/plain/s3://${bucket}/`),
  signedCase('no source', () => '/w:20'),
  signedCase('a slash for a source', () => '/w:20/'),
  signedCase('plain without a source', () => '/w:20/plain/'),
  signedCase('a source of nonsense', () => '/w:20/!!!'),
  signedCase('two formats behind a source', (to) => `${plainPath(to, 'w:20', 'photo.jpg')}@png@gif`),
  signedCase('an unknown format behind a source', (to) => `${plainPath(to, 'w:20', 'photo.jpg')}@exe`),
  signedCase('encrypted sources', () => '/w:20/enc/AAAA'),
];

const damaged = [
  'text.jpg',
  'page.jpg',
  'empty.jpg',
  'cut-in-header.jpg',
  'cut-in-body.jpg',
  'damaged-header.jpg',
  'damaged-body.png',
  'cut-in-body.png',
  'damaged-body.webp',
  'cut-in-body.webp',
  'cut-in-body.gif',
  'cut-in-body.avif',
  'too-many-pixels.png',
].map((file) => picture('w:20/f:png', file));

const otherTargets: ConformanceCase[] = [
  ['/health', 'GET'],
  ['/', 'GET'],
  ['/favicon.ico', 'GET'],
  ['/.well-known/x', 'GET'],
  ['/abc', 'GET'],
  ['/abc/', 'GET'],
  ['/x%zz/y', 'GET'],
  ['/sig/w:20/plain/s3://b/a%2', 'GET'],
  ['/x/w:20/plain/s3://b/\u00fc.jpg', 'GET'],
  ['/health?%zz', 'GET'],
  ['/health', 'HEAD'],
  ['/health', 'POST'],
].map(([target = '', method = '']) => ({ name: `${method} ${target}`, target: () => target, method }));

/** What is refused, and what is nearly refused. */
export const refusalCases: readonly ConformanceCase[] = [
  ...signatures,
  ...badOptions,
  ...sources,
  ...damaged,
  ...otherTargets,
];
