import { randomUUID } from 'node:crypto';
import { DeleteObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { buildSourceUrl, type KeyPair, signImgproxyPath } from '@kuanary/shared/imgproxy-url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exactSizes } from './exact-sizes.ts';
import { quarterAt, quarters, type StoredSources, sampleSources, storeSources } from './sample-sources.ts';
import { describePicture, type RawAnswer, type RequestOptions, sendRaw, signedPath } from './signed-requests.ts';

/** A running imgproxy, real or not, that may read the root objects (with an extension) of `bucket`. */
export interface ImgproxyUnderTest {
  url: string;
  keyPair: KeyPair;
  /** A client of the storage it reads, that may write and delete. */
  client: S3Client;
  bucket: string;
  remove(): Promise<void>;
}

const securityPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox";
const yearOfCaching = 'max-age=31536000, public';

/** What the product counts on in imgproxy: addresses, signatures, statuses, headers, and pictures of exactly the right size. */
export function describeImgproxy(name: string, make: () => Promise<ImgproxyUnderTest>): void {
  describe(`imgproxy: ${name}`, () => {
    let imgproxy: ImgproxyUnderTest;
    let sources: StoredSources;

    beforeAll(async () => {
      imgproxy = await make();
      sources = await storeSources(imgproxy.client, imgproxy.bucket, sampleSources);
    });

    afterAll(async () => {
      await sources.remove();
      await imgproxy.remove();
    });

    /** The part of an address that is signed. */
    const rest = (options: string, file: string): string =>
      `${options === '' ? '' : `/${options}`}/plain/${buildSourceUrl(imgproxy.bucket, sources.key(file))}`;
    const send = (path: string, options?: RequestOptions): Promise<RawAnswer> => sendRaw(imgproxy.url, path, options);
    const sendSigned = (path: string, options?: RequestOptions): Promise<RawAnswer> =>
      send(signedPath(path, imgproxy.keyPair), options);
    const get = (options: string, file: string, sent?: RequestOptions): Promise<RawAnswer> =>
      sendSigned(rest(options, file), sent);
    const render = async (options: string, file: string): Promise<Buffer> => {
      const answer = await get(options, file);
      expect(answer.status, answer.body.toString('utf8', 0, 80)).toBe(200);
      return answer.body;
    };
    const outcome = ({ status, body }: RawAnswer): string => `${status} ${body.toString('utf8', 0, 60)}`;

    describe('signatures', () => {
      it('accepts the right one, whatever the query says', async () => {
        const path = signedPath(rest('w:20', 'photo.jpg'), imgproxy.keyPair);
        expect((await send(path)).status).toBe(200);
        expect((await send(`${path}?v=2`)).status).toBe(200);
        expect((await send(`${path}?%zz`)).status).toBe(200);
      });

      it('refuses it with any character of it changed', async () => {
        const path = rest('w:20', 'photo.jpg');
        const signature = signImgproxyPath(path, imgproxy.keyPair, 32);
        // The last of 43 characters has two spare bits and comes below.
        for (let at = 0; at < signature.length - 1; at += 1) {
          const changed = signature.slice(0, at) + (signature[at] === 'A' ? 'B' : 'A') + signature.slice(at + 1);
          expect(outcome(await send(`/${changed}${path}`)), changed).toBe('403 Forbidden');
        }
      });

      it('does not look at the spare bits of its last character', async () => {
        const path = rest('w:20', 'photo.jpg');
        const signature = signImgproxyPath(path, imgproxy.keyPair, 32);
        const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
        const bytes = (text: string): string => Buffer.from(text, 'base64url').toString('hex');
        for (const last of alphabet) {
          const changed = signature.slice(0, -1) + last;
          const expected = bytes(changed) === bytes(signature) ? 200 : 403;
          expect((await send(`/${changed}${path}`)).status, changed).toBe(expected);
        }
      });

      it('refuses it for a path with any character changed', async () => {
        const path = rest('rs:fill:20:10/f:webp', 'photo.jpg');
        const signature = signImgproxyPath(path, imgproxy.keyPair, 32);
        for (let at = 1; at < path.length; at += 1) {
          const changed = path.slice(0, at) + (path[at] === 'A' ? 'B' : 'A') + path.slice(at + 1);
          expect(outcome(await send(`/${signature}${changed}`)), changed).toBe('403 Forbidden');
        }
      });

      it.each([
        ['padded', (signature: string) => `${signature}=`],
        ['cut', (signature: string) => signature.slice(0, -1)],
        ['cut to eight bytes', (signature: string) => signature.slice(0, 11)],
        ['lengthened', (signature: string) => `${signature}AAAA`],
        ['a placeholder', () => 'insecure'],
        ['in standard base64', (signature: string) => `+${signature.slice(1)}`],
      ])('refuses one that is %s', async (_what, change) => {
        const path = rest('w:20', 'photo.jpg');
        const signature = signImgproxyPath(path, imgproxy.keyPair, 32);
        expect(outcome(await send(`/${change(signature)}${path}`))).toBe('403 Forbidden');
      });
    });

    describe('addresses', () => {
      it('repairs what proxies do to paths before it verifies', async () => {
        const path = signedPath(rest('w:20', 'photo.jpg'), imgproxy.keyPair);
        expect((await send(path.replace('w:20', 'w%3A20'))).status).toBe(200);
        expect((await send(path.replace('w:20', 'w%3a20'))).status).toBe(403);
        expect((await send(path.replace('s3://', 's3:/'))).status).toBe(200);
        expect((await send(`/${path}`)).status).toBe(200);
        expect((await send(`//${path}`)).status).toBe(404);
      });

      it('reads keys with spaces, signs and other scripts from their escapes', async () => {
        expect(await describePicture(await render('w:20', 'a b+ü@2x 100%.jpg'))).toBe('jpeg 20x13');
      });

      it('reads a source in base64url, in any number of pieces, with an extension', async () => {
        const encoded = Buffer.from(`s3://${imgproxy.bucket}/${sources.key('photo.jpg')}`).toString('base64url');
        const pieces = `${encoded.slice(0, 10)}/${encoded.slice(10)}`;
        const pictures = await Promise.all(
          [encoded, `${encoded}.webp`, pieces, `${pieces}.png`, `${encoded}==`].map(async (source) =>
            describePicture((await sendSigned(`/w:20/${source}`)).body),
          ),
        );
        expect(pictures).toEqual(['jpeg 20x13', 'webp 20x13', 'jpeg 20x13', 'png 20x13', 'jpeg 20x13']);
      });

      it('takes the format behind a source as the last word', async () => {
        const answer = await sendSigned(`${rest('w:20/f:webp', 'photo.jpg')}@png`);
        expect(await describePicture(answer.body)).toBe('png 20x13');
      });

      it.each([
        'w:',
        'w:-1',
        'w:1.5',
        'w:abc',
        'w:1:2',
        'min_width:5',
        'z:0',
        'dpr:0',
        'ex:1:sm',
        'g:zz',
        'g:sm:1',
        'g:fp:0.5',
        'g:fp:2:1',
        'g:obj:face',
        'c:-1',
        'c:100:',
        't:abc',
        'pd:1:2:3:4:5',
        'rot:45',
        'bg:12',
        'bg:300:0:0',
        'bl:-1',
        'pix:1.5',
        'wm:2',
        'q:101',
        'q:80.5',
        'fq:webp',
        'f:WEBP',
        'f:best',
        'f:jpg:png',
        'skp:zz',
        'cb:a:b',
        'exp:1',
        'exp:1.5',
        'fn:a*b:1',
        'rs:cover:1:1',
        'rs:fit:1:2:3:4:5:6:7:8',
        'pr:thumbnail',
        'ra:nearest',
        'br:10',
        'dpi:72',
        'aq:1',
        'page:1',
        'raw',
        'fit/300/300',
        'nonsense:1',
      ])('answers 404 to %s', async (options) => {
        expect(outcome(await get(options, 'photo.jpg'))).toBe('404 Invalid URL');
      });

      it.each(['msr:5', 'msfs:5', 'maf:2', 'mafr:1', 'mrd:100'])(
        'answers 403 to the security option %s',
        async (options) => {
          expect(outcome(await get(options, 'photo.jpg'))).toBe('403 Invalid URL');
        },
      );

      it.each(['w:+20', 'w:020', 'el:yes/w:20', 'bl:NaN/w:20', 'fl:1/w:20', 'wm:0.5:re/w:20', 'rs::20', 'pd::5/w:20'])(
        'takes %s',
        async (options) => {
          expect((await get(options, 'photo.jpg')).status).toBe(200);
        },
      );

      it('answers 404 where the address has no source', async () => {
        for (const path of ['/w:20', '/w:20/', '/w:20/plain', '/w:20/plain/', '/w:20/!!!', '/w:20/plain/@png']) {
          expect(outcome(await sendSigned(path)), path).toBe('404 Invalid URL');
        }
        for (const path of ['/abc', '/abc/']) expect(outcome(await send(path)), path).toBe('404 Invalid URL');
        expect(outcome(await sendSigned(`${rest('w:20', 'photo.jpg')}@png@gif`))).toBe('404 Invalid URL');
      });

      it('answers 400 to a malformed percent escape', async () => {
        for (const path of ['/x%zz/y', '/sig/w:20/plain/s3://b/a%2', '/%']) {
          expect(outcome(await send(path)), path).toBe('400 400 Bad Request');
        }
      });
    });

    describe('sources', () => {
      it('reads root objects with an extension and nothing else', async () => {
        const signedSource = async (url: string): Promise<string> => outcome(await sendSigned(`/w:20/plain/${url}`));
        const bucket = imgproxy.bucket;
        const refused = '404 Invalid source URL';
        expect(await signedSource(`s3://${bucket}/tmp/${sources.key('photo.jpg')}`)).toBe(refused);
        expect(await signedSource(`s3://${bucket}/${sources.key('without-extension')}`)).toBe(refused);
        expect(await signedSource(`s3://${bucket}x/${sources.key('photo.jpg')}`)).toBe(refused);
        expect(await signedSource(`s3://another-bucket/${sources.key('photo.jpg')}`)).toBe(refused);
        expect(await signedSource(`s3://${bucket}//${sources.key('photo.jpg')}`)).toBe(refused);
        expect(await signedSource('http://127.0.0.1:1/a.jpg')).toBe(refused);
        expect(await signedSource('local:///etc/passwd.jpg')).toBe(refused);
        const traversal = `s3://${bucket}/../tmp/${sources.key('photo.jpg')}`;
        expect(await signedSource(traversal)).toBe('404 Source is unreachable');
      });

      it('reads every root key with an extension, and nothing under tmp/', async () => {
        const id = randomUUID();
        const readable = [
          ...['jpg', 'png', 'gif', 'webp', 'avif', 'heic'].map((extension) => `image-${id}.${extension}`),
          // Names of older versions stay where they are.
          `${id}-1699999999-Holiday_photo.final.JPEG`,
          `${id}.jpeg`,
        ];
        const unreadable = [
          `tmp/incoming/${id}`,
          `tmp/incoming/${id}.jpg`,
          `tmp/attempts/${id}/${id}`,
          `tmp/commits/${id}`,
          `tmp/probe/${id}.png`,
        ];
        const picture = await quarters(40, 30).png().toBuffer();
        const { client, bucket: Bucket } = imgproxy;
        const keys = [...readable, ...unreadable];
        try {
          for (const Key of keys) await client.send(new PutObjectCommand({ Bucket, Key, Body: picture }));
          const statusOf = async (key: string): Promise<string> =>
            `${key} ${(await sendSigned(`/w:20/f:png/plain/${buildSourceUrl(Bucket, key)}`)).status}`;
          expect(await Promise.all(readable.map(statusOf))).toEqual(readable.map((key) => `${key} 200`));
          expect(await Promise.all(unreadable.map(statusOf))).toEqual(unreadable.map((key) => `${key} 404`));
        } finally {
          for (const Key of keys) await client.send(new DeleteObjectCommand({ Bucket, Key }));
        }
      });

      it('answers 404 for an object that is not there', async () => {
        expect(outcome(await get('w:20', 'missing.jpg'))).toBe('404 Source is unreachable');
      });

      it.each([
        ['text.jpg', '422 Invalid source image'],
        ['empty.jpg', '422 Invalid source image'],
        ['too-many-pixels.png', '422 Invalid source image'],
        ['cut-off-in-its-header.jpg', '422 Broken or unsupported image'],
        ['damaged.jpg', '422 Broken or unsupported image'],
      ])('answers %s with %s', async (file, expected) => {
        expect(outcome(await get('w:20/f:webp', file))).toBe(expected);
      });
    });

    describe('headers', () => {
      it('sends an image with its type, length, name, validators and a year of caching', async () => {
        const { headers, body } = await get('w:20/f:webp', 'photo.jpg');
        expect(headers).toMatchObject({
          'content-type': 'image/webp',
          'content-length': String(body.length),
          'content-disposition': `inline; filename="${sources.key('photo.webp')}"`,
          'cache-control': yearOfCaching,
          'content-security-policy': securityPolicy,
        });
        expect(headers['etag']).toMatch(/^"[0-9a-f]{32}"$/);
        expect(Date.parse(headers['last-modified'] ?? '')).toBeGreaterThan(0);
        expect(headers['vary']).toBeUndefined();
      });

      it('sends errors as plain text that no cache keeps', async () => {
        for (const answer of [await get('w:', 'photo.jpg'), await get('w:20', 'text.jpg'), await send('/bad/w:20/x')]) {
          expect(answer.headers).toMatchObject({
            'content-type': 'text/plain',
            'content-security-policy': securityPolicy,
          });
          expect(answer.headers['cache-control']).toBeUndefined();
        }
      });

      it('names the file as fn and att say', async () => {
        const disposition = async (options: string): Promise<string | undefined> =>
          (await get(`w:20/f:webp/${options}`, 'photo.jpg')).headers['content-disposition'];
        expect(await disposition('fn:my-name/att:1')).toBe('attachment; filename="my-name.webp"');
        expect(await disposition('fn:a%20b')).toBe('inline; filename="a%20b.webp"');
        const encoded = Buffer.from('say "ü"').toString('base64url');
        const utf8 = Buffer.from('inline; filename="say %22ü%22.webp"').toString('latin1');
        expect(await disposition(`fn:${encoded}:1`)).toBe(utf8);
      });

      it('lowers max-age to what is left until exp', async () => {
        const inAMinute = Math.floor(Date.now() / 1000) + 60;
        const { headers } = await get(`w:20/exp:${inAMinute}`, 'photo.jpg');
        expect(Number(/^max-age=(\d+), public$/.exec(headers['cache-control'] ?? '')?.[1])).toBeGreaterThan(40);
        expect(Number(/^max-age=(\d+), public$/.exec(headers['cache-control'] ?? '')?.[1])).toBeLessThanOrEqual(60);
        expect((await get('w:20/exp:0', 'photo.jpg')).headers['cache-control']).toBe(yearOfCaching);
      });

      it('answers 304 without validators to a matching If-None-Match', async () => {
        const { headers } = await get('w:20', 'photo.jpg');
        const etag = headers['etag'] ?? '';
        const repeated = await get('w:20', 'photo.jpg', { headers: { 'if-none-match': etag } });
        expect(repeated.status).toBe(304);
        expect(repeated.body.length).toBe(0);
        expect(repeated.headers['cache-control']).toBe(yearOfCaching);
        expect(repeated.headers['etag']).toBeUndefined();
        const other = await get('w:20', 'photo.jpg', { headers: { 'if-none-match': '"another"' } });
        expect(other.status).toBe(200);
      });
    });

    describe('methods', () => {
      it('answers 200 to HEAD and OPTIONS, whatever the signature', async () => {
        for (const method of ['HEAD', 'OPTIONS']) {
          const answer = await send('/wrong/w:20/plain/s3://nowhere/a.jpg', { method });
          expect(answer.status).toBe(200);
          expect(answer.headers['cache-control']).toBe(yearOfCaching);
        }
      });

      it('answers 404 with one space to others', async () => {
        const path = signedPath(rest('w:20', 'photo.jpg'), imgproxy.keyPair);
        for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
          expect(outcome(await send(path, { method })), method).toBe('404  ');
        }
      });

      it('says that it is running', async () => {
        const answer = await send('/health');
        expect(outcome(answer)).toBe('200 imgproxy is running');
        expect(answer.headers['cache-control']).toBe('no-cache');
      });

      it('repeats a request id', async () => {
        const { headers } = await send('/health', { headers: { 'x-request-id': 'id_1-a' } });
        expect(headers['x-request-id']).toBe('id_1-a');
      });
    });

    describe('formats', () => {
      it.each([
        ['jpg', 'jpeg', 'image/jpeg'],
        ['jpeg', 'jpeg', 'image/jpeg'],
        ['png', 'png', 'image/png'],
        ['webp', 'webp', 'image/webp'],
        ['avif', 'avif', 'image/avif'],
        ['gif', 'gif', 'image/gif'],
        ['tiff', 'tiff', 'image/tiff'],
      ])('writes %s', async (format, decoded, mimeType) => {
        const { headers, body } = await get(`w:100/f:${format}`, 'alpha.png');
        expect(headers['content-type']).toBe(mimeType);
        expect(await describePicture(body)).toBe(`${decoded} 100x75`);
      });

      it.each([
        ['photo.jpg', '', 'jpeg 1001x667'],
        ['photo.jpg', 'pd:5', 'jpeg 1011x677'],
        ['alpha.png', '', 'png 800x600'],
        ['opaque.webp', '', 'jpeg 1201x801'],
        ['alpha.webp', '', 'png 640x480'],
        ['alpha.webp', 'bg:fff', 'jpeg 640x480'],
        ['opaque.webp', 'pd:5', 'png 1211x811'],
        ['photo.avif', '', 'jpeg 640x481'],
        ['animated.gif', '', 'gif 60x40'],
        ['animated.webp', '', 'jpeg 60x40'],
        ['opaque.png', 'f:avif/w:10', 'jpeg 10x4'],
        ['alpha.png', 'f:avif/w:10', 'png 10x8'],
      ])('gives %s with "%s" as %s', async (file, options, expected) => {
        expect(await describePicture(await render(options, file))).toBe(expected);
      });

      it('takes the first frame of an animation', async () => {
        for (const file of ['animated.gif', 'animated.webp']) {
          for (const format of ['gif', 'webp', 'png']) {
            const picture = await render(`f:${format}`, file);
            expect((await sharp(picture).metadata()).pages ?? 1).toBe(1);
            expect(await quarterAt(picture, 5, 5), `${file} as ${format}`).toBe('nowe');
          }
        }
      });

      it('puts white behind what is transparent where a format has no alpha, or the background that is asked for', async () => {
        const leftmost = async (options: string): Promise<number[]> => [
          ...(await sharp(await render(options, 'alpha.png'))
            .extract({ left: 10, top: 10, width: 1, height: 1 })
            .raw()
            .toBuffer()),
        ];
        for (const channel of await leftmost('f:jpg/w:100')) expect(channel).toBeGreaterThan(250);
        expect(await leftmost('f:png/w:100/bg:0:0:255')).toEqual([0, 0, 255]);
        expect((await leftmost('f:png/w:100'))[3]).toBe(0);
      });

      it('lowers the bytes with the quality, and down to max_bytes', async () => {
        const bytes = async (options: string): Promise<number> => (await render(options, 'photo.jpg')).length;
        const [low, middle, high] = [await bytes('q:10'), await bytes('q:60'), await bytes('q:95')];
        expect(low).toBeLessThan(middle);
        expect(middle).toBeLessThan(high);
        expect(await bytes('q:60/fq:jpeg:10')).toBe(middle);
        expect(await bytes('fq:jpeg:10')).toBe(low);
        expect(await bytes(`q:95/mb:${middle}`)).toBeLessThanOrEqual(middle);
      });

      it('hands a source through unchanged where skp names its format', async () => {
        const original = await render('skp:jpg:png/w:20', 'photo.jpg');
        expect(await describePicture(original)).toBe('jpeg 1001x667');
        expect(await describePicture(await render('skp:jpg/w:20/f:png', 'photo.jpg'))).toBe('png 20x13');
      });

      it('answers 422 for a picture as SVG', async () => {
        expect(outcome(await get('f:svg', 'photo.jpg'))).toBe('422 Invalid URL');
      });
    });

    describe('sizes', () => {
      it.each(exactSizes)('%s of %s is %s', async (options, file, expected) => {
        expect(await describePicture(await render(options, file))).toBe(expected);
      });

      it('limits nothing but enlarging: el asks for more than there is', async () => {
        expect(await describePicture(await render('rs:fit:100:100', 'small.png'))).toBe('png 10x7');
        expect(await describePicture(await render('rs:fit:100:100:1', 'small.png'))).toBe('png 100x70');
      });
    });

    describe('parts and orientation', () => {
      it.each([
        ['no', 'nowe', 'noea'],
        ['so', 'sowe', 'soea'],
      ])('keeps the %s of a tall crop', async (gravity, left, right) => {
        const picture = await render(`rs:fill:400:100/g:${gravity}/f:png`, 'tall.jpg');
        expect([await quarterAt(picture, 10, 10), await quarterAt(picture, 390, 10)]).toEqual([left, right]);
      });

      it.each([
        ['c:100:100:nowe', 'nowe'],
        ['c:100:100:noea', 'noea'],
        ['c:100:100:sowe:5:5', 'sowe'],
        ['c:100:100:soea:0.1:0.1', 'soea'],
        ['c:100:100:fp:0.1:0.9', 'sowe'],
        ['c:0.1:0.1/g:ea:0:-0.3', 'noea'],
        ['rot:180/c:100:100:nowe', 'soea'],
        ['rot:90/c:100:100:nowe', 'sowe'],
        ['rot:270/c:100:100:soea', 'sowe'],
        ['fl:1/c:100:100:nowe', 'noea'],
        ['rot:90/fl:1/c:100:100:nowe', 'nowe'],
      ])('%s cuts out %s', async (options, expected) => {
        const picture = await render(`${options}/f:png`, 'photo.jpg');
        expect(await quarterAt(picture, 30, 30)).toBe(expected);
      });

      it.each([
        ['fl:1', 'noea', 'sowe'],
        ['fl:0:1', 'sowe', 'noea'],
        ['fl:1:1', 'soea', 'nowe'],
        ['rot:90', 'sowe', 'noea'],
        ['rot:180', 'soea', 'nowe'],
        ['rot:270', 'noea', 'sowe'],
        ['rot:90/fl:1', 'nowe', 'soea'],
        ['rot:270/fl:0:1', 'nowe', 'soea'],
      ])('%s brings %s to the top left and %s to the bottom right', async (options, topLeft, bottomRight) => {
        const picture = await render(`${options}/w:100/f:png`, 'photo.jpg');
        const { height } = await sharp(picture).metadata();
        expect([await quarterAt(picture, 5, 5), await quarterAt(picture, 94, height - 6)]).toEqual([
          topLeft,
          bottomRight,
        ]);
      });

      it('turns a picture upright by its EXIF orientation, unless told not to', async () => {
        const upright = await render('w:100/f:png', 'sideways.jpg');
        expect(await describePicture(upright)).toBe('png 100x150');
        expect([await quarterAt(upright, 10, 10), await quarterAt(upright, 90, 140)]).toEqual(['sowe', 'noea']);
        const stored = await render('w:100/f:png/ar:0', 'sideways.jpg');
        expect(await describePicture(stored)).toBe('png 100x67');
        expect(await quarterAt(stored, 10, 10)).toBe('nowe');
      });

      it('places a picture in what extends it', async () => {
        const picture = await render('rs:fit:400:400:1:1:soea/bg:000/f:png', 'photo.jpg');
        expect(await describePicture(picture)).toBe('png 400x400');
        expect([await quarterAt(picture, 390, 390), await quarterAt(picture, 390, 10)]).toEqual(['soea', 'none']);
      });

      it('finds the interesting part with sm', async () => {
        const picture = await render('rs:fill:200:200/g:sm/f:webp', 'tall.jpg');
        expect(await describePicture(picture)).toBe('webp 200x200');
      });
    });

    describe('metadata', () => {
      it('strips where and with what a picture was taken, and keeps the copyright', async () => {
        for (const format of ['jpg', 'webp', 'avif']) {
          const picture = await render(`w:100/f:${format}`, 'sideways.jpg');
          const text = picture.toString('latin1');
          expect(text, format).not.toContain('SecretCameraMaker');
          expect(text, format).not.toContain('GPS');
          expect(text, format).toContain('Ann Example 2026');
          expect((await sharp(picture).metadata()).orientation ?? 1).toBe(1);
        }
        expect((await render('w:100/kcr:0', 'sideways.jpg')).toString('latin1')).not.toContain('Ann Example');
      });

      it('keeps them with sm:0', async () => {
        const picture = await render('w:100/sm:0', 'sideways.jpg');
        expect(picture.toString('latin1')).toContain('SecretCameraMaker');
        expect(await describePicture(picture)).toBe('jpeg 100x150');
      });
    });
  });
}
