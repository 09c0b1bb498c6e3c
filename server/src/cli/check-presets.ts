import { type CompiledPreset, compilePreset, type ImgproxyEdition } from '@kuanary/shared/imgproxy-options';
import { Preset, PresetsError, parsePresets } from '@kuanary/shared/presets';

export interface CheckedPresets {
  /** All names in the document, in its order, valid or not. */
  names: string[];
  /** Sentences that name preset and field; empty: the document is good. */
  problems: string[];
  warnings: string[];
  /** Those that are valid. */
  compiled: Map<string, CompiledPreset>;
}

/** Every problem of a whole document at once: what the API refuses, and beyond that unknown fields. */
export function checkPresets(document: unknown, edition: ImgproxyEdition): CheckedPresets {
  const compiled = new Map<string, CompiledPreset>();
  const warnings: string[] = [];
  const names: string[] = [];
  const problems = new Set<string>();
  for (const [name, raw] of entriesOf(document)) {
    names.push(name);
    const found = [
      ...problemsOf(() => parsePresets({ [name]: raw })),
      ...findUnknownFields(name, raw),
      ...problemsOf(() => {
        const known = parsePresets({ [name]: withoutUnknownFields(raw) });
        warnings.push(...known.warnings);
        for (const preset of known.presets.values()) {
          const unavailable = problemsOf(() => compiled.set(name, compilePreset(preset, edition)));
          for (const problem of unavailable) problems.add(`Preset "${name}", ${problem}.`);
        }
      }),
    ];
    for (const problem of found) problems.add(problem);
  }
  // Last, what is wrong with the document as a whole; the rest of it has been said.
  for (const problem of problemsOf(() => parsePresets(document))) problems.add(problem);
  return { names, problems: [...problems], warnings, compiled };
}

function problemsOf(work: () => unknown): string[] {
  try {
    work();
    return [];
  } catch (error) {
    if (error instanceof PresetsError) return error.problems;
    throw error;
  }
}

function entriesOf(document: unknown): [name: string, raw: unknown][] {
  if (!isRecord(document)) return [];
  // As `parsePresets`: editors look there for the schema.
  return Object.entries(document).filter(([name, raw]) => name !== '$schema' || typeof raw !== 'string');
}

function findUnknownFields(name: string, raw: unknown): string[] {
  if (!isRecord(raw)) return [];
  const known = Object.keys(Preset.shape);
  return Object.keys(raw)
    .filter((field) => !known.includes(field) && field !== '__proto__')
    .map((field) => {
      const meant = known.find((candidate) => plain(candidate) === plain(field));
      const hint = meant === undefined ? `Allowed: ${known.join(', ')}.` : `Did you mean "${meant}"?`;
      return `Preset "${name}", field ${JSON.stringify(field.slice(0, 80))}: there is no such field. ${hint}`;
    });
}

function withoutUnknownFields(raw: unknown): unknown {
  if (!isRecord(raw)) return raw;
  return Object.fromEntries(Object.entries(raw).filter(([field]) => Object.hasOwn(Preset.shape, field)));
}

function plain(field: string): string {
  return field.toLowerCase().replace(/[-_]/g, '');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
