import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ImgproxyError } from './imgproxy-error.ts';
import { applySourceExtension, parseProcessingOptions } from './option-table.ts';
import { defaultProcessingOptions, type ProcessingOptions } from './processing-options.ts';
import { splitOptions } from './url-path.ts';

const parse = (options: string): ProcessingOptions => parseProcessingOptions(splitOptions(`${options}/plain`).options);
const changes = (options: string): Partial<ProcessingOptions> => {
  const before: Record<string, unknown> = { ...defaultProcessingOptions() };
  return Object.fromEntries(
    Object.entries(parse(options)).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])),
  );
};
const failure = (options: string): ImgproxyError => {
  try {
    parse(options);
  } catch (error) {
    if (error instanceof ImgproxyError) return error;
    throw error;
  }
  throw new Error(`${options} was taken`);
};

describe('parseProcessingOptions', () => {
  it.each<[string, Partial<ProcessingOptions>]>([
    ['rs:fill:300:200:1', { resizingType: 'fill', width: 300, height: 200, enlarge: true }],
    ['rs::300', { width: 300 }],
    [
      's:300:200:0:1:noea:5:0.1',
      { width: 300, height: 200, extend: { enabled: true, gravity: { type: 'noea', x: 5, y: 0.1 } } },
    ],
    ['resizing_type:fill-down/width:5/height:6', { resizingType: 'fill-down', width: 5, height: 6 }],
    ['min-width:5/mh:6', { minWidth: 5, minHeight: 6 }],
    ['z:2', { zoomX: 2, zoomY: 2 }],
    ['z:2:0.5/dpr:1.5', { zoomX: 2, zoomY: 0.5, dpr: 1.5 }],
    ['exar:1:so', { extendAspectRatio: { enabled: true, gravity: { type: 'so', x: 0, y: 0 } } }],
    ['g:fp:0.3:0.7', { gravity: { type: 'fp', x: 0.3, y: 0.7 } }],
    ['c:100:0.5:sm', { cropWidth: 100, cropHeight: 0.5, cropGravity: { type: 'sm', x: 0, y: 0 } }],
    ['t:10:f0a:1', { trim: { threshold: 10, colour: { r: 255, g: 0, b: 170 } }, trimEqualHorizontally: true }],
    ['pd:1', { padding: { top: 1, right: 1, bottom: 1, left: 1 } }],
    ['pd:1:2', { padding: { top: 1, right: 2, bottom: 1, left: 2 } }],
    ['pd::5', { padding: { top: 0, right: 5, bottom: 0, left: 5 } }],
    ['ar:0/rot:270/fl:1:1', { autoRotate: false, rotate: 270, flipHorizontally: true, flipVertically: true }],
    ['bg:1:2:3', { background: { r: 1, g: 2, b: 3 } }],
    ['bg:0a0b0c', { background: { r: 10, g: 11, b: 12 } }],
    ['bl:1.5/sh:2/pix:3', { blur: 1.5, sharpen: 2, pixelate: 3 }],
    ['sm:0/kcr:f/scp:false', { stripMetadata: false, keepCopyright: false, stripColourProfile: false }],
    ['q:80/mb:1000/f:jpg', { quality: 80, maxBytes: 1000, format: 'jpeg' }],
    ['fn:YWJj:1/att:t/cb:x1/exp:0', { filename: 'abc', asAttachment: true }],
    ['wm:0.5:re:1:-2:0.1/ph:1/eth:1', {}],
  ])('reads %s', (options, expected) => {
    expect(changes(options)).toEqual(expected);
  });

  it('lets later options win', () => {
    expect(parse('rs:fill:10:10/w:20/f:png/f:webp/bg:fff/bg:')).toMatchObject({
      resizingType: 'fill',
      width: 20,
      height: 10,
      format: 'webp',
      background: undefined,
    });
  });

  it('keeps offsets that a later gravity does not give', () => {
    expect(parse('g:fp:0.1:0.9/g:ce').gravity).toEqual({ type: 'ce', x: 0.1, y: 0.9 });
    expect(parse('g:fp:0.1:0.9/g:sm/g:ce').gravity).toEqual({ type: 'ce', x: 0, y: 0 });
  });

  it('says in the log, not in the answer, what was wrong', () => {
    expect(failure('q:101')).toMatchObject({
      status: 404,
      message: 'Invalid URL',
      detail: 'q: 101 is not within 0 and 100',
    });
    expect(failure('colour:1').detail).toBe('colour is no option of open-source imgproxy');
    expect(failure('exp:1000000000').detail).toBe('the URL has expired');
  });

  it('answers the first mistake', () => {
    expect(failure('msr:5/nonsense:1').status).toBe(403);
    expect(failure('nonsense:1/msr:5').status).toBe(404);
  });

  it('takes anything or throws an ImgproxyError', () => {
    const names =
      'rs s rt w h mw mh z dpr el ex exar g c t pd ar rot fl bg bl sh pix wm sm q fq mb f skp raw cb exp fn att pr msr';
    const argument = fc.oneof(
      fc.constantFrom(
        '',
        '0',
        '1',
        '-1',
        '0.5',
        'NaN',
        'Inf',
        '1e9',
        'fit',
        'ce',
        'fp',
        'sm',
        'fff',
        'webp',
        '__proto__',
      ),
      fc.string({ maxLength: 8 }).map((text) => text.replaceAll(/[:/]/g, '')),
    );
    const option = fc.tuple(
      fc.constantFrom(...names.split(' '), 'constructor', ''),
      fc.array(argument, { minLength: 1, maxLength: 9 }),
    );
    fc.assert(
      fc.property(fc.array(option, { maxLength: 5 }), (options) => {
        const text = options.map(([name, args]) => [name, ...args].join(':')).join('/');
        try {
          expect(parse(text).padding.top).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(ImgproxyError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('applySourceExtension', () => {
  it('overrules the format, except for raw', () => {
    const webp = parse('f:webp');
    applySourceExtension(webp, 'png');
    expect(webp.format).toBe('png');
    const raw = parse('raw:1/f:webp');
    applySourceExtension(raw, 'png');
    expect(raw.format).toBe('webp');
    expect(() => applySourceExtension(parse('w:1'), 'best')).toThrow('Invalid URL');
  });
});
