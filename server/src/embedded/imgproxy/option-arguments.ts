import { invalidUrl } from './imgproxy-error.ts';

/** What the parsers of arguments need to say which option was wrong. */
type OptionName = string;

const int64Limit = 2n ** 63n;

/** A whole number: an optional sign and digits, nothing else. */
export function parseInteger(name: OptionName, text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw invalidUrl(`${name}: "${text}" is not a whole number`);
  const value = BigInt(text.replace(/^\+/, ''));
  if (value >= int64Limit || value < -int64Limit) throw invalidUrl(`${name}: "${text}" is out of range`);
  return Number(value);
}

/** A whole number of at least `min`, and at most `max` where that is given. */
export function parseIntegerWithin(
  name: OptionName,
  text: string,
  min: number,
  max = Number.POSITIVE_INFINITY,
): number {
  const value = parseInteger(name, text);
  if (value < min || value > max) throw invalidUrl(`${name}: ${text} is not within ${min} and ${max}`);
  return value;
}

/** A decimal number; exponents, `Inf` and `NaN` pass, as they do in imgproxy. */
export function parseFloatingPoint(name: OptionName, text: string): number {
  if (/^[+-]?(inf|infinity)$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^[+-]?nan$/i.test(text)) return Number.NaN;
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value)) throw invalidUrl(`${name}: "${text}" is not a number`);
  return value;
}

/** A decimal number that is not below zero. `NaN` passes. */
export function parseNonNegative(name: OptionName, text: string): number {
  const value = parseFloatingPoint(name, text);
  if (value < 0) throw invalidUrl(`${name}: ${text} is negative`);
  return value;
}

/** A decimal number above zero. `NaN` passes. */
export function parsePositive(name: OptionName, text: string): number {
  const value = parseFloatingPoint(name, text);
  if (value <= 0) throw invalidUrl(`${name}: ${text} is not above zero`);
  return value;
}

/** `1 t T true TRUE True` are true; everything else is false, without an error. */
export function parseBoolean(text: string): boolean {
  return /^(1|t|T|true|TRUE|True)$/.test(text);
}

/** Red, green and blue, 0 to 255 each. */
export interface Rgb {
  r: number;
  g: number;
  b: number;
}

/** Three or six hexadecimal digits, without `#`. */
export function parseHexColour(name: OptionName, text: string): Rgb {
  if (!/^([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(text)) throw invalidUrl(`${name}: "${text}" is not a hex colour`);
  const digits = text.length === 3 ? text.replace(/./g, '$&$&') : text;
  const value = Number.parseInt(digits, 16);
  return { r: value >> 16, g: (value >> 8) & 0xff, b: value & 0xff };
}

/** One channel of a colour in decimal: digits only, 0 to 255. */
export function parseColourChannel(name: OptionName, text: string): number {
  if (!/^\d+$/.test(text) || Number(text) > 255) throw invalidUrl(`${name}: "${text}" is not within 0 and 255`);
  return Number(text);
}

/** Throws unless there are at most `max` arguments. */
export function assertArgumentCount(name: OptionName, args: readonly string[], max: number): void {
  if (args.length > max) throw invalidUrl(`${name} takes at most ${max} arguments, not ${args.length}`);
}

/** The only argument of an option that takes exactly one. */
export function onlyArgument(name: OptionName, args: readonly [string, ...string[]]): string {
  assertArgumentCount(name, args, 1);
  return args[0];
}
