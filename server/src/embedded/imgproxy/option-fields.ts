import { onlyArgument, parseBoolean, parseIntegerWithin } from './option-arguments.ts';
import type { ProcessingOptions } from './processing-options.ts';

/** The arguments of an option: there is at least one, and it may be empty. */
export type Arguments = readonly [string, ...string[]];
/** Writes the arguments of the option `name` into `options`, or throws. */
export type Apply = (options: ProcessingOptions, args: Arguments, name: string) => void;
export type FieldsOfType<T> = {
  [Key in keyof ProcessingOptions]: ProcessingOptions[Key] extends T ? Key : never;
}[keyof ProcessingOptions];

/** An option that sets one field to a boolean. */
export const boolean =
  (field: FieldsOfType<boolean>): Apply =>
  (options, args, name) => {
    options[field] = parseBoolean(onlyArgument(name, args));
  };

/** An option that sets one field to a number. */
export const number =
  (field: FieldsOfType<number>, parse: (name: string, text: string) => number): Apply =>
  (options, args, name) => {
    options[field] = parse(name, onlyArgument(name, args));
  };

export const wholeFromZero = (name: string, text: string): number => parseIntegerWithin(name, text, 0);
export const percentage = (name: string, text: string): number => parseIntegerWithin(name, text, 0, 100);

/** Applies one argument where it is there and not empty. */
export const optional = (arg: string | undefined, apply: (text: string) => void): void => {
  if (arg !== undefined && arg !== '') apply(arg);
};
