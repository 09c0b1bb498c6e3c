import { z } from 'zod';
import { maxSidePixels } from './imgproxy-option-arguments.ts';
import { parseOptions } from './imgproxy-option-grammar.ts';
import { presetFields } from './preset-fields.ts';

/** Most presets in one document: as many as `POST /complete` can be asked for. */
export const maxPresets = 100;

/** Names of presets stand in addresses. What every JavaScript object has by nature is no name either. */
export const presetNamePattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const reservedNames: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));
/** Editors look here for the schema of a JSON document; it is no preset. */
const schemaKey = '$schema';

/** One preset: what is made of a picture. Fields that are left out do nothing. */
const AnyPreset = z.object(presetFields).partial();
export type Preset = z.infer<typeof AnyPreset>;
export const Preset = AnyPreset.superRefine(checkTogether);

/** A presets document, or a preset, that cannot be used. Each problem is one sentence naming the preset and the field. */
export class PresetsError extends Error {
  readonly problems: string[];

  constructor(problems: string[]) {
    super(problems.join('\n'));
    this.name = 'PresetsError';
    this.problems = problems;
  }
}

/** A valid document. `warnings` are sentences about what is accepted but will surprise somebody. */
export interface ParsedPresets {
  presets: ReadonlyMap<string, Preset>;
  /** Exactly as it was given, for `GET /presets`. */
  document: Record<string, unknown>;
  warnings: string[];
}

/** The presets that the documentation names; they apply where there is no presets file. */
export const documentedPresets: Record<string, unknown> = {
  thumbnail: { resize: 'fit', width: 300, height: 300, format: 'webp', quality: 80 },
  hero: { resize: 'fill', width: 1920, height: 1080, format: 'webp', quality: 85 },
  'og-image': { resize: 'fill', width: 1200, height: 630, format: 'jpeg', quality: 85 },
  avatar: { resize: 'fill', width: 200, height: 200, format: 'webp', quality: 80, crop: 'face' },
} satisfies Record<string, Preset>;

/**
 * The box of a preset in pixels, before `dpr`. A preset with `widths` but no `width` is as wide as the widest of them.
 *
 * @param width one of `widths`: the box for that width, the height in proportion.
 */
export function presetSides(preset: Preset, width?: number): { width: number | undefined; height: number | undefined } {
  const fullWidth = preset.width ?? (preset.widths && Math.max(...preset.widths));
  if (width === undefined || fullWidth === undefined || preset.height === undefined) {
    return { width: width ?? fullWidth, height: preset.height };
  }
  return { width, height: Math.max(1, Math.round((preset.height * width) / fullWidth)) };
}

type Report = (field: keyof Preset, message: string) => void;

function checkTogether(preset: Preset, context: z.RefinementCtx): void {
  // A field that is wrong by itself has been reported; what it does to others is no further mistake.
  if (context.issues.length > 0) return;
  const report: Report = (field, message) => context.addIssue({ code: 'custom', path: [field], message });
  checkFaceCrop(preset, report);
  checkResultSize(preset, report);
  checkOptions(preset, report);
  if (preset.cropArea?.gravity !== undefined && (preset.cropArea.x ?? preset.cropArea.y) !== undefined) {
    report('cropArea', 'says where twice; keep either "x" and "y" or "gravity"');
  }
}

function checkFaceCrop(preset: Preset, report: Report): void {
  if (preset.crop === undefined) return;
  if (preset.resize !== undefined && preset.resize !== 'fill' && preset.resize !== 'fill-down') {
    report('crop', `"face" needs "resize": "fill" (or "fill-down"), because "${preset.resize}" cuts nothing off`);
  }
  const sides = presetSides(preset);
  if (sides.width === undefined || sides.height === undefined) report('crop', '"face" needs both "width" and "height"');
  if (preset.gravity !== undefined)
    report('gravity', 'says what is kept, and so does "crop": "face"; keep one of them');
}

function checkResultSize(preset: Preset, report: Report): void {
  const dpr = preset.dpr ?? 1;
  const widest = presetSides(preset, preset.widths && Math.max(...preset.widths));
  const sides = [widest.width, widest.height, preset.width, preset.height, preset.minWidth, preset.minHeight];
  const largest = Math.max(0, ...sides.filter((side) => side !== undefined)) * dpr;
  if (largest <= maxSidePixels) return;
  const field = dpr > 1 ? 'dpr' : 'widths';
  report(field, `makes a side of ${Math.round(largest)} pixels; at most ${maxSidePixels} are allowed, dpr included`);
}

