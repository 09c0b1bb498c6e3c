import { describe, expect, it } from 'vitest';
import { loadConfig } from '../config.ts';
import { explainImgproxyAnswer, type ImgproxyVerdict, readVerdict, type TimedAnswer } from './imgproxy-answer.ts';

const config = loadConfig({
  S3_ENDPOINT: 'https://fsn1.your-objectstorage.com',
  S3_REGION: 'fsn1',
  S3_BUCKET: 'pictures',
  S3_ACCESS_KEY: 'access-key-of-a-test',
  S3_SECRET_KEY: 'secret-key-of-a-test-0123456789abcdef',
  IMGPROXY_URL: 'https://img.example.com',
  IMGPROXY_KEY: '11'.repeat(32),
  IMGPROXY_SALT: '22'.repeat(32),
});

function answerOf(status: number, body: string, milliseconds = 5): TimedAnswer {
  const headers = new Headers({ server: 'imgproxy', 'content-type': 'text/plain' });
  return { status, headers, body: Buffer.from(body), milliseconds };
}

const stack = '\n\n/src/imgproxy/security/signature.go:36 github.com/imgproxy/imgproxy/v4/security.(*Checker)';

/** The bodies are those of imgproxy 4.0.12, short and in its development mode. */
const answers: [status: number, body: string, milliseconds: number, verdict: ImgproxyVerdict, cause: RegExp][] = [
  [403, 'Forbidden', 5, 'signature-refused', /something in front changes the path/],
  [403, `Invalid signature${stack}`, 5, 'signature-refused', /something in front changes the path/],
  [404, 'Invalid source URL', 5, 'source-refused', /IMGPROXY_ALLOWED_SOURCES/],
  [
    404,
    `Source URL is not allowed: s3://pictures/image-1.png${stack}`,
    5,
    'source-refused',
    /IMGPROXY_ALLOWED_SOURCES/,
  ],
  [
    404,
    `can't download source image: Loopback source address is not allowed: 127.0.0.1:9${stack}`,
    5,
    'source-refused',
    /./,
  ],
  [404, 'Source is unreachable', 5, 'source-unreachable', /IMGPROXY_USE_S3 is not set/],
  [
    404,
    `can't download source image: unknown scheme: s3 (set IMGPROXY_USE_S3 to enable)${stack}`,
    5,
    'source-unreachable',
    /IMGPROXY_USE_S3 is not set/,
  ],
  [404, 'Source is unreachable', 3700, 'source-unreachable', /cannot connect to the storage.*https:\/\//],
  [403, 'Source is unreachable', 5, 'source-unreachable', /refuses imgproxy's own S3 key/],
  [
    403,
    `can't download source image: status: 403; operation error S3: GetObject${stack}`,
    5,
    'source-unreachable',
    /own S3 key/,
  ],
  [400, 'Source is unreachable', 5, 'source-unreachable', /another region/],
  [502, 'Source is unreachable', 3600, 'source-unreachable', /server errors/],
  [504, 'Source is unreachable', 5000, 'source-unreachable', /IMGPROXY_DOWNLOAD_TIMEOUT/],
  [404, 'Invalid URL', 5, 'address-refused', /IMGPROXY_ALLOWED_PROCESSING_OPTIONS/],
  [404, `Invalid width: none (expected positive number or 0)${stack}`, 5, 'address-refused', /IMGPROXY_ONLY_PRESETS/],
  [404, `Forbidden processing option f${stack}`, 5, 'address-refused', /IMGPROXY_ALLOWED_PROCESSING_OPTIONS/],
  [404, `Invalid gravity.type: obj (expected sm, fp, ce)${stack}`, 5, 'address-refused', /refuses the options/],
  [404, ' ', 5, 'no-route', /IMGPROXY_PATH_PREFIX/],
  [422, 'Invalid source image', 5, 'other', /IMGPROXY_MAX_SRC_RESOLUTION/],
  [429, 'Too many requests', 5, 'other', /too many requests/],
  [503, 'Timeout', 10_000, 'other', /IMGPROXY_TIMEOUT/],
  [500, 'Internal error', 5, 'other', /out of memory/],
  [418, 'teapot', 5, 'other', /no answer of imgproxy that is known/],
];

describe('an answer of imgproxy', () => {
  it.each(answers)('%i %j after %i ms is read as %s and explained', (status, body, milliseconds, verdict, cause) => {
    const answer = answerOf(status, body, milliseconds);
    expect(readVerdict(answer)).toBe(verdict);
    const trouble = explainImgproxyAnswer(answer, 'The probe picture', config);
    expect(trouble.cause).toMatch(cause);
    expect(trouble.found).toContain(`HTTP ${status}`);
    expect(trouble.found).not.toContain('.go:');
    expect(trouble.remedy).not.toBe('');
  });

  it('comes with the settings to make at imgproxy', () => {
    const { remedy } = explainImgproxyAnswer(answerOf(404, 'Source is unreachable'), 'The probe picture', config);
    expect(remedy).toContain('IMGPROXY_USE_S3=true, IMGPROXY_S3_ENDPOINT=https://fsn1.your-objectstorage.com');
    expect(remedy).toContain('IMGPROXY_S3_REGION=fsn1 and IMGPROXY_S3_ENDPOINT_USE_PATH_STYLE=true');
  });
});
