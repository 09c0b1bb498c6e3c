import { readFileSync } from 'node:fs';
import { compilePreset } from '@kuanary/shared/imgproxy-options';
import { parsePresets } from '@kuanary/shared/presets';
import { type ConformanceCase, picture } from './conformance-case.ts';

const shippedDocument: unknown = JSON.parse(
  readFileSync(new URL('../../../data/presets.json', import.meta.url), 'utf8'),
);

/** Presets that use every field there is, by what they try. */
const everyField = {
  'fit-both': { resize: 'fit', width: 320, height: 200, format: 'webp' },
  'width-only': { width: 240, format: 'jpeg', quality: 70 },
  'height-only': { height: 180, format: 'png' },
  'fill-down': { resize: 'fill-down', width: 900, height: 900, format: 'png' },
  force: { resize: 'force', width: 200, height: 200, format: 'png' },
  auto: { resize: 'auto', width: 300, height: 200, format: 'png' },
  'at-least': { width: 50, minWidth: 120, minHeight: 110, format: 'png' },
  responsive: { widths: [120, 240], height: 90, resize: 'fill', format: 'webp' },
  'twice-as-dense': { width: 150, dpr: 2, format: 'png' },
  'any-format': { width: 150, format: 'auto' },
  face: { resize: 'fill', width: 120, height: 120, crop: 'face', format: 'png' },
  'named-gravity': { resize: 'fill', width: 200, height: 80, gravity: 'north', format: 'png' },
  'placed-gravity': {
    resize: 'fill',
    width: 80,
    height: 200,
    gravity: { position: 'south-east', x: 12, y: 7 },
    format: 'png',
  },
  'focal-point': { resize: 'fill', width: 80, height: 200, gravity: { x: 0.68, y: 0.4 }, format: 'png' },
  'smart-gravity': { resize: 'fill', width: 160, height: 80, gravity: 'smart', format: 'png' },
  'crop-area': { cropArea: { width: 400, height: 300, x: 120, y: 60 }, width: 200, format: 'png' },
  'crop-share': { cropArea: { width: 0.5, height: 0.5, gravity: 'soea' }, width: 200, format: 'png' },
  enlarge: { width: 1500, enlarge: true, format: 'jpeg', quality: 60 },
  extend: { width: 300, height: 300, extend: true, background: '#ff8800', format: 'jpeg' },
  'extend-placed': { width: 300, height: 300, extend: { position: 'south', x: 0, y: 10 }, format: 'png' },
  background: { width: 200, background: [20, 40, 60], format: 'png' },
  blur: { width: 200, blur: 4, format: 'png' },
  sharpen: { width: 200, sharpen: 0.8, format: 'png' },
  rotate: { width: 200, rotate: 270, format: 'png' },
  'keep-metadata': { width: 200, keepMetadata: true, format: 'jpeg' },
  options: { width: 200, options: 'pd:10:20/pix:4/fl:1', format: 'png' },
} as const;

export const everyFieldPresets: Readonly<Record<string, object>> = everyField;

/** The addresses that a presets document gives, for each of `files`. */
function presetCases(document: unknown, files: readonly string[]): ConformanceCase[] {
  return [...parsePresets(document).presets].flatMap(([name, preset]) => {
    const { prefix, responsive } = compilePreset(preset, 'oss');
    const prefixes = [prefix, ...responsive.map((entry) => entry.prefix)];
    return prefixes.flatMap((text, at) =>
      files.map((file) => ({
        ...picture(text.slice(1, -'/plain/'.length), file),
        name: `preset ${name}${at === 0 ? '' : ` at width ${at}`} of ${file}`,
      })),
    );
  });
}

/** The shipped presets on many kinds of sources, and one preset for each thing that a preset can say. */
export const conformancePresetCases: readonly ConformanceCase[] = [
  ...presetCases(shippedDocument, [
    'photo.jpg',
    'tall.jpg',
    'large.jpg',
    'orientation-6.jpg',
    'alpha.png',
    'grey.jpg',
    'opaque.webp',
    'photo.avif',
    'animated.gif',
    'small.jpg',
    'one-pixel.png',
    'very-wide.jpg',
  ]),
  ...presetCases(everyField, ['photo.jpg', 'alpha.png']),
];
