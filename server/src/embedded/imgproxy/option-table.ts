import { centre, parseGravity } from './gravity.ts';
import { findImageFormat, type ImageFormatName } from './image-formats.ts';
import { ImgproxyError, invalidUrl } from './imgproxy-error.ts';
import {
  assertArgumentCount,
  onlyArgument,
  parseBoolean,
  parseColourChannel,
  parseFloatingPoint,
  parseHexColour,
  parseInteger,
  parseIntegerWithin,
  parseNonNegative,
  parsePositive,
} from './option-arguments.ts';
import {
  defaultProcessingOptions,
  type Extension,
  type ProcessingOptions,
  resizingTypes,
} from './processing-options.ts';
import { decodeBase64Url, type UrlOption } from './url-path.ts';

type Arguments = readonly [string, ...string[]];
/** Writes the arguments of the option `name` into `options`, or throws. */
type Apply = (options: ProcessingOptions, args: Arguments, name: string) => void;
type FieldsOfType<T> = {
  [Key in keyof ProcessingOptions]: ProcessingOptions[Key] extends T ? Key : never;
}[keyof ProcessingOptions];

const boolean =
  (field: FieldsOfType<boolean>): Apply =>
  (options, args, name) => {
    options[field] = parseBoolean(onlyArgument(name, args));
  };

const number =
  (field: FieldsOfType<number>, parse: (name: string, text: string) => number): Apply =>
  (options, args, name) => {
    options[field] = parse(name, onlyArgument(name, args));
  };

const wholeFromZero = (name: string, text: string): number => parseIntegerWithin(name, text, 0);
const percentage = (name: string, text: string): number => parseIntegerWithin(name, text, 0, 100);

/** Applies one argument where it is there and not empty. */
const optional = (arg: string | undefined, apply: (text: string) => void): void => {
  if (arg !== undefined && arg !== '') apply(arg);
};

const applyResizingType: Apply = (options, args, name) => {
  const text = onlyArgument(name, args);
  const type = resizingTypes.find((candidate) => candidate === text);
  if (type === undefined) throw invalidUrl(`${name}: "${text}" is none of ${resizingTypes.join(', ')}`);
  options.resizingType = type;
};

const applyExtension =
  (field: FieldsOfType<Extension>): Apply =>
  (options, [enabled, ...gravity], name) => {
    assertArgumentCount(name, gravity, 3);
    const before = options[field].gravity;
    options[field] = {
      enabled: parseBoolean(enabled),
      gravity: gravity.length > 0 ? parseGravity(name, gravity, before, false) : before,
    };
  };

const applyWidth = number('width', wholeFromZero);
const applyHeight = number('height', wholeFromZero);
const applyEnlarge = boolean('enlarge');
const applyExtend = applyExtension('extend');

const applySize: Apply = (options, args, name) => {
  assertArgumentCount(name, args, 7);
  const [width, height, enlarge, extend, ...gravity] = args;
  optional(width, (text) => applyWidth(options, [text], name));
  optional(height, (text) => applyHeight(options, [text], name));
  optional(enlarge, (text) => applyEnlarge(options, [text], name));
  optional(extend, (text) => applyExtend(options, [text, ...gravity], name));
};

const applyResize: Apply = (options, args, name) => {
  assertArgumentCount(name, args, 8);
  const [type, width, ...rest] = args;
  optional(type, (text) => applyResizingType(options, [text], name));
  if (width !== undefined) applySize(options, [width, ...rest], name);
};

const applyZoom: Apply = (options, args, name) => {
  assertArgumentCount(name, args, 2);
  options.zoomX = parsePositive(name, args[0]);
  options.zoomY = args[1] === undefined ? options.zoomX : parsePositive(name, args[1]);
};

const applyGravity: Apply = (options, args, name) => {
  options.gravity = parseGravity(name, args, options.gravity, true);
};

const applyCrop: Apply = (options, [width, height, ...gravity], name) => {
  options.cropWidth = parseNonNegative(name, width);
  if (height !== undefined) options.cropHeight = parseNonNegative(name, height);
  if (gravity.length > 0) options.cropGravity = parseGravity(name, gravity, options.cropGravity ?? centre, true);
};

