import { centre, parseGravity } from './gravity.ts';
import { invalidUrl } from './imgproxy-error.ts';
import {
  assertArgumentCount,
  onlyArgument,
  parseBoolean,
  parseFloatingPoint,
  parseHexColour,
  parseInteger,
  parseNonNegative,
  parsePositive,
} from './option-arguments.ts';
import { type Apply, boolean, type FieldsOfType, number, optional, wholeFromZero } from './option-fields.ts';
import { type Extension, resizingTypes } from './processing-options.ts';

export const applyResizingType: Apply = (options, args, name) => {
  const text = onlyArgument(name, args);
  const type = resizingTypes.find((candidate) => candidate === text);
  if (type === undefined) throw invalidUrl(`${name}: "${text}" is none of ${resizingTypes.join(', ')}`);
  options.resizingType = type;
};

export const applyExtension =
  (field: FieldsOfType<Extension>): Apply =>
  (options, [enabled, ...gravity], name) => {
    assertArgumentCount(name, gravity, 3);
    const before = options[field].gravity;
    options[field] = {
      enabled: parseBoolean(enabled),
      gravity: gravity.length > 0 ? parseGravity(name, gravity, before, false) : before,
    };
  };

export const applyWidth = number('width', wholeFromZero);
export const applyHeight = number('height', wholeFromZero);
export const applyEnlarge = boolean('enlarge');
export const applyExtend = applyExtension('extend');

export const applySize: Apply = (options, args, name) => {
  assertArgumentCount(name, args, 7);
  const [width, height, enlarge, extend, ...gravity] = args;
  optional(width, (text) => applyWidth(options, [text], name));
  optional(height, (text) => applyHeight(options, [text], name));
  optional(enlarge, (text) => applyEnlarge(options, [text], name));
  optional(extend, (text) => applyExtend(options, [text, ...gravity], name));
};

export const applyResize: Apply = (options, args, name) => {
  assertArgumentCount(name, args, 8);
  const [type, width, ...rest] = args;
  optional(type, (text) => applyResizingType(options, [text], name));
  if (width !== undefined) applySize(options, [width, ...rest], name);
};

export const applyZoom: Apply = (options, args, name) => {
  assertArgumentCount(name, args, 2);
  options.zoomX = parsePositive(name, args[0]);
  options.zoomY = args[1] === undefined ? options.zoomX : parsePositive(name, args[1]);
};

export const applyGravity: Apply = (options, args, name) => {
  options.gravity = parseGravity(name, args, options.gravity, true);
};

export const applyCrop: Apply = (options, [width, height, ...gravity], name) => {
  options.cropWidth = parseNonNegative(name, width);
  if (height !== undefined) options.cropHeight = parseNonNegative(name, height);
  if (gravity.length > 0) options.cropGravity = parseGravity(name, gravity, options.cropGravity ?? centre, true);
};

export const applyTrim: Apply = (options, args, name) => {
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

export const applyPadding: Apply = (options, args, name) => {
  assertArgumentCount(name, args, 4);
  const side = (text: string | undefined, otherwise: number): number =>
    text === undefined || text === '' ? otherwise : wholeFromZero(name, text);
  const top = side(args[0], options.padding.top);
  const right = side(args[1], top);
  options.padding = { top, right, bottom: side(args[2], top), left: side(args[3], right) };
};

export const applyRotate: Apply = (options, args, name) => {
  options.rotate = parseInteger(name, onlyArgument(name, args));
  if (options.rotate % 90 !== 0) throw invalidUrl(`${name}: ${options.rotate} is not a multiple of 90`);
};

export const applyFlip: Apply = (options, args, name) => {
  assertArgumentCount(name, args, 2);
  optional(args[0], (text) => {
    options.flipHorizontally = parseBoolean(text);
  });
  optional(args[1], (text) => {
    options.flipVertically = parseBoolean(text);
  });
};