function checkOptions(preset: Preset, report: Report): void {
  if (preset.options === undefined) return;
  for (const { name, args, fields } of parseOptions(preset.options).segments) {
    const field = fields.find((candidate) => preset[candidate] !== undefined);
    if (field !== undefined) report('options', `sets "${name}", and so does the field "${field}"; keep one of them`);
    if (name !== 'sm') continue;
    if (args[0] === '1' && preset.keepMetadata) report('options', '"sm:1" contradicts "keepMetadata": true');
    if (args[0] === '0' && !preset.keepMetadata) {
      report(
        'options',
        '"sm:0" serves the metadata of originals (place, camera); if you want that, write "keepMetadata": true',
      );
    }
  }
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasProtoKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(hasProtoKey);
}

function issueToProblem(name: string, preset: Record<string, unknown>, issue: z.core.$ZodIssue): string {
  const field = String(issue.path[0]);
  const where = `Preset "${name}", field "${field}"`;
  if (issue.code === 'custom' && issue.message !== 'Invalid input') return `${where}: ${issue.message}.`;
  const shape: Readonly<Record<string, z.ZodType>> = presetFields;
  return `${where}: ${show(preset[field])} is not allowed. Allowed: ${shape[field]?.description}.`;
}

function normalised(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '');
}

function warningsOf(name: string, raw: Record<string, unknown>, preset: Preset): string[] {
  const known = Object.keys(presetFields);
  const warnings = Object.keys(raw)
    .filter((key) => !known.includes(key))
    .map((key) => {
      const meant = known.find((field) => normalised(field) === normalised(key));
      return `Preset "${name}": the field ${show(key)} is unknown and does nothing${meant ? `; did you mean "${meant}"?` : '.'}`;
    });
  if (preset.format === 'auto') {
    warnings.push(
      `Preset "${name}": with "format": "auto" imgproxy chooses. Set IMGPROXY_AUTO_WEBP=true and IMGPROXY_AUTO_AVIF=true there, and have the CDN keep one copy per Accept header.`,
    );
  }
  const cuts = preset.resize === 'fill' || preset.resize === 'fill-down' || preset.resize === 'auto';
  if (preset.gravity !== undefined && !cuts && preset.cropArea === undefined) {
    warnings.push(
      `Preset "${name}": "gravity" does nothing with "resize": "${preset.resize ?? 'fit'}", which cuts nothing off.`,
    );
  }
  return warnings;
}

/**
 * Reads a whole presets document, `{name: preset}`, already parsed from JSON. Unknown fields are warnings, so that
 * files of older versions keep working; wrong values are errors.
 *
 * @throws {PresetsError} with every problem there is.
 */
export function parsePresets(document: unknown): ParsedPresets {
  if (!isRecord(document)) {
    throw new PresetsError([`The presets document must be an object of presets by name, not ${show(document)}.`]);
  }
  const presets = new Map<string, Preset>();
  const problems: string[] = [];
  const warnings: string[] = [];
  const entries = Object.entries(document).filter(([name, value]) => name !== schemaKey || typeof value !== 'string');
  if (entries.length === 0) problems.push('The presets document has no preset; at least one is needed.');
  if (entries.length > maxPresets)
    problems.push(`The document has ${entries.length} presets; at most ${maxPresets} are allowed.`);
  for (const [name, raw] of entries) {
    if (!presetNamePattern.test(name) || reservedNames.has(name)) {
      problems.push(
        `Preset ${show(name)}: the name is not allowed. Allowed: 1 to 64 of A-Z a-z 0-9 _ -, beginning with a letter or digit, and none of ${[...reservedNames].join(', ')}.`,
      );
    } else if (!isRecord(raw)) {
      problems.push(`Preset "${name}" must be an object of fields, not ${show(raw)}.`);
    } else if (hasProtoKey(raw)) {
      problems.push(`Preset "${name}": a field called "__proto__" is not allowed.`);
    } else {
      const result = Preset.safeParse(raw);
      if (result.success) {
        presets.set(name, result.data);
        warnings.push(...warningsOf(name, raw, result.data));
      } else problems.push(...result.error.issues.map((issue) => issueToProblem(name, raw, issue)));
    }
  }
  if (problems.length > 0) throw new PresetsError(problems);
  return { presets, document, warnings };
}

/** The JSON schema of a presets document, for editors. What two fields may not be together, it cannot say. */
export function presetsJsonSchema(): object {
  const { $schema, ...preset } = z.toJSONSchema(Preset);
  return {
    $schema,
    title: 'Kuanary presets',
    description: 'Image presets by name, compiled into imgproxy URLs.',
    type: 'object',
    minProperties: 1,
    properties: { [schemaKey]: { type: 'string' } },
    propertyNames: {
      anyOf: [{ const: schemaKey }, { pattern: presetNamePattern.source, not: { enum: [...reservedNames] } }],
    },
    additionalProperties: preset,
  };
}