const applyTrim: Apply = (options, args, name) => {
  assertArgumentCount(name, args, 4);
  const [threshold, colour, equalHorizontally, equalVertically] = args;
  const trimmed = {
    threshold: threshold === '' ? 0 : parseFloatingPoint(name, threshold),
    colour: colour === undefined || colour === '' ? undefined : parseHexColour(name, colour),
  };
  options.trim = threshold === '' ? undefined : trimmed;
  optional(equalHorizontally, (text) => {
    options.trimEqualHorizontally = parseBoolean(text);
  });
  optional(equalVertically, (text) => {
    options.trimEqualVertically = parseBoolean(text);
  });
};

const applyPadding: Apply = (options, args, name) => {
  assertArgumentCount(name, args, 4);
  const side = (text: string | undefined, otherwise: number): number =>
    text === undefined || text === '' ? otherwise : wholeFromZero(name, text);
  const top = side(args[0], options.padding.top);
  const right = side(args[1], top);
  options.padding = { top, right, bottom: side(args[2], top), left: side(args[3], right) };
};

const applyRotate: Apply = (options, args, name) => {
  options.rotate = parseInteger(name, onlyArgument(name, args));
  if (options.rotate % 90 !== 0) throw invalidUrl(`${name}: ${options.rotate} is not a multiple of 90`);
};

const applyFlip: Apply = (options, args, name) => {
  assertArgumentCount(name, args, 2);
  optional(args[0], (text) => {
    options.flipHorizontally = parseBoolean(text);
  });
  optional(args[1], (text) => {
    options.flipVertically = parseBoolean(text);
  });
};

const applyBackground: Apply = (options, args, name) => {
  const [first, green, blue] = args;
  if (args.length === 1) {
    options.background = first === '' ? undefined : parseHexColour(name, first);
    return;
  }
  if (args.length !== 3) throw invalidUrl(`${name} takes one hex colour, or red, green and blue`);
  const channel = (text = ''): number => parseColourChannel(name, text);
  options.background = { r: channel(first), g: channel(green), b: channel(blue) };
};

/** Checked, then ignored: imgproxy without a configured watermark does the same. */
const checkWatermark: Apply = (_options, args, name) => {
  assertArgumentCount(name, args, 7);
  const [opacity, position, x, y, scale] = args;
  const value = parseFloatingPoint(name, opacity);
  if (value < 0 || value > 1) throw invalidUrl(`${name}: the opacity ${opacity} is not within 0 and 1`);
  optional(position, (text) => {
    if (text !== 're') parseGravity(name, [text], centre, false);
    if (text === 'fp') throw invalidUrl(`${name}: a watermark has no focal point`);
  });
  for (const offset of [x, y]) optional(offset, (text) => parseFloatingPoint(name, text));
  optional(scale, (text) => parsePositive(name, text));
};

const parseFormat = (name: string, text: string): ImageFormatName => {
  const format = findImageFormat(text);
  if (format === undefined) throw invalidUrl(`${name}: "${text}" is no format of open-source imgproxy`);
  return format;
};

const applyFormatQuality: Apply = (options, args, name) => {
  if (args.length % 2 !== 0) throw invalidUrl(`${name} takes pairs of a format and a quality`);
  for (let at = 0; at < args.length; at += 2) {
    options.formatQuality.set(parseFormat(name, args[at] ?? ''), percentage(name, args[at + 1] ?? ''));
  }
};

const applyFilename: Apply = (options, args, name) => {
  assertArgumentCount(name, args, 2);
  const [filename, encoded = ''] = args;
  const decoded = parseBoolean(encoded) ? decodeBase64Url(filename)?.toString('utf8') : filename;
  if (decoded === undefined) throw invalidUrl(`${name}: "${filename}" is not base64url`);
  options.filename = decoded;
};

const applyExpires: Apply = (options, args, name) => {
  options.expiresAt = parseInteger(name, onlyArgument(name, args));
  if (options.expiresAt > 0 && options.expiresAt < Math.floor(Date.now() / 1000))
    throw invalidUrl('the URL has expired');
};

