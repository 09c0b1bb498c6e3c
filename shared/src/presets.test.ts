import { describe, expect, it } from 'vitest';
import { documentedPresets, maxPresets, Preset, PresetsError, parsePresets, presetsJsonSchema } from './presets.ts';

function problemsOf(document: unknown): string[] {
  try {
    parsePresets(document);
  } catch (error) {
    if (error instanceof PresetsError) return error.problems;
    throw error;
  }
  return [];
}

describe('parsePresets', () => {
  it('answers every preset by its name, and the document as it was given', () => {
    const document = { b: { width: 10, future: { x: 1 } }, a: {} };
    const parsed = parsePresets(document);
    expect([...parsed.presets.keys()]).toEqual(['b', 'a']);
    expect(parsed.presets.get('b')).toEqual({ width: 10 });
    expect(parsed.document).toBe(document);
  });

  it('takes the documented presets without a warning', () => {
    expect(parsePresets(documentedPresets).warnings).toEqual([]);
  });

  it('takes a "$schema" for editors, which is no preset', () => {
    const parsed = parsePresets({ $schema: './presets.schema.json', a: {} });
    expect([...parsed.presets.keys()]).toEqual(['a']);
    expect(problemsOf({ $schema: './presets.schema.json' })).toEqual([expect.stringContaining('no preset')]);
  });

  it('keeps unknown fields of older files, with a warning that says what was perhaps meant', () => {
    expect(parsePresets({ a: { 'min-width': 5, nonsense: true } }).warnings).toEqual([
      'Preset "a": the field "min-width" is unknown and does nothing; did you mean "minWidth"?',
      'Preset "a": the field "nonsense" is unknown and does nothing.',
    ]);
  });

  it('says what format "auto" needs, and which gravity does nothing', () => {
    const { warnings } = parsePresets({
      a: { format: 'auto' },
      b: { gravity: 'sm' },
      c: { gravity: 'sm', resize: 'fill' },
    });
    expect(warnings).toEqual([
      expect.stringMatching(/Preset "a".*IMGPROXY_AUTO_WEBP=true.*Accept/),
      expect.stringMatching(/Preset "b": "gravity" does nothing with "resize": "fit"/),
    ]);
  });

  it.each([
    [null, /must be an object of presets by name, not null/],
    [[], /not \[\]/],
    ['x', /not "x"/],
    [undefined, /not undefined/],
    [{}, /at least one/],
    [{ a: null }, /Preset "a" must be an object of fields, not null/],
    [{ a: [1] }, /Preset "a" must be an object of fields, not \[1\]/],
    [{ a: 'fit' }, /Preset "a" must be an object of fields, not "fit"/],
    [{ $schema: {} }, /Preset "\$schema": the name is not allowed/],
    [Object.fromEntries(Array.from({ length: maxPresets + 1 }, (_, i) => [`p${i}`, {}])), /101 presets; at most 100/],
  ])('refuses the document %j', (document, message) => {
    expect(problemsOf(document)).toEqual([expect.stringMatching(message)]);
  });

  it.each([
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'valueOf',
    'a/b',
    'a:b',
    'a@b',
    'a%b',
    'a b',
    'a.b',
    '',
    '-a',
    '_a',
    'ä',
    'a\n',
    'a'.repeat(65),
  ])('refuses the name %j', (name) => {
    const document: unknown = JSON.parse(`{${JSON.stringify(name)}: {"width": 1}, "good": {}}`);
    expect(problemsOf(document)).toEqual([expect.stringContaining('the name is not allowed. Allowed: 1 to 64 of')]);
    expect(Object.hasOwn(Object.prototype, 'width')).toBe(false);
  });

  it.each(['a', '1', 'og-image', 'A_b-9', 'a'.repeat(64), 'prototype'])('takes the name %j', (name) => {
    expect(parsePresets({ [name]: {} }).presets.has(name)).toBe(true);
  });

  it.each(['{"a": {"__proto__": {"width": 1}}}', '{"a": {"gravity": {"x": 0, "y": 0, "__proto__": {}}}}'])(
    'refuses %s',
    (json) => {
      expect(problemsOf(JSON.parse(json))).toEqual(['Preset "a": a field called "__proto__" is not allowed.']);
    },
  );

  it.each([
    ['resize', 'cover', 'fit (the default'],
    ['resize', 'FIT', 'fit (the default'],
    ['resize', 'fill:300:300/raw:1', 'fit (the default'],
    ['width', '300', 'a whole number of pixels from 1 to 8192'],
    ['width', '300/raw:1', 'a whole number of pixels from 1 to 8192'],
    ['width', -1, 'a whole number of pixels from 1 to 8192'],
    ['width', 0, 'a whole number of pixels from 1 to 8192'],
    ['width', 1e9, 'a whole number of pixels from 1 to 8192'],
    ['width', 8193, 'a whole number of pixels from 1 to 8192'],
    ['width', 300.5, 'a whole number of pixels from 1 to 8192'],
    ['width', null, 'a whole number of pixels from 1 to 8192'],
    ['width', [300], 'a whole number of pixels from 1 to 8192'],
    ['width', Number.NaN, 'a whole number of pixels from 1 to 8192'],
    ['width', Number.POSITIVE_INFINITY, 'a whole number of pixels from 1 to 8192'],
    ['height', true, 'a whole number of pixels from 1 to 8192'],
    ['minWidth', 0, 'a whole number of pixels from 1 to 8192'],
    ['minHeight', 1e5, 'a whole number of pixels from 1 to 8192'],
    ['widths', [], '1 to 20 different'],
    ['widths', 400, '1 to 20 different'],
    ['widths', [400, 400], '1 to 20 different'],
    ['widths', [400, '800'], '1 to 20 different'],
    ['widths', Array.from({ length: 21 }, (_, i) => i + 1), '1 to 20 different'],
    ['dpr', 0, 'a number from 0.1 to 8'],
    ['dpr', 9, 'a number from 0.1 to 8'],
    ['enlarge', 'yes', 'true or false'],
    ['enlarge', 1, 'true or false'],
    ['extend', 'sm', 'true, false, or where'],
    ['extend', { position: 'no', z: 1 }, 'true, false, or where'],
    ['gravity', 'face', 'which part of the picture'],
    ['gravity', 'obj:face', 'which part of the picture'],
    ['gravity', { x: 0.5 }, 'which part of the picture'],
    ['gravity', { x: 1.1, y: 0 }, 'which part of the picture'],
    ['gravity', { position: 'sm', x: 1 }, 'which part of the picture'],
    ['gravity', { position: 'no', x: 8193 }, 'which part of the picture'],
    ['crop', 'center', '"face" only'],
    ['crop', true, '"face" only'],
    ['cropArea', { width: 1 }, 'a rectangle'],
    ['cropArea', { width: -1, height: 1 }, 'a rectangle'],
    ['cropArea', '100:100', 'a rectangle'],
    ['rotate', 45, '0, 90, 180 or 270'],
    ['rotate', -90, '0, 90, 180 or 270'],
    ['rotate', '90', '0, 90, 180 or 270'],
    ['background', 'red', 'a colour'],
    ['background', '#12345', 'a colour'],
    ['background', '##fff', 'a colour'],
    ['background', 'fff/raw:1', 'a colour'],
    ['background', [1, 2], 'a colour'],
    ['background', [1, 2, 256], 'a colour'],
    ['blur', -1, 'a number from 0 to 100'],
    ['blur', 101, 'a number from 0 to 100'],
    ['sharpen', 11, 'a number from 0 to 10'],
    ['sharpen', 'x', 'a number from 0 to 10'],
    ['quality', 0, 'a whole number from 1 to 100'],
    ['quality', 101, 'a whole number from 1 to 100'],
    ['quality', 80.5, 'a whole number from 1 to 100'],
    ['quality', '80', 'a whole number from 1 to 100'],
    ['format', 'WEBP', 'jpeg, jpg, png'],
    ['format', 'svg', 'jpeg, jpg, png'],
    ['format', 'webp/raw:1', 'jpeg, jpg, png'],
    ['keepMetadata', 'true', 'true or false'],
    ['options', 5, 'further imgproxy options'],
    ['options', `cb:${'a'.repeat(500)}`, 'further imgproxy options'],
  ])('finds the one wrong value among fifty presets: "%s": %j', (field, value, allowed) => {
    const document = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [
        `preset-${i}`,
        { width: 300, height: 200, ...(i === 33 && { [field]: value }) },
      ]),
    );
    const problems = problemsOf(document);
    expect(problems).toEqual([expect.stringContaining(`Preset "preset-33", field "${field}": `)]);
    expect(problems[0]).toContain(` is not allowed. Allowed: ${allowed}`);
  });

  it('answers all problems of all presets at once', () => {
    expect(problemsOf({ a: { width: 0, quality: 0 }, 'b/': {}, c: { format: 'x' } })).toEqual([
      expect.stringContaining('Preset "a", field "width"'),
      expect.stringContaining('Preset "a", field "quality"'),
      expect.stringContaining('Preset "b/"'),
      expect.stringContaining('Preset "c", field "format"'),
    ]);
  });

  it.each([
    [{ crop: 'face', width: 9, height: 9, resize: 'fit' }, 'crop', /needs "resize": "fill"/],
    [{ crop: 'face', width: 9, height: 9, resize: 'force' }, 'crop', /needs "resize": "fill"/],
    [{ crop: 'face', width: 9 }, 'crop', /needs both "width" and "height"/],
    [{ crop: 'face', width: 9, height: 9, gravity: 'no' }, 'gravity', /keep one of them/],
    [{ crop: 'face', width: 9, height: 9, options: 'g:no' }, 'options', /so does the field "crop"/],
    [{ cropArea: { width: 1, height: 1, x: 0, gravity: 'no' } }, 'cropArea', /says where twice/],
    [{ width: 4097, dpr: 2 }, 'dpr', /a side of 8194 pixels; at most 8192/],
    [{ minHeight: 4097, dpr: 2 }, 'dpr', /a side of 8194 pixels/],
    [{ width: 100, height: 1000, widths: [1000] }, 'widths', /a side of 10000 pixels/],
    [{ quality: 80, options: 'q:70' }, 'options', /sets "q", and so does the field "quality"/],
    [{ blur: 1, options: 'blur:2' }, 'options', /sets "bl", and so does the field "blur"/],
    [{ options: 'sm:0' }, 'options', /"keepMetadata": true/],
    [{ options: 'strip_metadata:f', keepMetadata: false }, 'options', /"keepMetadata": true/],
    [{ options: 'sm:1', keepMetadata: true }, 'options', /contradicts/],
  ])('refuses what does not go together: %j', (preset, field, message) => {
    const problems = problemsOf({ a: preset });
    expect(problems).toEqual([expect.stringMatching(message)]);
    expect(problems[0]).toContain(`Preset "a", field "${field}": `);
  });

  it.each([
    ['raw:1', /metadata included/],
    ['skp:jpg', /metadata included/],
    ['skip_processing:jpg', /metadata included/],
    ['msr:1000', /lifts the limits/],
    ['max_src_resolution:1000', /lifts the limits/],
    ['max_src_file_size:1', /lifts the limits/],
    ['mrd:0', /lifts the limits/],
    ['wmu:aHR0cDovL2V2aWw', /another address/],
    ['watermark_url:x', /another address/],
    ['fallback_image_url:x', /another address/],
    ['exp:4102444800', /not to a preset/],
    ['fn:evil.html', /not to a preset/],
    ['pr:other', /presets of imgproxy itself/],
    ['w:99999', /as a field of the preset/],
    ['dpr:8', /as a field of the preset/],
    ['zoom:100', /as a field of the preset/],
    ['rs:fill:1:1', /as a field of the preset/],
    ['nope:1', /not an imgproxy option that a preset can pass on/],
    ['PD:1', /not an imgproxy option/],
    ['__proto__:1', /not an imgproxy option/],
    ['constructor:1', /not an imgproxy option/],
    ['plain', /not an imgproxy option/],
    ['', /empty option/],
    ['/pd:1', /empty option/],
    ['pd:1/', /empty option/],
    ['pd:1//sh:1', /empty option/],
    ['pd:1/padding:2', /a second time/],
    ['pd', /takes one to four/],
    ['pd:', /takes one to four/],
    ['pd:-1', /takes one to four/],
    ['pd:513', /takes one to four/],
    ['pd:1:2:3:4:5', /takes one to four/],
    ['pd:1.5', /takes one to four/],
    ['pd:1e2', /takes one to four/],
    ['pd:+1', /takes one to four/],
    ['pd:%31', /takes one to four/],
    ['pd:1?x=1', /takes one to four/],
    ['bl:NaN', /takes 0 to 100/],
    ['bl:Inf', /takes 0 to 100/],
    ['sh:11', /takes 0 to 10/],
    ['el:yes', /takes 1 or 0/],
    ['rot:-90', /takes 0, 90, 180 or 270/],
    ['g:fp:0.5', /takes ce, no/],
    ['g:sm:1:1', /takes ce, no/],
    ['ex:1:sm', /takes 1 or 0, then/],
    ['c:10', /takes width:height/],
    ['fq:webp', /takes pairs/],
    ['f:svg', /takes jpeg, jpg/],
    ['wm:2', /takes opacity/],
    ['cb:a%3Ab', /takes 1 to 64/],
    ['cb:a b', /takes 1 to 64/],
    ['bg:256:0:0', /takes 3 or 6/],
    ['q:0', /takes a whole number from 1 to 100/],
  ])('refuses "options": "%s"', (text, message) => {
    const problems = problemsOf({ a: { options: text } });
    expect(problems).toEqual([expect.stringMatching(message)]);
    expect(problems[0]).toMatch(/^Preset "a", field "options": /);
  });

  it('shows long values only in part', () => {
    const [problem = ''] = problemsOf({ a: { width: 'x'.repeat(10_000) } });
    expect(problem.length).toBeLessThan(300);
  });
});

describe('presetsJsonSchema', () => {
  it('describes every field of a preset', () => {
    const schema = JSON.parse(JSON.stringify(presetsJsonSchema()));
    const { properties } = schema.additionalProperties;
    expect(Object.keys(properties)).toEqual(Object.keys(Preset.shape));
    for (const property of Object.values<{ description?: string }>(properties)) {
      expect(property.description).toEqual(expect.any(String));
    }
  });
});
