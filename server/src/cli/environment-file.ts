import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError } from '../config.ts';

const wanted = 'it must be a text file in UTF-8, of lines such as PORT=5001';

/** Adds the settings of a `.env` file; what the environment already says wins. No file is fine. @throws ConfigError */
export function loadEnvironmentFile(file: string, environment: Record<string, string | undefined>): void {
  const bytes = readIfThere(file);
  if (bytes === null) return;
  // `process.loadEnvFile` reads any bytes, and takes a file in UTF-16 for an empty one.
  for (const [name, value] of Object.entries(parseEnv(decode(bytes, file)))) environment[name] ??= value;
}

function readIfThere(file: string): Uint8Array | null {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return null;
    throw new ConfigError([`${file} cannot be read (${String(code)}): ${wanted}`]);
  }
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Said below; the decoder's own words say no more.
  }
  throw new ConfigError([`${file} is not readable text: ${wanted}`]);
}