const refuseSecurityOption: Apply = (_options, _args, name) => {
  throw new ImgproxyError(403, 'Invalid URL', `${name}: security options are not allowed`);
};

const refusePreset: Apply = (_options, args, name) => {
  throw invalidUrl(`${name}: there is no preset ${args.join(', ')} in imgproxy's own configuration`);
};

/** Checked by imgproxy, without effect on what the stand-in renders. */
const checkBoolean: Apply = (_options, args, name) => {
  onlyArgument(name, args);
};

/** Every processing option of open-source imgproxy: its names, and what it does. https://docs.imgproxy.net/usage/processing */
const optionTable: readonly (readonly [names: string, apply: Apply])[] = [
  ['resize rs', applyResize],
  ['size s', applySize],
  ['resizing_type rt', applyResizingType],
  ['width w', applyWidth],
  ['height h', applyHeight],
  ['min-width mw', number('minWidth', wholeFromZero)],
  ['min-height mh', number('minHeight', wholeFromZero)],
  ['zoom z', applyZoom],
  ['dpr', number('dpr', parsePositive)],
  ['enlarge el', applyEnlarge],
  ['extend ex', applyExtend],
  ['extend_aspect_ratio extend_ar exar', applyExtension('extendAspectRatio')],
  ['gravity g', applyGravity],
  ['crop c', applyCrop],
  ['trim t', applyTrim],
  ['padding pd', applyPadding],
  ['auto_rotate ar', boolean('autoRotate')],
  ['rotate rot', applyRotate],
  ['flip fl', applyFlip],
  ['background bg', applyBackground],
  ['blur bl', number('blur', parseNonNegative)],
  ['sharpen sh', number('sharpen', parseNonNegative)],
  ['pixelate pix', number('pixelate', wholeFromZero)],
  ['watermark wm', checkWatermark],
  ['strip_metadata sm', boolean('stripMetadata')],
  ['keep_copyright kcr', boolean('keepCopyright')],
  ['strip_color_profile scp', boolean('stripColourProfile')],
  ['preserve_hdr ph', checkBoolean],
  ['enforce_thumbnail eth', checkBoolean],
  ['quality q', number('quality', percentage)],
  ['format_quality fq', applyFormatQuality],
  ['max_bytes mb', number('maxBytes', wholeFromZero)],
  [
    'format f ext',
    (options, args, name) => {
      options.format = parseFormat(name, onlyArgument(name, args));
    },
  ],
  [
    'skip_processing skp',
    (options, args, name) => {
      for (const format of args) options.skipProcessing.add(parseFormat(name, format));
    },
  ],
  ['raw', boolean('raw')],
  [
    'cachebuster cb',
    (_options, args, name) => {
      onlyArgument(name, args);
    },
  ],
  ['expires exp', applyExpires],
  ['filename fn', applyFilename],
  ['return_attachment att', boolean('asAttachment')],
  ['preset pr', refusePreset],
  ['max_src_resolution msr', refuseSecurityOption],
  ['max_src_file_size msfs', refuseSecurityOption],
  ['max_animation_frames maf', refuseSecurityOption],
  ['max_animation_frame_resolution mafr', refuseSecurityOption],
  ['max_result_dimension mrd', refuseSecurityOption],
];

const applyByName: ReadonlyMap<string, Apply> = new Map(
  optionTable.flatMap(([names, apply]) => names.split(' ').map((name) => [name, apply] as const)),
);

/**
 * Applies options from left to right, later ones win; the extension behind the source, if any, is the last word on the format.
 * Throws an `ImgproxyError`: 404 for what imgproxy does not know or take, 403 for a security option.
 */
export function parseProcessingOptions(
  urlOptions: readonly UrlOption[],
  extension: string | undefined,
): ProcessingOptions {
  const options = defaultProcessingOptions();
  for (const { name, args } of urlOptions) {
    const apply = applyByName.get(name);
    if (apply === undefined) throw invalidUrl(`${name} is no option of open-source imgproxy`);
    apply(options, args, name);
  }
  if (extension !== undefined && !options.raw)
    options.format = parseFormat('the extension behind the source', extension);
  return options;
}
