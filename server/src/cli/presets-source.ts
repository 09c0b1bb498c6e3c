import { readFile, stat } from 'node:fs/promises';
import { maxPresetsFileBytes } from '../images/preset-store.ts';
import { holdsCredentials } from '../settings.ts';
import { CommandError } from './exit-codes.ts';

const fetchTimeoutMs = 10_000;

/** The document cannot be had. */
export class PresetsSourceError extends CommandError {
  /** There is no such file, as opposed to one that cannot be read. */
  readonly missing: boolean;

  constructor(message: string, missing = false) {
    super(message);
    this.missing = missing;
  }
}

function isWebAddress(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

/** A JSON document from a file or an http(s) address. @throws PresetsSourceError */
export async function readPresetsDocument(source: string): Promise<unknown> {
  const bytes = isWebAddress(source) ? await fetchBytes(source) : await readBytes(source);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new PresetsSourceError(`${source} is not valid JSON in UTF-8: ${messageOf(error)}.`);
  }
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(file);
    if (size > maxPresetsFileBytes) throw tooLarge(file);
    return await readFile(file);
  } catch (error) {
    if (error instanceof PresetsSourceError) throw error;
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new PresetsSourceError(
      missing ? `There is no file ${file}.` : `${file} cannot be read: ${messageOf(error)}.`,
      missing,
    );
  }
}

async function fetchBytes(address: string): Promise<Uint8Array> {
  if (holdsCredentials(address)) throw new PresetsSourceError('An address must hold no user name and no password.');
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(fetchTimeoutMs) });
    if (!response.ok) throw new PresetsSourceError(`${address} answers ${response.status}.`);
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > maxPresetsFileBytes) throw tooLarge(address);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof PresetsSourceError) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new PresetsSourceError(`${address} does not answer: ${messageOf(cause)}.`);
  }
}

function tooLarge(source: string): PresetsSourceError {
  return new PresetsSourceError(`${source} is too large; at most ${maxPresetsFileBytes} bytes are read.`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
