import { describe, expect, it } from 'vitest';
import { loadConfig } from '../config.ts';
import type { Check, Finding } from './check.ts';
import { type DoctorOptions, type DoctorReport, runDoctor } from './run-doctor.ts';

const secretKey = 'secret+key/of&the=storage';
const accessKey = 'TESTACCESSKEY0001';
const settings = {
  // A port that fetch refuses by itself: nothing leaves the machine.
  S3_ENDPOINT: 'http://127.0.0.1:1',
  S3_REGION: 'local',
  S3_BUCKET: 'kuanary-test',
  S3_ACCESS_KEY: accessKey,
  S3_SECRET_KEY: secretKey,
  IMGPROXY_URL: 'http://127.0.0.1:1',
  IMGPROXY_KEY: 'ab'.repeat(32),
  IMGPROXY_SALT: 'cd'.repeat(32),
};
const config = loadConfig(settings);

const passing: Finding = { verdict: 'pass', found: 'all is well' };
const failing: Finding = { verdict: 'fail', found: 'broken', cause: 'a cause', remedy: 'a remedy' };

function checkOf(id: string, run: Check['run'], needs: string[] = []): Check {
  return { id, title: `${id} is right`, needs, run };
}

function examine(checks: Check[], options: Partial<DoctorOptions> = {}): Promise<DoctorReport> {
  return runDoctor(config, { deep: false, signal: new AbortController().signal, checks, ...options });
}

