import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { allChecks } from '../../src/doctor/all-checks.ts';
import { DoctorDocument } from '../../src/doctor/report-json.ts';
import { type RecordingProxy, startRecordingProxy } from '../support/recording-proxy.ts';
import { assertNoSecret } from './assert-no-secret.ts';
import { type SetUp, startSetUp } from './diagnose.ts';

const command = fileURLToPath(new URL('../../src/cli/kuanary.ts', import.meta.url));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

describe('kuanary doctor', { timeout: 60_000 }, () => {
  let setUp: SetUp;
  let proxy: RecordingProxy;
  let child: ChildProcess | undefined;
  beforeAll(async () => {
    setUp = await startSetUp({
      frontOfStore: async (url) => {
        proxy = await startRecordingProxy(url);
        return proxy;
      },
    });
  });
  afterEach(() => {
    child?.kill('SIGKILL');
    proxy.reset();
  });
  afterAll(() => setUp.stop());

  /** In a folder without `.env`; nothing of this process's own settings gets through. */
  function run(args: string[], environment: Record<string, string> = {}) {
    const settings: Record<string, string> = { ...setUp.environment, ...environment };
    const started = spawn(
      process.execPath,
      ['--conditions=source', '--import', import.meta.resolve('tsx'), command, 'doctor', ...args],
      { cwd: setUp.folder, env: { PATH: process.env['PATH'], ...settings }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    child = started;
    const ended = Promise.all([text(started.stdout), text(started.stderr), once(started, 'exit')]).then(
      ([stdout, stderr, [code]]): Ended => {
        assertNoSecret(stdout + stderr, settings);
        return { code, stdout, stderr };
      },
    );
    return { started, ended };
  }

  it('prints a table without colours into a pipe, says what to do next, and exits with 0 when all is well', async () => {
    const { code, stdout } = await run([]).ended;
    expect(stdout).toMatch(/^✓ pass {2}The settings are complete/);
    expect(stdout).toMatch(
      /\n\n\d+ fine, 0 warnings, 0 failures\. The deployment is in order\. `kuanary doctor\s--deep`/,
    );
    expect(stdout).not.toContain('\u001b');
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(code).toBe(0);
    expect(await setUp.keys()).toEqual([]);
  });

  it('prints one JSON document for --json and nothing else, and exits with 1 when a check fails', async () => {
    const { code, stdout } = await run(['--json'], { S3_SECRET_KEY: 'another-secret-key-0123456789abcdef' }).ended;
    const document = DoctorDocument.parse(JSON.parse(stdout));
    expect(document).toMatchObject({ verdict: 'fail', interrupted: false, leftObjects: [] });
    expect(document.checks.map(({ id }) => id)).toEqual(allChecks.map(({ id }) => id));
    expect(document.checks.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id)).toEqual(['credentials']);
    expect(document.counts.fail).toBe(1);
    expect(code).toBe(1);
  });

  it('runs only what is asked for and what that needs', async () => {
    const { code, stdout } = await run(['--json', '--only', 'versioning']).ended;
    const { checks } = DoctorDocument.parse(JSON.parse(stdout));
    expect(checks.map(({ id }) => id)).toEqual(['configuration', 'storage-reachable', 'credentials', 'versioning']);
    expect(code).toBe(0);
  });

  it('reports a configuration that does not load as a failed check with all its mistakes, and exits with 78', async () => {
    const broken = { S3_REGION: '', S3_ENDPOINT: 'storage', API_KEYS: 'cms:short', MAX_UPLOAD_BYTES: 'many' };
    const { code, stdout } = await run(['--json'], broken).ended;
    const { checks, counts } = DoctorDocument.parse(JSON.parse(stdout));
    const configuration = checks.find(({ id }) => id === 'configuration');
    for (const name of ['S3_REGION', 'S3_ENDPOINT', 'MAX_UPLOAD_BYTES']) {
      expect(configuration?.findings.map(({ found }) => found).join('\n')).toContain(name);
    }
    expect(counts).toMatchObject({ fail: 1, skip: allChecks.length - 1 });
    expect(code).toBe(78);
    const table = await run([], broken).ended;
    expect(table.stdout).toMatch(/^✗ FAIL {2}The settings .*S3_REGION is missing.*Cause:.*– skip/s);
    expect(table.code).toBe(78);
  });

  it.each([
    [['--no-such-option'], /--no-such-option/],
    [['--only', 'credentials,colour'], /There is no check "colour". There are: configuration, /],
    [['--only', ','], /There is no check/],
    [['everything'], /everything/],
  ])('refuses %j as wrong usage, and says what there is', async (args, words) => {
    const { code, stderr, stdout } = await run(args).ended;
    expect(stderr).toMatch(words);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('explains itself with --help', async () => {
    const { code, stdout } = await run(['--help']).ended;
    expect(stdout).toMatch(/^Usage: kuanary doctor.*Exit codes: 0 fine/s);
    expect(code).toBe(0);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'on %s in the middle removes its objects, tells what it knows, and exits with 1',
    async (signal) => {
      const hung = hangAt(({ copySource }) => copySource !== undefined);
      const { started, ended } = run(['--json']);
      await hung;
      expect(await setUp.keys()).not.toEqual([]);
      started.kill(signal);
      const { code, stdout } = await ended;
      const { checks, interrupted, leftObjects } = DoctorDocument.parse(JSON.parse(stdout));
      expect({ code, interrupted, leftObjects }).toEqual({ code: 1, interrupted: true, leftObjects: [] });
      expect(checks.find(({ id }) => id === 'credentials')?.verdict).toBe('pass');
      expect(checks.find(({ id }) => id === 'copy')?.skippedBecause).toBe('interrupted');
      expect(await setUp.keys()).toEqual([]);
    },
  );

  it('exits at once on a second signal', async () => {
    const hung = hangAt(({ copySource }) => copySource !== undefined);
    const { started, ended } = run([]);
    await hung;
    const cleaning = hangAt(({ method }) => method === 'DELETE');
    started.kill('SIGTERM');
    await cleaning;
    const asked = performance.now();
    started.kill('SIGTERM');
    const { code, stdout } = await ended;
    // The clean-up would go on for half a minute, and a report would follow.
    expect(performance.now() - asked).toBeLessThan(10_000);
    expect(stdout).not.toMatch(/Interrupted|skip/);
    expect(code).toBe(1);
  });

  /** Resolves when a call of this kind has come, which then hangs for ever. */
  function hangAt(isMeant: (call: { method: string; copySource: string | undefined }) => boolean): Promise<void> {
    return new Promise((resolve) => {
      proxy.decide = (call) => {
        if (!isMeant(call)) return 'forward';
        resolve();
        return 'hang';
      };
    });
  }
});
