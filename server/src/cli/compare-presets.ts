import type { CompiledPreset } from '@kuanary/shared/imgproxy-options';

/** What becomes of the URLs of one preset. */
export interface PresetDifference {
  preset: string;
  /** `invalid`: it has a problem here, so its URLs are not known. */
  change: 'unchanged' | 'changed' | 'new' | 'removed' | 'invalid';
  /** imgproxy options of the URLs there were, the one of each of `widths` after the main one. */
  before?: string[];
  after?: string[];
}

/** @param names all presets of the new document, those with problems included */
export function comparePresets(
  now: ReadonlyMap<string, CompiledPreset>,
  other: ReadonlyMap<string, CompiledPreset>,
  names: readonly string[],
): PresetDifference[] {
  const kept = names.map((preset): PresetDifference => {
    const [after, before] = [optionsOf(now.get(preset)), optionsOf(other.get(preset))];
    if (after === null) return { preset, change: 'invalid' };
    if (before === null) return { preset, change: 'new', after };
    const same = before.join(' ') === after.join(' ');
    return same ? { preset, change: 'unchanged' } : { preset, change: 'changed', before, after };
  });
  const removed = [...other.keys()].filter((preset) => !names.includes(preset));
  return [
    ...kept,
    ...removed.map((preset): PresetDifference => {
      const before = optionsOf(other.get(preset));
      return { preset, change: 'removed', ...(before === null ? {} : { before }) };
    }),
  ];
}

/** Every distinct set of options that the preset's URLs have. */
function optionsOf(preset: CompiledPreset | undefined): string[] | null {
  if (preset === undefined) return null;
  const prefixes = [preset.prefix, ...preset.responsive.map(({ prefix }) => prefix)];
  return [...new Set(prefixes.map((prefix) => prefix.replace(/^\/|\/plain\/$/g, '')))];
}
