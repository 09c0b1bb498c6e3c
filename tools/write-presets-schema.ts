import { writeFileSync } from 'node:fs';
import { presetsJsonSchema } from '../shared/src/presets.ts';

/** The text of `data/presets.schema.json`, made from the same zod schema that the server validates with. */
export function presetsSchemaText(): string {
  return `${JSON.stringify(presetsJsonSchema(), null, 2)}\n`;
}

export const presetsSchemaFile = new URL('../data/presets.schema.json', import.meta.url);

if (import.meta.filename === process.argv[1]) writeFileSync(presetsSchemaFile, presetsSchemaText());