describe('runDoctor', () => {
  it('runs checks in order, one after the other, and tells of each start and end', async () => {
    const told: string[] = [];
    const checks = ['a', 'b'].map((id) =>
      checkOf(id, async () => {
        told.push(`run ${id}`);
        return passing;
      }),
    );
    const onStart = ({ id }: { id: string }): unknown => told.push(`start ${id}`);
    const onCheck = ({ id, verdict }: { id: string; verdict: string }): unknown => told.push(`${id} ${verdict}`);
    await examine(checks, { onStart, onCheck });
    expect(told).toEqual(['start a', 'run a', 'a pass', 'start b', 'run b', 'b pass']);
  });

  it('gives a check its worst finding as verdict, and the report its worst check', async () => {
    const info: Finding = { verdict: 'info', found: 'good to know' };
    const warning: Finding = { ...failing, verdict: 'warn' };
    const report = await examine([
      checkOf('infos', async () => info),
      checkOf('mixed', async () => [info, passing]),
      checkOf('warned', async () => [passing, warning]),
    ]);
    expect(report.checks.map(({ verdict }) => verdict)).toEqual(['info', 'pass', 'warn']);
    expect(report.verdict).toBe('warn');
    expect((await examine([checkOf('a', async () => [failing, passing])])).verdict).toBe('fail');
  });

  it('skips what needs a failed check, and names that check to all that depend on it', async () => {
    const report = await examine([
      checkOf('first', async () => failing),
      checkOf('second', async () => passing, ['first']),
      checkOf('third', async () => passing, ['second']),
      checkOf('other', async ({ hasFailed }) => ({
        verdict: 'info',
        found: String(['second', 'other'].map(hasFailed)),
      })),
    ]);
    const because = 'needs first ("first is right"), which failed';
    expect(report.checks.slice(1, 3)).toMatchObject([
      { verdict: 'skip', skippedBecause: because, findings: [] },
      { verdict: 'skip', skippedBecause: because, findings: [] },
    ]);
    expect(report.checks[3]?.findings).toEqual([{ verdict: 'info', found: 'true,false' }]);
  });

  it('runs a check whose need is not among those that were asked for', async () => {
    const report = await examine([checkOf('alone', async () => passing, ['absent'])]);
    expect(report.checks[0]?.verdict).toBe('pass');
  });

  it('turns an error that a check did not foresee into a failure with a sentence', async () => {
    const report = await examine([
      checkOf('broken', async () => {
        throw new Error('this was not foreseen');
      }),
      checkOf('silent', async ({ http }) => {
        await http.send('http://127.0.0.1:1/');
        return passing;
      }),
    ]);
    expect(report.checks.map(({ findings }) => findings[0]?.found)).toEqual([
      'The check could not be carried out: this was not foreseen.',
      expect.stringMatching(/^The check could not be carried out: http:\/\/127\.0\.0\.1:1: .*refuse to connect/),
    ]);
  });

  it('ends a check that goes on for too long', async () => {
    const endless = checkOf('endless', ({ signal }) => untilAborted(signal));
    const report = await examine([endless, checkOf('next', async () => passing)], { checkTimeLimitMs: 20 });
    expect(report.checks.map(({ verdict }) => verdict)).toEqual(['fail', 'pass']);
    expect(report.checks[0]?.findings[0]?.found).toBe('The check had not ended after 0.02 s.');
  });

  it('removes secrets from every text, also as they stand in addresses and documents', async () => {
    const forms = [
      secretKey,
      encodeURIComponent(secretKey),
      Buffer.from(secretKey).toString('base64'),
      Buffer.from(secretKey).toString('hex'),
      secretKey.replace('&', '&amp;'),
      accessKey,
      'ab'.repeat(32),
      'CD'.repeat(32),
    ];
    const report = await examine([
      checkOf('leaky', async () => ({
        verdict: 'fail',
        found: forms.join(' '),
        cause: `because of ${secretKey}`,
        remedy: `GET /a?X-Amz-Signature=${'0f'.repeat(32)}&b=1`,
      })),
    ]);
    expect(report.checks[0]?.findings).toEqual([
      {
        verdict: 'fail',
        found: forms.map(() => '[secret]').join(' '),
        cause: 'because of [secret]',
        remedy: 'GET /a?X-Amz-Signature=[secret]&b=1',
      },
    ]);
  });

  it('removes the user and password of an address', async () => {
    const { found } = await say('Ask https://somebody:pa:ss@w0rd@s3.example.com/a and s3://bucket/a@png.');
    expect(found).toBe('Ask https://[secret]@s3.example.com/a and s3://bucket/a@png.');
  });

  it.each(['kuanary', 'admin', 'docker'])('leaves words alone that are an access key too: %s', async (key) => {
    const text = 'Run `docker compose run --rm kuanary doctor` as admin; a kuanary may.';
    expect(await say(text, { S3_ACCESS_KEY: key })).toEqual({ verdict: 'info', found: text });
  });

  it('leaves its own commands alone where the secret is one of their words', async () => {
    const { found } = await say('kuanary: run `kuanary setup-bucket`, or `docker compose run --rm kuanary doctor`.', {
      S3_SECRET_KEY: 'kuanary',
    });
    expect(found).toBe('[secret]: run `kuanary setup-bucket`, or `docker compose run --rm kuanary doctor`.');
  });

  it('shows nothing that a terminal would obey, and no endless texts', async () => {
    const report = await examine([
      checkOf('hostile', async () => ({
        verdict: 'fail',
        found: 'The region is "\u001b[2Jnbg1\u202e".',
        cause: `Rule ${'x'.repeat(5_000)} is there.`,
        remedy: 'word '.repeat(5_000),
      })),
    ]);
    const [finding] = report.checks[0]?.findings ?? [];
    if (finding?.verdict !== 'fail') throw new Error('the finding is lost');
    expect(finding.found).toBe('The region is " [2Jnbg1 ".');
    expect(finding.cause).toMatch(/^Rule x{299}… is there\.$/);
    expect(finding.remedy).toMatch(/^(word ){399}word…$/);
  });

  it('ends the running check when it is interrupted, and skips the rest', async () => {
    const stop = new AbortController();
    const report = await examine(
      [
        checkOf('done', async () => passing),
        checkOf('running', ({ signal, probes }) => {
          stop.abort();
          expect(() => probes.reserveKey()).toThrow('the examination is over');
          return untilAborted(signal);
        }),
        checkOf('never', async () => passing),
      ],
      { signal: stop.signal },
    );
    expect(report.interrupted).toBe(true);
    expect(report.checks.map(({ verdict, skippedBecause }) => skippedBecause ?? verdict)).toEqual([
      'pass',
      'interrupted',
      'interrupted',
    ]);
  });

  it('names probe objects that could not be removed, and warns of them', async () => {
    const report = await examine([
      checkOf('writer', async ({ probes }) => {
        probes.reserve('tmp/probe/one');
        probes.release(probes.reserveKey());
        return passing;
      }),
    ]);
    expect(report).toMatchObject({ verdict: 'warn', leftObjects: ['tmp/probe/one'] });
  });
});

/** What becomes of a sentence. */
async function say(found: string, environment: Record<string, string> = {}): Promise<Finding> {
  const options = { deep: false, signal: new AbortController().signal };
  const checks = [checkOf('says', async () => ({ verdict: 'info', found }))];
  const report = await runDoctor(loadConfig({ ...settings, ...environment }), { ...options, checks });
  const [finding] = report.checks[0]?.findings ?? [];
  if (finding === undefined) throw new Error('the finding is lost');
  return finding;
}

function untilAborted(signal: AbortSignal): Promise<Finding> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
}
