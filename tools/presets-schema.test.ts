import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { documentedPresets, parsePresets } from '../shared/src/presets.ts';
import { presetsSchemaFile, presetsSchemaText } from './write-presets-schema.ts';

describe('data/presets.schema.json', () => {
  it('is what `pnpm schema` writes', () => {
    expect(readFileSync(presetsSchemaFile, 'utf8')).toBe(presetsSchemaText());
  });

  it('knows every documented field by its sentence', () => {
    const { additionalProperties } = JSON.parse(presetsSchemaText());
    expect(additionalProperties.properties.crop).toMatchObject({ const: 'face' });
    expect(additionalProperties.properties.quality).toMatchObject({ minimum: 1, maximum: 100 });
    expect(additionalProperties.additionalProperties).toBe(false);
  });
});

describe('data/presets.json', () => {
  const shipped: unknown = JSON.parse(readFileSync(new URL('../data/presets.json', import.meta.url), 'utf8'));

  it('ships exactly the documented presets', () => {
    expect(shipped).toEqual(documentedPresets);
  });

  it('is valid without a warning', () => {
    expect(parsePresets(shipped).warnings).toEqual([]);
  });
});
