import { createHash } from 'node:crypto';
import { createReadStream, type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type CompiledPreset, compilePreset, type ImgproxyEdition } from '@kuanary/shared/imgproxy-options';
import { documentedPresets, PresetsError, parsePresets } from '@kuanary/shared/presets';

/** Largest presets file that is read, in bytes. */
export const maxPresetsFileBytes = 256 * 1024;
/** How often the file is looked at where no event tells of a change (bind mounts, network file systems). */
const defaultPollIntervalMs = 5000;
/** A file that ends in the middle may be one that is being written: it is read again before it is called invalid. */
const tornReadRetries = 3;
const tornReadRetryMs = 100;
/** Editors cause several events per save; one reading answers them all. */
const watchDelayMs = 50;

/** One whole, valid set of presets. It never changes; an edit of the file replaces it by another. */
export interface LoadedPresets {
  /** JSON text answered by `GET /presets`: exactly the document. */
  body: string;
  /** Strong, quotes included. */
  etag: string;
  names: readonly string[];
  compiled: ReadonlyMap<string, CompiledPreset>;
  warnings: readonly string[];
}

/** The presets in force. The newest valid document counts, whatever happens to the file afterwards. */
export interface PresetStore {
  current(): LoadedPresets;
  /** Why the newest edit of the file was refused, or null. */
  problem(): string | null;
  /** Looks at the file now. Never rejects: a refused edit is a `problem()`. */
  reload(): Promise<void>;
  close(): void;
}

interface Log {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

function loadDocument(document: unknown, edition: ImgproxyEdition): LoadedPresets {
  const parsed = parsePresets(document);
  const compiled = new Map<string, CompiledPreset>();
  const problems: string[] = [];
  for (const [name, preset] of parsed.presets) {
    try {
      compiled.set(name, compilePreset(preset, edition));
    } catch (error) {
      if (!(error instanceof PresetsError)) throw error;
      problems.push(...error.problems.map((problem) => `Preset "${name}", ${problem}`));
    }
  }
  if (problems.length > 0) throw new PresetsError(problems);
  const body = JSON.stringify(parsed.document);
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  return { body, etag, names: [...compiled.keys()], compiled, warnings: parsed.warnings };
}

/** @returns undefined if there is no such file. @throws {PresetsError} if it cannot be read or is too large. */
async function readBytes(file: string): Promise<Buffer | undefined> {
  try {
    // Asked before opening, because opening a pipe would wait for its other end.
    if (!(await stat(file)).isFile()) throw new PresetsError([`${file} is not a regular file.`]);
    const chunks: Buffer[] = [];
    for await (const chunk of createReadStream(file, { end: maxPresetsFileBytes })) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    if (bytes.length <= maxPresetsFileBytes) return bytes;
    throw new PresetsError([`${file} is too large; at most ${maxPresetsFileBytes} bytes are read.`]);
  } catch (error) {
    if (error instanceof PresetsError) throw error;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new PresetsError([`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`]);
  }
}

/** Reads and parses; a file that is cut off gets the time to be written to its end. */
async function readDocument(file: string): Promise<{ bytes: Buffer; document: unknown } | undefined> {
  for (let retriesLeft = tornReadRetries; ; retriesLeft--) {
    const bytes = await readBytes(file);
    if (bytes === undefined) return undefined;
    try {
      return { bytes, document: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) };
    } catch (error) {
      if (retriesLeft === 0) throw new PresetsError([`${file} is not valid JSON in UTF-8: ${String(error)}.`]);
    }
    await wait(tornReadRetryMs);
  }
}

/** Calls `onChange` soon after events in the directory, and every so often in case there are none. */
function watchForChanges(directory: string, pollIntervalMs: number, onChange: () => void, log: Log): () => void {
  let watcher: FSWatcher | undefined;
  let pending: NodeJS.Timeout | undefined;
  let reported = false;
  const stopWatching = (error: unknown) => {
    watcher?.close();
    watcher = undefined;
    if (!reported)
      log.warn({ directory, err: error }, 'the presets directory cannot be watched; edits are found by polling');
    reported = true;
  };
  const changed = () => {
    pending ??= setTimeout(() => {
      pending = undefined;
      onChange();
    }, watchDelayMs).unref();
  };
  const startWatching = () => {
    try {
      // The directory, not the file: a watch on a file ends with the first rename over it.
      watcher ??= watch(directory, { persistent: false }, changed).on('error', stopWatching);
    } catch (error) {
      stopWatching(error);
    }
  };
  startWatching();
  const polling = setInterval(() => {
    startWatching();
    onChange();
  }, pollIntervalMs).unref();
  return () => {
    watcher?.close();
    clearTimeout(pending);
    clearInterval(polling);
  };
}

/** At most one run at a time; a call during a run gets one that starts after it, so that it sees the newest state. */
function oneAtATime(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let following: Promise<void> | undefined;
  const start = (): Promise<void> => {
    running = run().finally(() => {
      running = undefined;
    });
    return running;
  };
  return () => {
    if (running === undefined) return start();
    following ??= running.then(() => {
      following = undefined;
      return start();
    });
    return following;
  };
}

/**
 * Loads the presets file and keeps up with its edits: read, parse, validate, then replace the whole set at once.
 * Without a file the documented presets apply, until there is one.
 *
 * @throws {PresetsError} if there is a file and it is not valid now.
 */
export async function createPresetStore(options: {
  file: string;
  edition: ImgproxyEdition;
  log: Log;
  pollIntervalMs?: number;
}): Promise<PresetStore> {
  const { file, edition, log } = options;
  let read = await readDocument(file);
  let everRead = read !== undefined;
  let current = loadDocument(read?.document ?? documentedPresets, edition);
  let problem: string | null = null;
  if (!everRead)
    log.warn(
      { file },
      'there is no presets file; the documented presets apply. For a copy to edit, save the answer of GET /presets there',
    );
  for (const warning of current.warnings) log.warn({ file }, warning);

  const look = async () => {
    try {
      const found = await readDocument(file);
      if (found === undefined) {
        if (everRead) throw new PresetsError([`${file} is gone.`]);
        problem = null;
        return;
      }
      if (problem === null && read?.bytes.equals(found.bytes)) return;
      current = loadDocument(found.document, edition);
      read = found;
      everRead = true;
      problem = null;
      log.info({ file, presets: current.names }, 'presets loaded');
      for (const warning of current.warnings) log.warn({ file }, warning);
    } catch (error) {
      const problems = error instanceof PresetsError ? error.problems : [String(error)];
      const sentence = problems.join(' ');
      if (sentence === problem) return;
      problem = sentence;
      log.error({ file, problems }, 'the presets file is refused; the presets before it stay in force');
    }
  };
  const reload = oneAtATime(look);
  const pollIntervalMs = options.pollIntervalMs ?? defaultPollIntervalMs;
  const close = watchForChanges(dirname(file), pollIntervalMs, () => void reload(), log);
  return { current: () => current, problem: () => problem, reload, close };
}
