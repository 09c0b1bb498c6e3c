import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { documentedPresets, PresetsError } from '@kuanary/shared/presets';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPresetStore, maxPresetsFileBytes, type PresetStore } from './preset-store.ts';

/** Stands in for the time between two readings of a file that is cut off: what happens there is up to the test. */
const betweenReadings = vi.hoisted(() => vi.fn<(milliseconds: number) => Promise<void>>());
vi.mock('node:timers/promises', () => ({ setTimeout: betweenReadings }));

let directory: string;
let file: string;
let store: PresetStore | undefined;
const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'presets-'));
  file = join(directory, 'presets.json');
  vi.resetAllMocks();
});

afterEach(async () => {
  store?.close();
  store = undefined;
  await rm(directory, { recursive: true, force: true });
});

const write = (document: unknown) => writeFile(file, JSON.stringify(document));

/** A store that looks at the file when told to; events of the directory come on top. */
async function open(options: { edition?: 'oss' | 'pro'; pollIntervalMs?: number } = {}): Promise<PresetStore> {
  store = await createPresetStore({ file, edition: 'oss', log, pollIntervalMs: 3_600_000, ...options });
  return store;
}

async function problemsAtStart(): Promise<string[]> {
  const error: unknown = await open().catch((reason: unknown) => reason);
  if (error instanceof PresetsError) return error.problems;
  throw new Error('it started', { cause: error });
}

describe('createPresetStore', () => {
  it('compiles the file', async () => {
    await writeFile(file, '{\n  "a": {"width": 100,   "future": 1},\n  "b": {}\n}\n');
    const presets = (await open()).current();
    expect(presets.names).toEqual(['a', 'b']);
    expect(presets.compiled.get('a')).toEqual({ prefix: '/rs:fit:100:0/plain/', responsive: [] });
    expect(JSON.parse(presets.body)).toEqual({ a: { width: 100, future: 1 }, b: {} });
    expect(presets.etag).toMatch(/^"[\w-]{43}"$/);
    expect(presets.warnings).toEqual([expect.stringContaining('"future"')]);
    expect(log.warn).toHaveBeenCalledWith({ file }, expect.stringContaining('"future"'));
    expect(store?.problem()).toBeNull();
  });

  it('takes the documented presets and warns where there is no file, and the file once there is one', async () => {
    const presets = await open();
    expect(JSON.parse(presets.current().body)).toEqual(documentedPresets);
    expect(log.warn).toHaveBeenCalledWith({ file }, expect.stringContaining('no presets file'));
    await presets.reload();
    expect(presets.problem()).toBeNull();
    await write({ a: {} });
    await presets.reload();
    expect(presets.current().names).toEqual(['a']);
  });

  it.each([
    ['{"a": {"width": 0}}', 'Preset "a", field "width": 0'],
    ['{"__proto__": {}}', 'Preset "__proto__"'],
    ['{"a": {"options": "br:10"}}', 'Preset "a", field "options": "br:10" exists in imgproxy Pro only'],
    ['{"a": {"width": 1', 'not valid JSON'],
    ['', 'not valid JSON'],
    ['\ufffe', 'not valid JSON'],
    [`{"a": ${' '.repeat(maxPresetsFileBytes)}{}}`, 'too large; at most 262144 bytes'],
  ])('does not start with %j', async (text, problem) => {
    await writeFile(file, text);
    expect(await problemsAtStart()).toEqual([expect.stringContaining(problem)]);
  });

  it('does not start with bytes that are no UTF-8, a directory or a symlink loop', async () => {
    await writeFile(file, Buffer.from([0x7b, 0xff, 0x7d]));
    expect(await problemsAtStart()).toEqual([expect.stringContaining('not valid JSON in UTF-8')]);
    await rm(file);
    await mkdir(file);
    expect(await problemsAtStart()).toEqual([expect.stringContaining('not a regular file')]);
    await rm(file, { recursive: true });
    await symlink(file, file);
    expect(await problemsAtStart()).toEqual([expect.stringMatching(/cannot be read: ELOOP/)]);
  });

  it('takes options of Pro for Pro, and a file as large as the limit', async () => {
    const start = '{"a": {"options": "br:10"}';
    await writeFile(file, `${start}${' '.repeat(maxPresetsFileBytes - start.length - 1)}}`);
    expect((await open({ edition: 'pro' })).current().compiled.get('a')?.prefix).toBe('/rs:fit:0:0/br:10/plain/');
  });

  it('takes a file with a byte order mark', async () => {
    await writeFile(file, '\ufeff{"a": {}}');
    expect((await open()).current().body).toBe('{"a":{}}');
  });
});

