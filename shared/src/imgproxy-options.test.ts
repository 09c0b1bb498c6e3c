import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePreset, presetToOptions } from './imgproxy-options.ts';
import { documentedPresets, Preset, PresetsError, parsePresets } from './presets.ts';

const options = (raw: unknown, edition: 'oss' | 'pro' = 'oss') => presetToOptions(Preset.parse(raw), edition);

describe('the documented presets', () => {
  const { presets } = parsePresets(documentedPresets);
  it.each([
    ['thumbnail', 'rs:fit:300:300/q:80/f:webp', 'rs:fit:300:300/q:80/f:webp'],
    ['hero', 'rs:fill:1920:1080/q:85/f:webp', 'rs:fill:1920:1080/q:85/f:webp'],
    ['og-image', 'rs:fill:1200:630/q:85/f:jpeg', 'rs:fill:1200:630/q:85/f:jpeg'],
    ['avatar', 'rs:fill:200:200/g:sm/q:80/f:webp', 'rs:fill:200:200/g:obj:face/q:80/f:webp'],
  ])('%s', (name, oss, pro) => {
    const preset = presets.get(name) ?? {};
    expect(presetToOptions(preset, 'oss')).toBe(oss);
    expect(presetToOptions(preset, 'pro')).toBe(pro);
    expect(compilePreset(preset, 'oss')).toEqual({ prefix: `/${oss}/plain/`, responsive: [] });
  });
});

