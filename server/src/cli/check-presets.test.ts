import { documentedPresets } from '@kuanary/shared/presets';
import { describe, expect, it } from 'vitest';
import { checkPresets } from './check-presets.ts';
import { comparePresets } from './compare-presets.ts';

describe('checkPresets', () => {
  it('finds nothing wrong with the documented presets', () => {
    const checked = checkPresets(documentedPresets, 'oss');
    expect(checked).toMatchObject({ problems: [], warnings: [] });
    expect([...checked.compiled.keys()]).toEqual(['thumbnail', 'hero', 'og-image', 'avatar']);
  });

  it('finds the one wrong value among fifty presets', () => {
    const document = Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [`p${index}`, { width: 100, quality: index === 31 ? 101 : 80 }]),
    );
    const { problems, compiled } = checkPresets(document, 'oss');
    expect(problems).toEqual([
      'Preset "p31", field "quality": 101 is not allowed. Allowed: a whole number from 1 to 100.',
    ]);
    expect(compiled.size).toBe(49);
  });

  it('names every problem at once, each once, with preset and field', () => {
    const { problems } = checkPresets(
      {
        wide: { width: -1, quality: 'high' },
        old: { width: 300, max_age: 5, Height: 20 },
        'no name': {},
        list: [],
      },
      'oss',
    );
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'Preset "wide", field "width"',
      'Preset "wide", field "quality"',
      'Preset "old", field "max_age"',
      'Preset "old", field "Height"',
      'Preset "no name"',
      'Preset "list" must be an object of fields, not [].',
    ]);
    expect(problems[3]).toContain('Did you mean "height"?');
  });

  it('refuses what only imgproxy Pro has, unless it is Pro', () => {
    const document = { blurred: { width: 100, options: 'dt:0.5:ff0000' } };
    expect(checkPresets(document, 'oss').problems.join()).toContain('Preset "blurred", field "options"');
    expect(checkPresets(document, 'oss').problems.join()).toContain('imgproxy Pro');
    expect(checkPresets(document, 'pro').problems).toEqual([]);
  });

  it.each([[[]], ['text'], [null], [{}]])('refuses %j as a whole', (document) => {
    expect(checkPresets(document, 'oss').problems).toHaveLength(1);
  });

  it('passes on what is accepted but surprising', () => {
    expect(checkPresets({ any: { format: 'auto' } }, 'oss').warnings.join()).toContain('IMGPROXY_AUTO_WEBP');
  });
});

describe('comparePresets', () => {
  const compare = (now: object, other: object) => {
    const { compiled, names } = checkPresets(now, 'oss');
    return comparePresets(compiled, checkPresets(other, 'oss').compiled, names);
  };

  it('tells unchanged, changed, new, removed and invalid presets apart', () => {
    const now = { same: { quality: 80, width: 10 }, edited: { width: 300 }, added: { width: 5 }, wrong: { width: 0 } };
    const other = { same: { width: 10, quality: 80 }, edited: { width: 200 }, gone: { width: 1 }, wrong: { width: 1 } };
    expect(compare(now, other)).toEqual([
      { preset: 'same', change: 'unchanged' },
      { preset: 'edited', change: 'changed', before: ['rs:fit:200:0'], after: ['rs:fit:300:0'] },
      { preset: 'added', change: 'new', after: ['rs:fit:5:0'] },
      { preset: 'wrong', change: 'invalid' },
      { preset: 'gone', change: 'removed', before: ['rs:fit:1:0'] },
    ]);
  });

  it('looks at each width of a responsive preset', () => {
    expect(compare({ a: { widths: [100, 300] } }, { a: { widths: [200, 300] } })).toEqual([
      {
        preset: 'a',
        change: 'changed',
        before: ['rs:fit:300:0', 'rs:fit:200:0'],
        after: ['rs:fit:300:0', 'rs:fit:100:0'],
      },
    ]);
  });
});
