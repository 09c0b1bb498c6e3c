/**
 * The arguments of imgproxy's processing options: what is allowed, within which bounds, and one canonical spelling for
 * each, so that equal pictures have equal URLs.
 *
 * @see https://docs.imgproxy.net/usage/processing
 */

/** Largest side a preset may ask for, in pixels of the result. */
export const maxSidePixels = 8192;
/** Largest device pixel ratio. */
export const maxDpr = 8;
/** Largest sigma of a Gaussian blur; its cost grows with it. */
export const maxBlurSigma = 100;
/** Largest sigma of the sharpening mask. */
export const maxSharpenSigma = 10;
/** Largest padding of one side, in pixels before `dpr`: with the largest `dpr` it adds at most one `maxSidePixels`. */
export const maxPaddingPixels = 512;
/** Largest pixelation block, in pixels. */
export const maxPixelatePixels = 1000;
/** Largest file size that `mb` may aim at, in bytes. */
export const maxResultBytes = 100_000_000;

/** Output formats of open-source imgproxy; `jpg` and `jpeg` are one. */
export const outputFormats = [
  'jpeg',
  'jpg',
  'png',
  'webp',
  'avif',
  'gif',
  'jxl',
  'heic',
  'tiff',
  'bmp',
  'ico',
] as const;

/** Compass names as people write them, and imgproxy's own. */
export const compassCodes = {
  center: 'ce',
  north: 'no',
  south: 'so',
  east: 'ea',
  west: 'we',
  'north-east': 'noea',
  'north-west': 'nowe',
  'south-east': 'soea',
  'south-west': 'sowe',
  ce: 'ce',
  no: 'no',
  so: 'so',
  ea: 'ea',
  we: 'we',
  noea: 'noea',
  nowe: 'nowe',
  soea: 'soea',
  sowe: 'sowe',
} as const;
export const compassArguments: ReadonlySet<string> = new Set(Object.values(compassCodes));

/** A number as imgproxy reads it everywhere: no exponent, no sign of zero, at most six decimals, none of them trailing. */
export function canonicalNumber(value: number): string {
  const text = Number.isInteger(value) ? value.toFixed(0) : value.toFixed(6).replace(/\.?0+$/, '');
  return text === '-0' ? '0' : text;
}

/** Answers the canonical spelling of one argument, or undefined if it is not allowed. */
export type Argument = (text: string) => string | undefined;
/** Answers the canonical arguments of one option, or undefined if they are not allowed. */
export type Arguments = (args: readonly string[]) => string[] | undefined;

export function decimal(min: number, max: number): Argument {
  return (text) => {
    if (!/^-?\d{1,12}(?:\.\d{1,12})?$/.test(text)) return undefined;
    const value = Number(text);
    return value >= min && value <= max ? canonicalNumber(value) : undefined;
  };
}

export function wholeNumber(min: number, max: number): Argument {
  const inRange = decimal(min, max);
  return (text) => (/^-?\d+$/.test(text) ? inRange(text) : undefined);
}

export function oneOf(...values: readonly string[]): Argument {
  return (text) => (values.includes(text) ? text : undefined);
}

// imgproxy takes any other word for "false", with a warning nobody reads.
export const flag: Argument = (text) =>
  /^(?:1|t|true)$/.test(text) ? '1' : /^(?:0|f|false)$/.test(text) ? '0' : undefined;

/** Three or six hexadecimal digits, written as six small ones. */
export const hexColour: Argument = (text) => {
  if (!/^(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(text)) return undefined;
  const digits = text.toLowerCase();
  return digits.length === 6 ? digits : digits.replace(/./g, '$&$&');
};

export const formatName: Argument = (text) =>
  outputFormats.some((format) => format === text) ? (text === 'jpg' ? 'jpeg' : text) : undefined;
export const token: Argument = (text) => (/^[A-Za-z0-9._-]{1,64}$/.test(text) ? text : undefined);
export const position = oneOf(...compassArguments);
export const fraction = decimal(0, 1);
export const offset = decimal(-maxSidePixels, maxSidePixels);
export const quality = wholeNumber(1, 100);
/** A side of a source picture: below 1 a share of it, from 1 on pixels. */
export const sourceSide = decimal(0, 1e6);

export function positional(required: number, ...kinds: readonly Argument[]): Arguments {
  return (args) => {
    if (args.length > kinds.length) return undefined;
    const canonical: string[] = [];
    for (const [index, kind] of kinds.entries()) {
      const text = args[index] ?? '';
      const spelled = text === '' ? (index < required ? undefined : '') : kind(text);
      if (spelled === undefined) return undefined;
      canonical.push(spelled);
    }
    while (canonical.at(-1) === '') canonical.pop();
    return canonical;
  };
}

const compassGravity = positional(1, position, offset, offset);
const focalPoint = positional(3, oneOf('fp'), fraction, fraction);
export const placedGravity: Arguments = (args) => compassGravity(args) ?? focalPoint(args);
export const anyGravity: Arguments = (args) => placedGravity(args) ?? positional(1, oneOf('sm'))(args);

/** `leading` arguments, and after them, if anything follows, a gravity. */
export function followedByGravity(count: number, leading: Arguments, gravity: Arguments): Arguments {
  return (args) => {
    const first = leading(args.slice(0, count));
    if (first === undefined || args.length <= count) return first;
    const rest = gravity(args.slice(count));
    return rest === undefined || first.length < count ? undefined : [...first, ...rest];
  };
}

export const rgbColour: Arguments = (args) => {
  const channels = positional(3, wholeNumber(0, 255), wholeNumber(0, 255), wholeNumber(0, 255))(args);
  return channels && [channels.map((channel) => Number(channel).toString(16).padStart(2, '0')).join('')];
};

export const formatQualities: Arguments = (args) => {
  if (args.length === 0 || args.length % 2 !== 0) return undefined;
  const kinds = args.map((_, index) => (index % 2 === 0 ? formatName : quality));
  return positional(args.length, ...kinds)(args);
};