describe('presetToOptions', () => {
  it.each([
    [{}, 'rs:fit:0:0'],
    [{ width: 300 }, 'rs:fit:300:0'],
    [{ height: 300, resize: 'fill-down' }, 'rs:fill-down:0:300'],
    [{ resize: 'force', width: 3, height: 4 }, 'rs:force:3:4'],
    [{ resize: 'auto', width: 3, height: 4 }, 'rs:auto:3:4'],
    [{ width: 3, height: 4, crop: 'face' }, 'rs:fill:3:4/g:sm'],
    [{ width: 3, height: 4, crop: 'face', resize: 'fill-down' }, 'rs:fill-down:3:4/g:sm'],
    [{ enlarge: true }, 'rs:fit:0:0:1'],
    [{ enlarge: false }, 'rs:fit:0:0'],
    [{ extend: true }, 'rs:fit:0:0:0:1'],
    [{ extend: false, enlarge: true }, 'rs:fit:0:0:1'],
    [{ extend: 'north', enlarge: true }, 'rs:fit:0:0:1:1:no'],
    [{ extend: { position: 'soea', x: 5, y: 0.25 } }, 'rs:fit:0:0:0:1:soea:5:0.25'],
    [{ extend: { x: 0, y: 1 } }, 'rs:fit:0:0:0:1:fp:0:1'],
    [{ minWidth: 50 }, 'rs:fit:0:0/mw:50'],
    [{ minHeight: 60 }, 'rs:fit:0:0/mh:60'],
    [{ dpr: 2 }, 'rs:fit:0:0/dpr:2'],
    [{ dpr: 1.5 }, 'rs:fit:0:0/dpr:1.5'],
    [{ dpr: 1 }, 'rs:fit:0:0'],
    [{ gravity: 'center' }, 'rs:fit:0:0/g:ce'],
    [{ gravity: 'north-west' }, 'rs:fit:0:0/g:nowe'],
    [{ gravity: 'soea' }, 'rs:fit:0:0/g:soea'],
    [{ gravity: 'sm' }, 'rs:fit:0:0/g:sm'],
    [{ gravity: 'smart' }, 'rs:fit:0:0/g:sm'],
    [{ gravity: { x: 0.1, y: 0.9 } }, 'rs:fit:0:0/g:fp:0.1:0.9'],
    [{ gravity: { position: 'south', x: -10, y: 0.5 } }, 'rs:fit:0:0/g:so:-10:0.5'],
    [{ gravity: { position: 'south' } }, 'rs:fit:0:0/g:so'],
    [{ cropArea: { width: 100, height: 0.5 } }, 'rs:fit:0:0/c:100:0.5'],
    [{ cropArea: { width: 100, height: 50, x: 10, y: 20 } }, 'rs:fit:0:0/c:100:50:nowe:10:20'],
    [{ cropArea: { width: 100, height: 50, y: 20 } }, 'rs:fit:0:0/c:100:50:nowe:0:20'],
    [{ cropArea: { width: 100, height: 50, gravity: 'smart' } }, 'rs:fit:0:0/c:100:50:sm'],
    [{ rotate: 90 }, 'rs:fit:0:0/rot:90'],
    [{ rotate: 0 }, 'rs:fit:0:0'],
    [{ background: '#F80' }, 'rs:fit:0:0/bg:ff8800'],
    [{ background: 'Ff8800' }, 'rs:fit:0:0/bg:ff8800'],
    [{ background: [255, 136, 0] }, 'rs:fit:0:0/bg:ff8800'],
    [{ blur: 2.5 }, 'rs:fit:0:0/bl:2.5'],
    [{ blur: 0 }, 'rs:fit:0:0'],
    [{ sharpen: 0.5 }, 'rs:fit:0:0/sh:0.5'],
    [{ quality: 1 }, 'rs:fit:0:0/q:1'],
    [{ format: 'jpg' }, 'rs:fit:0:0/f:jpeg'],
    [{ format: 'avif' }, 'rs:fit:0:0/f:avif'],
    [{ format: 'auto' }, 'rs:fit:0:0'],
    [{ keepMetadata: true }, 'rs:fit:0:0/sm:0'],
    [{ keepMetadata: false }, 'rs:fit:0:0'],
    [{ keepMetadata: true, options: 'sm:0' }, 'rs:fit:0:0/sm:0'],
    [{ widths: [400, 800] }, 'rs:fit:800:0'],
    [{ options: 'pd:10/sh:0.5', quality: 80 }, 'rs:fit:0:0/pd:10/sh:0.5/q:80'],
  ])('%j → %s', (preset, expected) => {
    expect(options(preset)).toBe(expected);
  });

  it.each([
    ['enlarge:t', 'el:1'],
    ['extend:true:no:1.50:0', 'ex:1:no:1.5:0'],
    ['extend_aspect_ratio:1:fp:0.5:0.5', 'exar:1:fp:0.5:0.5'],
    ['gravity:ce', 'g:ce'],
    ['crop:0010:0.50:sm', 'c:10:0.5:sm'],
    ['trim:10:F0F:1:0', 't:10:ff00ff:1:0'],
    ['t:10::1', 't:10::1'],
    ['padding:10::5:', 'pd:10::5'],
    ['rotate:270', 'rot:270'],
    ['flip:t:f', 'fl:1:0'],
    ['background:255:136:0', 'bg:ff8800'],
    ['blur:1', 'bl:1'],
    ['pixelate:8', 'pix:8'],
    ['watermark:0.5:re:1:-1:0.25', 'wm:0.5:re:1:-1:0.25'],
    ['auto_rotate:false', 'ar:0'],
    ['strip_metadata:1', 'sm:1'],
    ['keep_copyright:0', 'kcr:0'],
    ['strip_color_profile:0', 'scp:0'],
    ['preserve_hdr:1', 'ph:1'],
    ['enforce_thumbnail:1', 'eth:1'],
    ['quality:070', 'q:70'],
    ['format_quality:jpg:60:webp:50', 'fq:jpeg:60:webp:50'],
    ['max_bytes:20000', 'mb:20000'],
    ['ext:jpg', 'f:jpeg'],
    ['return_attachment:1', 'att:1'],
    ['cachebuster:v2', 'cb:v2'],
  ])('spells the further option %s canonically: %s', (given, expected) => {
    expect(options({ options: given })).toBe(`rs:fit:0:0/${expected}`);
  });

  it('writes equal presets equally, whatever the order and spelling', () => {
    const canonical = options({
      width: 9,
      resize: 'fill',
      gravity: 'no',
      background: '#fff',
      quality: 5,
      format: 'jpeg',
      options: 'pd:1/cb:a/fl:1',
    });
    const other = options({
      options: 'cachebuster:a/flip:true/padding:01',
      format: 'jpg',
      quality: 5,
      background: [255, 255, 255],
      gravity: { position: 'north', x: 0 },
      resize: 'fill',
      width: 9,
    });
    expect(canonical).toBe('rs:fill:9:0/g:no/pd:1/fl:1/bg:ffffff/q:5/f:jpeg/cb:a');
    expect(other).toBe(canonical);
  });

  it('scales the height with the width that is asked for', () => {
    const preset = Preset.parse({ width: 1600, height: 901, widths: [400, 1] });
    expect(presetToOptions(preset, 'oss', 400)).toBe('rs:fit:400:225');
    expect(presetToOptions(preset, 'oss', 1)).toBe('rs:fit:1:1');
    expect(() => presetToOptions(preset, 'oss', 500)).toThrow(/500 is not one of the preset's widths \(400, 1\)/);
  });

  it.each(['br:10', 'g:obj:face', 'objects_position:ce', 'adjust:1:2:3/pd:1'])('has %s in Pro only', (text) => {
    expect(() => options({ options: text })).toThrow(PresetsError);
    expect(() => options({ options: text })).toThrow(/exists in imgproxy Pro only.*IMGPROXY_EDITION=pro/);
    expect(options({ options: text }, 'pro')).toMatch(/^rs:fit:0:0\/.+/);
  });
});

describe('compilePreset', () => {
  it('makes one prefix per width, ascending, named by the pixels that come out', () => {
    expect(compilePreset(Preset.parse({ height: 600, widths: [800, 400], dpr: 1.5, format: 'webp' }), 'oss')).toEqual({
      prefix: '/rs:fit:800:600/dpr:1.5/f:webp/plain/',
      responsive: [
        { width: 600, prefix: '/rs:fit:400:300/dpr:1.5/f:webp/plain/' },
        { width: 1200, prefix: '/rs:fit:800:600/dpr:1.5/f:webp/plain/' },
      ],
    });
  });

  it('makes a path of nothing but options and safe characters from any valid preset', () => {
    const number = (max: number) => fc.double({ min: 0, max, noNaN: true });
    const gravity = fc.oneof(
      fc.constantFrom('center', 'north', 'soea', 'south-west'),
      fc.record({ x: number(1), y: number(1) }),
      fc.record({ position: fc.constantFrom('ce', 'east'), x: fc.double({ min: -8192, max: 8192, noNaN: true }) }),
    );
    const side = fc.integer({ min: 1, max: 1024 });
    const anyPreset = fc.record(
      {
        resize: fc.constantFrom('fit', 'fill', 'fill-down', 'force', 'auto'),
        width: side,
        height: side,
        minWidth: side,
        minHeight: side,
        widths: fc.uniqueArray(side, { minLength: 1, maxLength: 5 }),
        dpr: fc.double({ min: 0.1, max: 8, noNaN: true }),
        enlarge: fc.boolean(),
        extend: fc.oneof(fc.boolean(), gravity),
        gravity: fc.oneof(gravity, fc.constantFrom('sm', 'smart')),
        crop: fc.constant('face'),
        cropArea: fc.record({ width: number(1e6), height: number(1e6), x: number(1e6) }),
        rotate: fc.constantFrom(0, 90, 180, 270),
        background: fc.oneof(fc.constantFrom('#abc', 'A1b2C3'), fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255))),
        blur: number(100),
        sharpen: number(10),
        quality: fc.integer({ min: 1, max: 100 }),
        format: fc.constantFrom('jpg', 'webp', 'auto'),
        keepMetadata: fc.boolean(),
        options: fc.constantFrom('pd:10', 'cb:x-1_.', 'fl:1/t:10:fff', 'wm:0.3:re'),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(anyPreset, (raw) => {
        const parsed = Preset.safeParse(raw);
        fc.pre(parsed.success);
        const { prefix, responsive } = compilePreset(parsed.data, 'oss');
        for (const path of [prefix, ...responsive.map((entry) => entry.prefix)]) {
          expect(path).toMatch(
            /^(?:\/[a-z]+(?::(?:-?\d+(?:\.\d{1,6})?|[a-z][a-z-]*|[0-9a-f]{6}|x-1_\.|))+)+\/plain\/$/,
          );
        }
        expect(compilePreset(parsed.data, 'oss')).toEqual({ prefix, responsive });
      }),
      { numRuns: 1000 },
    );
  });
});
