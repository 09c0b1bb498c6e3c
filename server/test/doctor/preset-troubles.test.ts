import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parsePresets } from '@kuanary/shared/presets';
import { describe, expect, it } from 'vitest';
import { allChecks } from '../../src/doctor/all-checks.ts';
import type { Check } from '../../src/doctor/check.ts';
import { presetsCheck } from '../../src/doctor/checks/presets.ts';
import { createPng } from '../../src/doctor/png-writer.ts';
import { renderPresets } from '../../src/doctor/preset-renderings.ts';
import { diagnose } from './diagnose.ts';
import { expectTroubles } from './expect-troubles.ts';
import { forward, type SimpleAnswer } from './http-fronts.ts';

const longTestMs = 60_000;
const thumbnail = { resize: 'fill', width: 120, height: 120, format: 'webp', quality: 80 };

describe('doctor, when presets are wrong', () => {
  it('names a missing presets file', async () => {
    const diagnosis = await diagnose({ environment: { PRESETS_FILE: join(tmpdir(), `${randomUUID()}.json`) } });
    expectTroubles(diagnosis, { warned: ['presets'] });
    expect(diagnosis.textOf('presets')).toMatch(
      /no presets file at .*thumbnail, hero, og-image, avatar.*PRESETS_FILE/s,
    );
    expect(diagnosis.textOf('presets')).toContain('4 presets render');
  });

  it('names one wrong value among fifty presets', async () => {
    const presets: Record<string, unknown> = {};
    for (let number = 1; number <= 50; number += 1) presets[`size-${number}`] = { ...thumbnail, width: 100 + number };
    presets['size-37'] = { ...thumbnail, quality: 800 };
    const diagnosis = await diagnose({ presets });
    expectTroubles(diagnosis, { failed: ['presets'] });
    expect(diagnosis.textOf('presets')).toMatch(/Preset "size-37", field "quality": 800 is not allowed.*1 to 100/s);
    expect(diagnosis.textOf('presets')).not.toContain('size-36');
  });

  it('names a presets file that is no JSON', async () => {
    const diagnosis = await diagnose({ presets: '{"thumbnail": {"width": 300,}}' });
    expectTroubles(diagnosis, { failed: ['presets'] });
    expect(diagnosis.textOf('presets')).toMatch(/presets\.json is not valid JSON.*kuanary presets check/s);
  });

  it('names a field that is unknown', async () => {
    const diagnosis = await diagnose({ presets: { thumbnail: { ...thumbnail, min_width: 100 } } });
    expectTroubles(diagnosis, { warned: ['presets'] });
    expect(diagnosis.textOf('presets')).toMatch(/"min_width" is unknown and does nothing; did you mean "minWidth"/);
  });

  it('names a preset that needs imgproxy Pro, where the open-source one is configured', async () => {
    const diagnosis = await diagnose({ presets: { thumbnail: { ...thumbnail, options: 'br:10' } } });
    expectTroubles(diagnosis, { failed: ['presets'] });
    expect(diagnosis.textOf('presets')).toMatch(
      /Preset "thumbnail", field "options".*imgproxy Pro only.*IMGPROXY_EDITION/s,
    );
  });

  it('names an open-source imgproxy where Pro is configured', async () => {
    const diagnosis = await diagnose({
      environment: { IMGPROXY_EDITION: 'pro' },
      presets: { face: { width: 100, height: 100, crop: 'face' }, plain: { width: 50 } },
    });
    expectTroubles(diagnosis, { failed: ['presets'] });
    expect(diagnosis.textOf('presets')).toMatch(/Preset "face": .*"Invalid URL".*g:obj:face.*IMGPROXY_EDITION=oss/s);
    expect(diagnosis.textOf('presets')).not.toContain('"plain"');
  });

  it('names options that imgproxy does not allow, once for all presets that use them', async () => {
    const diagnosis = await diagnose({
      presets: { one: { width: 100, blur: 2 }, two: { widths: [50, 100], blur: 3 }, three: { width: 100 } },
      frontOfImgproxy: forward({
        request: (path) => (path.includes('/bl:2') || path.includes('/bl:3') ? invalidUrl : path),
      }),
    });
    expectTroubles(diagnosis, { failed: ['presets'] });
    const text = diagnosis.textOf('presets');
    expect(text).toMatch(/Presets "one", "two", "two" at 50, "two" at 100: .*IMGPROXY_ALLOWED_PROCESSING_OPTIONS/s);
    expect(text).not.toContain('"three"');
  });

  it('names pictures that come larger than asked for', async () => {
    const body = createPng({ width: 800, height: 600 });
    const diagnosis = await diagnose({
      frontOfImgproxy: forward({
        answer: (_answer, path) =>
          path.includes('rs:fill:120:120') ? { body, headers: { 'content-type': 'image/png' } } : {},
      }),
    });
    expectTroubles(diagnosis, { warned: ['presets'] });
    expect(diagnosis.textOf('presets')).toMatch(
      /"thumbnail": It comes as 800 × 600; at most 120 × 120.*"thumbnail": It comes as png; webp/s,
    );
  });

  it('names a DEFAULT_PRESET that is no preset', async () => {
    const diagnosis = await diagnose({ environment: { DEFAULT_PRESET: 'thumb' } });
    expectTroubles(diagnosis, { warned: ['presets'] });
    expect(diagnosis.textOf('presets')).toMatch(/DEFAULT_PRESET=thumb names no preset.*thumbnail, large/s);
  });

  it('says what "format": "auto" needs, and renders every width', async () => {
    const diagnosis = await diagnose({ presets: { hero: { widths: [200, 400], format: 'auto' } } });
    expectTroubles(diagnosis, {});
    expect(diagnosis.textOf('presets')).toMatch(/IMGPROXY_AUTO_WEBP=true.*at 3 addresses/s);
  });
});

describe('doctor, when there are very many presets', () => {
  const widths = Array.from({ length: 20 }, (_, index) => index + 1);
  const presets = Object.fromEntries(widths.map((number) => [`strip-${number}`, { widths, format: 'png' }]));

  it('tries the rest with --deep only when imgproxy is slow', async () => {
    const { presets: parsed } = parsePresets(presets);
    const slow: Check = { ...presetsCheck, run: (context) => renderPresets(context, parsed, { budgetMs: 0 }) };
    const diagnosis = await diagnose({ presets }, { checks: [slow] });
    expectTroubles(diagnosis, {});
    expect(diagnosis.textOf('presets')).toMatch(
      /4 presets render, at 4 addresses.*took .* s.*416 further addresses are tried with --deep only/s,
    );
  });

  it(
    'renders two hundred addresses, and all of them with --deep',
    async () => {
      const checks = allChecks.filter(({ id }) => id === 'presets');
      const shallow = await diagnose({ presets }, { checks });
      expect(shallow.textOf('presets')).toMatch(/20 presets render, at 200 addresses.*220 further addresses/s);
      const deep = await diagnose({ presets }, { checks, deep: true });
      expect(deep.textOf('presets')).toContain('at 420 addresses');
    },
    longTestMs,
  );
});

const invalidUrl: Partial<SimpleAnswer> = {
  status: 404,
  headers: { 'content-type': 'text/plain', server: 'imgproxy' },
  body: 'Invalid URL',
};
