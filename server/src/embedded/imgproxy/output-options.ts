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
  parsePositive,
} from './option-arguments.ts';
import { type Apply, optional, percentage } from './option-fields.ts';
import { decodeBase64Url } from './url-path.ts';

export const applyBackground: Apply = (options, args, name) => {
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
export const checkWatermark: Apply = (_options, args, name) => {
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

export const parseFormat = (name: string, text: string): ImageFormatName => {
  const format = findImageFormat(text);
  if (format === undefined) throw invalidUrl(`${name}: "${text}" is no format of open-source imgproxy`);
  return format;
};

export const applyFormatQuality: Apply = (options, args, name) => {
  if (args.length % 2 !== 0) throw invalidUrl(`${name} takes pairs of a format and a quality`);
  for (let at = 0; at < args.length; at += 2) {
    options.formatQuality.set(parseFormat(name, args[at] ?? ''), percentage(name, args[at + 1] ?? ''));
  }
};

export const applyFilename: Apply = (options, args, name) => {
  assertArgumentCount(name, args, 2);
  const [filename, encoded = ''] = args;
  const decoded = parseBoolean(encoded) ? decodeBase64Url(filename)?.toString('utf8') : filename;
  if (decoded === undefined) throw invalidUrl(`${name}: "${filename}" is not base64url`);
  options.filename = decoded;
};

export const applyExpires: Apply = (options, args, name) => {
  options.expiresAt = parseInteger(name, onlyArgument(name, args));
  if (options.expiresAt > 0 && options.expiresAt < Math.floor(Date.now() / 1000))
    throw invalidUrl('the URL has expired');
};

export const refuseSecurityOption: Apply = (_options, _args, name) => {
  throw new ImgproxyError(403, 'Invalid URL', `${name}: security options are not allowed`);
};

export const refusePreset: Apply = (_options, args, name) => {
  throw invalidUrl(`${name}: there is no preset ${args.join(', ')} in imgproxy's own configuration`);
};

/** Checked by imgproxy, without effect on what the stand-in renders. */
export const checkBoolean: Apply = (_options, args, name) => {
  onlyArgument(name, args);
};
