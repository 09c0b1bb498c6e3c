import { describe, expect, it } from 'vitest';
import { defaultProcessingOptions } from './processing-options.ts';
import { cacheControl, contentDisposition } from './response-headers.ts';

describe('cacheControl', () => {
  it('allows a year, or what is left until the address expires', () => {
    const now = 1_000_000_000_000;
    const inSeconds = (seconds: number): string => cacheControl(now / 1000 + seconds, now);
    expect(cacheControl(0, now)).toBe('max-age=31536000, public');
    expect(inSeconds(90)).toBe('max-age=90, public');
    expect(inSeconds(40_000_000)).toBe('max-age=31536000, public');
  });
});

describe('contentDisposition', () => {
  const named = (url: string, filename = '', asAttachment = false): string =>
    contentDisposition(url, { ...defaultProcessingOptions(), filename, asAttachment }, '.webp');

  it('names the result after the source, or as asked', () => {
    expect(named('s3://b/image-1.tar.jpg')).toBe('inline; filename="image-1.tar.webp"');
    expect(named('s3://b/.jpg')).toBe('inline; filename="image.webp"');
    expect(named('s3://b/a.jpg', 'mine', true)).toBe('attachment; filename="mine.webp"');
  });

  it('lets nothing break out of the header', () => {
    expect(named('s3://b/a.jpg', 'a"\r\nset-cookie: b')).toBe('inline; filename="a%22  set-cookie: b.webp"');
    expect(Buffer.from(named('s3://b/ü.jpg'), 'latin1').toString('utf8')).toBe('inline; filename="ü.webp"');
  });
});