describe('an edit of the presets file', () => {
  it('replaces the whole set, and the set in use before stays as it was', async () => {
    await write({ a: { width: 1 }, b: {} });
    const presets = await open();
    const before = presets.current();
    await write({ a: { width: 2 } });
    await presets.reload();
    expect(presets.current().compiled.get('a')?.prefix).toBe('/rs:fit:2:0/plain/');
    expect(presets.current().names).toEqual(['a']);
    expect(presets.current().etag).not.toBe(before.etag);
    expect(before.names).toEqual(['a', 'b']);
    expect(before.compiled.get('a')?.prefix).toBe('/rs:fit:1:0/plain/');
  });

  it('keeps the very same set while the file stays the same', async () => {
    await write({ a: {} });
    const presets = await open();
    const before = presets.current();
    await presets.reload();
    expect(presets.current()).toBe(before);
    expect(log.info).not.toHaveBeenCalled();
  });

  it.each([
    ['a wrong value', '{"a": {"width": -1}}', /Preset "a", field "width": -1/],
    ['one wrong preset beside good ones', '{"a": {}, "c": {"quality": 101}}', /Preset "c", field "quality"/],
    ['half a file', '{"a": {"wid', /not valid JSON/],
    ['too many bytes', ' '.repeat(maxPresetsFileBytes + 1), /too large/],
  ])('is refused with %s; the set before stays, and a good edit mends it', async (_, text, problem) => {
    await write({ a: { width: 1 } });
    const presets = await open();
    const before = presets.current();
    await writeFile(file, text);
    await presets.reload();
    expect(presets.current()).toBe(before);
    expect(presets.problem()).toMatch(problem);
    expect(log.error).toHaveBeenCalledTimes(1);
    await presets.reload();
    expect(log.error).toHaveBeenCalledTimes(1);

    await write({ a: { width: 1 } });
    await presets.reload();
    expect(presets.problem()).toBeNull();
    expect(presets.current().body).toBe(before.body);
    await write({ b: {} });
    await presets.reload();
    expect(presets.current().names).toEqual(['b']);
  });

  it('that deletes the file changes nothing but problem()', async () => {
    await write({ a: {} });
    const presets = await open();
    await rm(file);
    await presets.reload();
    expect(presets.current().names).toEqual(['a']);
    expect(presets.problem()).toMatch(/is gone/);
    await write({ a: {} });
    await presets.reload();
    expect(presets.problem()).toBeNull();
  });

  it('that makes the file unreadable changes nothing but problem(), until the same file can be read again', async () => {
    await write({ a: {} });
    const presets = await open();
    await rm(file);
    await symlink(file, file);
    await presets.reload();
    expect(presets.current().names).toEqual(['a']);
    expect(presets.problem()).toMatch(/cannot be read: ELOOP/);
    await rm(file);
    await write({ a: {} });
    await presets.reload();
    expect(presets.problem()).toBeNull();
  });

  it('survives a directory, and a missing directory, in place of the file', async () => {
    await write({ a: {} });
    const presets = await open();
    await rm(file);
    await mkdir(file);
    await presets.reload();
    expect(presets.problem()).toMatch(/not a regular file/);
    await rm(directory, { recursive: true });
    await presets.reload();
    expect(presets.problem()).toMatch(/is gone/);
    expect(presets.current().names).toEqual(['a']);
  });

  it('is waited for when it is caught half written', async () => {
    await write({ a: {} });
    const presets = await open();
    await writeFile(file, '{"b": {"wi');
    betweenReadings.mockImplementationOnce(() => writeFile(file, '{"b": {"width":'));
    betweenReadings.mockImplementationOnce(() => writeFile(file, '{"b": {"width": 5}}'));
    await presets.reload();
    expect(presets.problem()).toBeNull();
    expect(presets.current().compiled.get('b')?.prefix).toBe('/rs:fit:5:0/plain/');
    expect(log.error).not.toHaveBeenCalled();
  });

  it('is called invalid after three more readings, 100 ms apart', async () => {
    await write({ a: {} });
    const presets = await open();
    betweenReadings.mockReset();
    presets.close();
    await writeFile(file, '{"b": {"wi');
    await presets.reload();
    expect(betweenReadings.mock.calls).toEqual([[100], [100], [100]]);
    expect(presets.problem()).toMatch(/not valid JSON/);
  });

  it('is seen by every reload() that is called after it', async () => {
    await write({ a: {} });
    const presets = await open();
    const early = presets.reload();
    await write({ b: {} });
    await Promise.all([early, presets.reload(), presets.reload()]);
    expect(presets.current().names).toEqual(['b']);
  });

  it('is picked up by itself, also after several renames over the file', async () => {
    await write({ a: {} });
    const presets = await open();
    for (const name of ['b', 'c', 'd']) {
      await writeFile(`${file}.new`, JSON.stringify({ [name]: {} }));
      await rename(`${file}.new`, file);
      await vi.waitFor(() => expect(presets.current().names).toEqual([name]), { timeout: 5000, interval: 5 });
    }
  });

  it('is picked up by polling where events are lost', async () => {
    const elsewhere = join(directory, 'real');
    await mkdir(elsewhere);
    await writeFile(join(elsewhere, 'presets.json'), '{"a": {}}');
    await symlink(join(elsewhere, 'presets.json'), file);
    const presets = await open({ pollIntervalMs: 10 });
    await writeFile(join(elsewhere, 'presets.json'), '{"b": {}}');
    await vi.waitFor(() => expect(presets.current().names).toEqual(['b']), { timeout: 5000, interval: 5 });
  });

  it('is ignored after close()', async () => {
    await write({ a: {} });
    const presets = await open({ pollIntervalMs: 5 });
    presets.close();
    await write({ b: {} });
    const other = await createPresetStore({ file, edition: 'oss', log, pollIntervalMs: 5 });
    await write({ c: {} });
    await vi.waitFor(() => expect(other.current().names).toEqual(['c']), { timeout: 5000, interval: 5 });
    other.close();
    expect(presets.current().names).toEqual(['a']);
  });
});
