import { canonicalNumber, compassCodes, hexColour } from './imgproxy-option-arguments.ts';
import { inCanonicalOrder, parseOptions } from './imgproxy-option-grammar.ts';
import type { Gravity } from './preset-fields.ts';
import { type Preset, PresetsError, presetSides } from './presets.ts';

/** Which imgproxy answers: the open-source one, or Pro with its further options. */
export type ImgproxyEdition = 'oss' | 'pro';

/** What one preset adds to every URL: an image URL is `prefix` + escaped source, with the signature before it. */
export interface CompiledPreset {
  /** "/rs:fit:300:300/q:80/f:webp/plain/" */
  prefix: string;
  /** One per entry of `widths`, ascending, `width` in pixels of the result (for `srcset`); empty without `widths`. */
  responsive: { width: number; prefix: string }[];
}

type Arguments = readonly (string | number)[];

function gravityArguments(gravity: Gravity): Arguments {
  if (gravity === 'sm' || gravity === 'smart') return ['sm'];
  if (typeof gravity === 'string') return [compassCodes[gravity]];
  if ('position' in gravity) {
    const offsets = [gravity.x ?? 0, gravity.y ?? 0];
    return [compassCodes[gravity.position], ...(offsets.some((offset) => offset !== 0) ? offsets : [])];
  }
  return ['fp', gravity.x, gravity.y];
}

function resizeArguments(preset: Preset, width: number | undefined): Arguments {
  const sides = presetSides(preset, width);
  const args: (string | number)[] = [
    preset.resize ?? (preset.crop ? 'fill' : 'fit'),
    sides.width ?? 0,
    sides.height ?? 0,
  ];
  if (preset.extend) args.push(preset.enlarge ? 1 : 0, 1);
  else if (preset.enlarge) args.push(1);
  if (typeof preset.extend === 'object' || typeof preset.extend === 'string') {
    args.push(...gravityArguments(preset.extend));
  }
  return args;
}

function cropAreaArguments({ width, height, x, y, gravity }: NonNullable<Preset['cropArea']>): Arguments {
  if (gravity !== undefined) return [width, height, ...gravityArguments(gravity)];
  if (x === undefined && y === undefined) return [width, height];
  return [width, height, 'nowe', x ?? 0, y ?? 0];
}

function backgroundArguments(background: NonNullable<Preset['background']>): Arguments {
  if (typeof background === 'string') return [hexColour(background.replace('#', '')) ?? ''];
  return [background.map((channel) => channel.toString(16).padStart(2, '0')).join('')];
}

/** Field → option, one row each; a row that answers undefined leaves its option out. */
const optionTable: Readonly<
  Record<string, (preset: Preset, edition: ImgproxyEdition, width: number | undefined) => Arguments | undefined>
> = {
  rs: (preset, _edition, width) => resizeArguments(preset, width),
  mw: ({ minWidth }) => (minWidth === undefined ? undefined : [minWidth]),
  mh: ({ minHeight }) => (minHeight === undefined ? undefined : [minHeight]),
  dpr: ({ dpr }) => (dpr === undefined || dpr === 1 ? undefined : [dpr]),
  g: ({ crop, gravity }, edition) => {
    if (crop === 'face') return edition === 'pro' ? ['obj', 'face'] : ['sm'];
    return gravity === undefined ? undefined : gravityArguments(gravity);
  },
  c: ({ cropArea }) => cropArea && cropAreaArguments(cropArea),
  rot: ({ rotate }) => (rotate ? [rotate] : undefined),
  bg: ({ background }) => (background === undefined ? undefined : backgroundArguments(background)),
  bl: ({ blur }) => (blur ? [blur] : undefined),
  sh: ({ sharpen }) => (sharpen ? [sharpen] : undefined),
  sm: ({ keepMetadata }) => (keepMetadata ? [0] : undefined),
  q: ({ quality }) => (quality === undefined ? undefined : [quality]),
  f: ({ format }) => (format === undefined || format === 'auto' ? undefined : [format === 'jpg' ? 'jpeg' : format]),
};

/**
 * The processing options of a preset, as they stand in a URL between the signature and the source:
 * "rs:fit:300:300/q:80/f:webp". Equal presets give equal text.
 *
 * @param width one of `preset.widths`, in pixels: the options for that width, the height scaled with it.
 * @throws {PresetsError} if the preset uses options that this edition of imgproxy does not have.
 */
export function presetToOptions(preset: Preset, edition: ImgproxyEdition, width?: number): string {
  if (width !== undefined && !preset.widths?.includes(width)) {
    throw new RangeError(`${width} is not one of the preset's widths (${preset.widths?.join(', ') ?? 'it has none'}).`);
  }
  const further = preset.options === undefined ? [] : parseOptions(preset.options).segments;
  const unavailable = edition === 'oss' ? further.filter(({ pro }) => pro) : [];
  if (unavailable.length > 0) {
    const names = unavailable.map(({ name, args }) => `"${[name, ...args].join(':')}"`).join(', ');
    throw new PresetsError([
      `field "options": ${names} exists in imgproxy Pro only; remove it, or set IMGPROXY_EDITION=pro if that is what answers at IMGPROXY_URL`,
    ]);
  }
  const segments: { name: string; args: Arguments }[] = [...further];
  for (const [name, argumentsOf] of Object.entries(optionTable)) {
    const args = argumentsOf(preset, edition, width);
    if (args !== undefined && !further.some((option) => option.name === name)) segments.push({ name, args });
  }
  return inCanonicalOrder(segments)
    .map(({ name, args }) => [name, ...args.map(spell)].join(':'))
    .join('/');
}

function spell(argument: string | number): string {
  return typeof argument === 'number' ? canonicalNumber(argument) : argument;
}

/**
 * Compiles a preset once, so that a URL later costs a concatenation and an HMAC.
 *
 * @throws {PresetsError} as `presetToOptions` does.
 */
export function compilePreset(preset: Preset, edition: ImgproxyEdition): CompiledPreset {
  const prefixOf = (width?: number) => `/${presetToOptions(preset, edition, width)}/plain/`;
  return {
    prefix: prefixOf(),
    responsive: (preset.widths ?? [])
      .toSorted((a, b) => a - b)
      .map((width) => ({ width: Math.round(width * (preset.dpr ?? 1)), prefix: prefixOf(width) })),
  };
}
