import { type Argument, type Arguments, oneOf, positional, token } from './imgproxy-option-arguments.ts';
import { maxProArguments, type OptionField, openSourceRules, proNames, refusedNames } from './imgproxy-option-rules.ts';

/** One option in canonical form. `pro`: only imgproxy Pro knows it. `fields`: the preset fields that say the same. */
export interface OptionSegment {
  name: string;
  args: readonly string[];
  pro: boolean;
  fields: readonly OptionField[];
}

interface KnownOption {
  name: string;
  args: Arguments;
  takes: string;
  fields: readonly OptionField[];
  pro: boolean;
}

const proArguments = positional(1, ...Array<Argument>(maxProArguments).fill(token));
const proArgumentsInWords = `1 to ${maxProArguments} arguments of A-Z a-z 0-9 . _ -`;
const objectGravity = positional(1, oneOf('obj', 'objw'), ...Array<Argument>(maxProArguments).fill(token));

const knownOptions: ReadonlyMap<string, KnownOption> = new Map(
  [
    ...openSourceRules.map(({ names, fields = [], args, takes }) => ({ names, fields, args, takes, pro: false })),
    ...proNames.map((names) => ({ names, fields: [], args: proArguments, takes: proArgumentsInWords, pro: true })),
  ].flatMap(({ names, ...option }) =>
    names.map((alias): [string, KnownOption] => [alias, { name: names[0], ...option }]),
  ),
);

/** The order in which options are written into a URL; `rs` and its relatives come first, Pro's before the format. */
const canonicalOrder: ReadonlyMap<string, number> = new Map(
  ['rs', 'mw', 'mh', 'dpr', ...openSourceRules.map(({ names }) => names[0]), ...proNames.map(([name]) => name)].map(
    (name, rank) => [name, rank] as const,
  ),
);

/** Segments in the one order that URLs have. */
export function inCanonicalOrder<Segment extends { name: string }>(segments: readonly Segment[]): Segment[] {
  return segments.toSorted((a, b) => (canonicalOrder.get(a.name) ?? 0) - (canonicalOrder.get(b.name) ?? 0));
}

function parseSegment(text: string): OptionSegment | string {
  const [alias = '', ...args] = text.split(':');
  const shown = JSON.stringify(text.slice(0, 80));
  if (text === '') return 'it has an empty option; write options with one "/" between them and none at the ends';
  const refused = refusedNames.get(alias);
  if (refused !== undefined) return `${shown} is not allowed: ${refused}`;
  const option = knownOptions.get(alias);
  if (option === undefined) {
    return `${shown} is not an imgproxy option that a preset can pass on; those are ${[...knownOptions.keys()].join(', ')}`;
  }
  const { name, takes, fields } = option;
  const canonical = option.args(args);
  if (canonical !== undefined) return { name, args: canonical, pro: option.pro, fields };
  const objects = name === 'g' ? objectGravity(args) : undefined;
  if (objects !== undefined) return { name, args: objects, pro: true, fields };
  return `${shown} is not allowed: "${alias}" takes ${takes}, separated by ":"`;
}

/**
 * Reads a preset's `options` ("pd:10/sh:0.5"). Every mistake becomes a sentence in `problems`; `segments` holds what
 * was understood, spelled canonically.
 */
export function parseOptions(text: string): { segments: OptionSegment[]; problems: string[] } {
  const segments: OptionSegment[] = [];
  const problems: string[] = [];
  for (const part of text.split('/')) {
    const parsed = parseSegment(part);
    if (typeof parsed === 'string') problems.push(parsed);
    else if (segments.some(({ name }) => name === parsed.name)) {
      problems.push(`${JSON.stringify(part)} sets "${parsed.name}" a second time; keep one of them`);
    } else segments.push(parsed);
  }
  return { segments, problems };
}
