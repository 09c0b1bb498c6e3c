import { describe, expect, it } from 'vitest';
import { createPng } from '../../src/doctor/png-writer.ts';
import { diagnose, testMaxBytes, testMaxPixels } from './diagnose.ts';
import { expectTroubles } from './expect-troubles.ts';
import { forward, imgproxyText, isPicture, rightSignature, takeApart, unreachableSource } from './http-fronts.ts';

describe('doctor, when imgproxy reads too much', () => {
  it('names an imgproxy that can read tmp/', async () => {
    const diagnosis = await diagnose({
      frontOfImgproxy: forward({
        answer: (_answer, path) =>
          path.includes('/tmp/probe/') && takeApart(path).signature === rightSignature(takeApart(path).path)
            ? { status: 200, headers: { 'content-type': 'image/png' }, body: createPng({ width: 16, height: 12 }) }
            : {},
      }),
    });
    expectTroubles(diagnosis, { warned: ['imgproxy-sources'] });
    expect(diagnosis.textOf('imgproxy-sources')).toMatch(
      /can read tmp\/.*IMGPROXY_ALLOWED_SOURCES=s3:\/\/kuanary-.*\/\*\./s,
    );
  });

  it('names an imgproxy that would read other buckets, hosts and files', async () => {
    const diagnosis = await diagnose({
      frontOfImgproxy: forward({
        answer: ({ body }, path) =>
          String(body) === 'Invalid source URL' && !path.includes('/tmp/') ? unreachableSource(404) : {},
      }),
    });
    expectTroubles(diagnosis, { warned: ['imgproxy-sources'] });
    expect(diagnosis.textOf('imgproxy-sources')).toMatch(/another bucket, its own machine over http, its own disk/);
  });
});

describe('doctor, when the limits differ', () => {
  it('names an imgproxy that refuses pictures which are accepted here', async () => {
    const diagnosis = await diagnose({ imgproxy: { maxSourcePixels: testMaxPixels - 1 } });
    expectTroubles(diagnosis, { failed: ['imgproxy-limits'] });
    expect(diagnosis.textOf('imgproxy-limits')).toMatch(
      /1000 × 1000.*lower than MAX_IMAGE_PIXELS=1000000.*IMGPROXY_MAX_SRC_RESOLUTION=1 /s,
    );
  });

  it.each([
    [{ status: 422, headers: imgproxyText, body: 'Invalid source image' }, /MAX_IMAGE_SIDE=16384 accepts pictures/],
    [{ status: 503, headers: imgproxyText, body: 'Timeout' }, /did not finish within IMGPROXY_TIMEOUT/],
    [unreachableSource(502), /answers imgproxy with server errors/],
  ])('blames the longest side only where imgproxy does not accept it: %j', async (answer, words) => {
    let strips = 0;
    const diagnosis = await diagnose({
      environment: { MAX_IMAGE_PIXELS: '262144', MAX_IMAGE_SIDE: '16384' },
      frontOfImgproxy: forward({
        answer: ({ body, headers }) => {
          // The strip of 16384 × 16 becomes 16 × 1; everything else of these checks is higher.
          if (!isPicture(headers) || Buffer.from(body).readUInt32BE(20) !== 1) return {};
          strips += 1;
          return answer;
        },
      }),
    });
    expect(strips).toBe(1);
    expectTroubles(diagnosis, { failed: ['imgproxy-limits'] });
    expect(diagnosis.textOf('imgproxy-limits')).toMatch(words);
  });

  it('mentions an imgproxy that takes larger pictures', async () => {
    const diagnosis = await diagnose({ imgproxy: { maxSourcePixels: 2 * testMaxPixels } });
    expectTroubles(diagnosis, {});
    expect(diagnosis.textOf('imgproxy-limits')).toContain('also renders pictures larger');
  });

  it('names an imgproxy that refuses files which are accepted here, with --deep', async () => {
    const limits = { imgproxy: { maxSourceBytes: testMaxBytes - 1 } };
    expect((await diagnose(limits)).failed).toEqual([]);
    const diagnosis = await diagnose(limits, { deep: true });
    expectTroubles(diagnosis, { failed: ['imgproxy-limits'] });
    expect(diagnosis.textOf('imgproxy-limits')).toMatch(/file of 300000 bytes.*IMGPROXY_MAX_SRC_FILE_SIZE=300000/s);
  });

  it('tries a picture that is as wide as may be, where pixels are few', async () => {
    const diagnosis = await diagnose({ environment: { MAX_IMAGE_PIXELS: '9973', MAX_IMAGE_SIDE: '100000' } });
    expect(diagnosis.failed).toEqual([]);
    expect(diagnosis.textOf('imgproxy-limits')).toMatch(/1 × 9973, 9973 pixels.*9973 × 1 is rendered/s);
  });
});

describe('doctor, when errors are handled badly', () => {
  it('names errors that may be cached', async () => {
    const diagnosis = await diagnose({
      frontOfImgproxy: forward({
        answer: ({ status, headers }) =>
          status >= 400 ? { headers: { ...headers, 'cache-control': 'max-age=31536000, public' } } : {},
      }),
    });
    expectTroubles(diagnosis, { warned: ['imgproxy-errors'] });
    expect(diagnosis.textOf('imgproxy-errors')).toMatch(/31536000 s.*4\.0\.6.*4\.0\.12/s);
  });

  it('names a CDN that keeps errors', async () => {
    const asked = new Set<string>();
    const diagnosis = await diagnose({
      frontOfImgproxy: forward({
        answer: ({ status, headers }, path) => {
          const verdict = asked.has(path) ? 'HIT' : 'MISS';
          asked.add(path);
          return status >= 400 ? { headers: { ...headers, 'cf-cache-status': verdict } } : {};
        },
      }),
    });
    expectTroubles(diagnosis, { warned: ['imgproxy-errors'] });
    expect(diagnosis.textOf('imgproxy-errors')).toMatch(/comes out of a cache.*status code TTL/s);
  });

  it('names development errors', async () => {
    const diagnosis = await diagnose({
      frontOfImgproxy: forward({
        answer: ({ status, headers, body }) => {
          if (status < 400) return {};
          const reason = developmentReasons[String(body)] ?? String(body);
          return { headers, body: `${reason}\n\n/src/security/signature.go:36 github.com/imgproxy/imgproxy/v4\n` };
        },
      }),
    });
    expectTroubles(diagnosis, { warned: ['imgproxy-errors'] });
    expect(diagnosis.textOf('imgproxy-errors')).toMatch(/Invalid signature.*IMGPROXY_DEVELOPMENT_ERRORS_MODE=false/s);
  });
});

/** What imgproxy 4.0.12 writes in its development mode where it is short otherwise. */
const developmentReasons: Readonly<Record<string, string>> = {
  Forbidden: 'Invalid signature',
  'Invalid URL': 'Invalid width: none (expected positive number or 0)',
  'Invalid source URL': 'Source URL is not allowed: s3://bucket/tmp/probe/x.png',
  'Source is unreachable': "can't download source image: status: 404; api error NoSuchKey: UnknownError",
};
