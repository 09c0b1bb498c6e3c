import { parseKeyPairs, signImgproxyPath } from '@kuanary/shared/imgproxy-url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeStorage, fakeBucket, startFakeStorage } from '../../../test/imgproxy/fake-storage.ts';
import { quarters } from '../../../test/imgproxy/sample-sources.ts';
import { describePicture, sendRaw, signedPath } from '../../../test/imgproxy/signed-requests.ts';
import { type ImgproxyStandInOptions, type RunningImgproxy, startImgproxyStandIn } from './imgproxy-server.ts';

const keyPairs = parseKeyPairs('0a0b,0c0d', '1a1b,1c1d');
const [firstPair, secondPair] = keyPairs;
if (firstPair === undefined || secondPair === undefined) throw new Error('two key pairs are wanted');
const source = `/plain/s3://${fakeBucket}/photo.jpg`;

describe('startImgproxyStandIn', () => {
  let storage: FakeStorage;
  let imgproxy: RunningImgproxy;
  const lines: string[] = [];
  const start = (changes: Partial<ImgproxyStandInOptions> = {}): Promise<RunningImgproxy> =>
    startImgproxyStandIn({
      host: '127.0.0.1',
      port: 0,
      keyPairs,
      signatureSize: 32,
      s3: {
        endpoint: storage.endpoint,
        region: 'local',
        bucket: fakeBucket,
        accessKey: 'TESTKEY',
        secretKey: 'secret',
        forcePathStyle: true,
      },
      maxResultSide: 400,
      log: (line) => lines.push(line),
      ...changes,
    });

  beforeAll(async () => {
    storage = await startFakeStorage();
    storage.objects.set('photo.jpg', await quarters(60, 40).jpeg().toBuffer());
    storage.objects.set('heic.heic', Buffer.from(`\0\0\0\x18ftypheic${'\0'.repeat(64)}`, 'latin1'));
    imgproxy = await start();
  });

  afterAll(async () => {
    await imgproxy.close();
    await storage.close();
  });

  it('says where it listens, and rejects where the port is taken', async () => {
    expect(imgproxy.url).toBe(`http://127.0.0.1:${imgproxy.port}`);
    await expect(start({ port: imgproxy.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('frees the port when it is closed', async () => {
    const first = await start();
    await first.close();
    const second = await start({ port: first.port });
    expect((await sendRaw(second.url, '/health')).status).toBe(200);
    await second.close();
  });

  it('takes the signature of any key pair', async () => {
    for (const pair of [firstPair, secondPair]) {
      const { status, body } = await sendRaw(imgproxy.url, signedPath(`/w:30/f:webp${source}`, pair));
      expect(status).toBe(200);
      expect(await describePicture(body)).toBe('webp 30x20');
    }
  });

  it('wants exactly as many bytes of signature as it is set to', async () => {
    const short = await start({ signatureSize: 8 });
    const path = `/w:30${source}`;
    expect((await sendRaw(short.url, signedPath(path, firstPair, 8))).status).toBe(200);
    expect((await sendRaw(short.url, signedPath(path, firstPair, 32))).status).toBe(403);
    expect((await sendRaw(short.url, signedPath(path, firstPair, 7))).status).toBe(403);
    await short.close();
  });

  it('answers a HEIC with a sentence', async () => {
    const path = signedPath(`/w:30/plain/s3://${fakeBucket}/heic.heic`, firstPair);
    const { status, headers, body } = await sendRaw(imgproxy.url, path);
    expect([status, headers['content-type']]).toEqual([422, 'text/plain']);
    expect(body.toString()).toContain('cannot decode HEIC; a real imgproxy can');
  });

  it.each(['heic', 'jxl', 'bmp', 'ico'])('says that it cannot write %s, without reading the source', async (format) => {
    const path = signedPath(`/f:${format}/plain/s3://${fakeBucket}/missing.jpg`, firstPair);
    const { status, body } = await sendRaw(imgproxy.url, path);
    expect([status, body.toString()]).toEqual([
      422,
      `This imgproxy stand-in cannot write ${format}; a real imgproxy can. Ask it for webp or jpeg.`,
    ]);
  });

  it('answers 503 when the time is up', async () => {
    storage.faults.set('slow.jpg', 'hang');
    const impatient = await start({ requestTimeoutMs: 100 });
    const path = signedPath(`/w:30/plain/s3://${fakeBucket}/slow.jpg`, firstPair);
    const { status, body } = await sendRaw(impatient.url, path);
    expect([status, body.toString()]).toEqual([503, 'Timeout']);
    await impatient.close();
  });

  it('hands out a raw source as it is', async () => {
    const { status, headers, body } = await sendRaw(imgproxy.url, signedPath(`/raw:1${source}`, firstPair));
    expect(status).toBe(200);
    expect(headers['content-disposition']).toBe('inline; filename="photo.jpg"');
    expect(body.equals(storage.objects.get('photo.jpg') ?? Buffer.alloc(0))).toBe(true);
  });

  it('logs the reason that the answer does not tell', async () => {
    lines.length = 0;
    const path = signedPath(`/q:500${source}`, firstPair);
    const { body } = await sendRaw(imgproxy.url, path);
    expect(body.toString()).toBe('Invalid URL');
    expect(lines).toEqual([`GET ${path} 404 (q: 500 is not within 0 and 100)`]);
  });

  const expectedStatuses = [200, 304, 400, 403, 404, 422, 500];

  it('answers any path with a status, and lives', async () => {
    const char = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
    const piece = fc.oneof(
      char,
      fc.constantFrom('/', '//', 'plain/', '%', '%3A', ':', '@', '?', '..', `s3://${fakeBucket}/`),
    );
    const path = fc.array(piece, { maxLength: 30 }).map((pieces) => `/${pieces.join('')}`);
    await fc.assert(
      fc.asyncProperty(path, fc.boolean(), async (rest, isSigned) => {
        const signature = signImgproxyPath(rest, firstPair, 32);
        const { status } = await sendRaw(imgproxy.url, isSigned ? `/${signature}${rest}` : rest);
        expect(expectedStatuses).toContain(status);
      }),
      { numRuns: 300 },
    );
    expect((await sendRaw(imgproxy.url, '/health')).status).toBe(200);
  });

  it('answers any options with a status, and lives', async () => {
    const number = fc.oneof(
      fc.integer({ min: 0, max: 120 }),
      fc.constantFrom('', '0.5', '0.01', '-1', '1.5', 'NaN', 'Inf', '70000', '1e9'),
    );
    const gravity = fc.constantFrom('ce', 'no', 'soea:3:0.2', 'sm', 'fp:0.1:0.9', 'we:-5:1000');
    const type = fc.constantFrom('fit', 'fill', 'fill-down', 'force', 'auto');
    const option = fc.oneof(
      fc.tuple(type, number, number, fc.nat(1), fc.nat(1)).map((args) => `rs:${args.join(':')}`),
      gravity.map((text) => `g:${text}`),
      fc.tuple(number, number, gravity).map((args) => `c:${args.join(':')}`),
      fc
        .tuple(fc.constantFrom('dpr', 'z', 'mw', 'mh', 'bl', 'sh', 'pix', 'q', 'mb', 'pd', 't', 'rot', 'ar'), number)
        .map((args) => args.join(':')),
      fc.constantFrom('rot:90', 'rot:270', 'fl:1:1', 'exar:1', 'ex:1:noea:3:3', 'bg:fff', 't:10::1:1', 'sm:0', 'scp:0'),
      fc.constantFrom('jpg', 'png', 'webp', 'gif', 'tiff').map((format) => `f:${format}`),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(option, { maxLength: 6 }), async (options) => {
        const rest = ['', ...options].join('/') + source;
        const { status } = await sendRaw(imgproxy.url, signedPath(rest, firstPair));
        expect(expectedStatuses, rest).toContain(status);
      }),
      { numRuns: 200 },
    );
    expect((await sendRaw(imgproxy.url, '/health')).status).toBe(200);
  });
});
