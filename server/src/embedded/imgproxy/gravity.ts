import { invalidUrl } from './imgproxy-error.ts';
import { parseFloatingPoint } from './option-arguments.ts';

const compassGravities = ['ce', 'no', 'ea', 'so', 'we', 'nowe', 'noea', 'sowe', 'soea'] as const;

/** A point of the compass, `fp` (focal point) or `sm` (the most interesting region). */
export type GravityType = (typeof compassGravities)[number] | 'fp' | 'sm';

/**
 * Which part of a picture to keep. For the compass `x` and `y` are offsets: in pixels from 1 on, below that a share of
 * the side. For `fp` they are the focal point, 0 to 1.
 */
export interface Gravity {
  type: GravityType;
  x: number;
  y: number;
}

export const centre: Readonly<Gravity> = { type: 'ce', x: 0, y: 0 };

/**
 * Reads `type[:x[:y]]` over a gravity that was set before: offsets that are not given stay as they were, which is
 * imgproxy's behaviour. Extending takes no `sm`.
 */
export function parseGravity(name: string, args: readonly string[], before: Gravity, allowSmart: boolean): Gravity {
  const type = parseGravityType(name, args[0] ?? '', allowSmart);
  if (type === 'sm') {
    if (args.length > 1) throw invalidUrl(`${name}: sm takes no offsets`);
    return { type, x: 0, y: 0 };
  }
  if (type === 'fp' && args.length !== 3) throw invalidUrl(`${name}: fp needs x and y`);
  if (args.length > 3) throw invalidUrl(`${name}: a gravity takes two offsets at most`);
  return { type, x: parseOffset(name, type, args[1], before.x), y: parseOffset(name, type, args[2], before.y) };
}

function parseGravityType(name: string, text: string, allowSmart: boolean): GravityType {
  const allowed: readonly GravityType[] = [...compassGravities, 'fp', ...(allowSmart ? (['sm'] as const) : [])];
  const type = allowed.find((candidate) => candidate === text);
  if (type === undefined) throw invalidUrl(`${name}: "${text}" is none of ${allowed.join(', ')}`);
  return type;
}

function parseOffset(name: string, type: GravityType, text: string | undefined, before: number): number {
  if (text === undefined || text === '') return before;
  const offset = parseFloatingPoint(name, text);
  if (type === 'fp' && !(offset >= 0 && offset <= 1)) throw invalidUrl(`${name}: ${text} is not within 0 and 1`);
  return offset;
}
