import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DoctorDocument, reportToDocument } from './report-json.ts';
import { chooseStyle, formatCheck, formatClosing, formatSkipped } from './report-table.ts';
import type { CheckReport, DoctorReport } from './run-doctor.ts';
import { wrapText } from './wrap-text.ts';

const plain = { width: 60, colour: false };

const failed: CheckReport = {
  id: 'clock',
  title: 'The clock is right',
  verdict: 'fail',
  milliseconds: 5,
  findings: [
    {
      verdict: 'fail',
      found: 'The clock is 400 s behind.',
      cause: 'Forms have expired already when they are handed out.',
      remedy: 'Turn on time synchronisation: `timedatectl set-ntp true`.',
    },
  ],
};
const skipped: CheckReport[] = ['copy', 'cors'].map((id) => ({
  id,
  title: id,
  verdict: 'skip',
  findings: [],
  skippedBecause: 'needs clock ("The clock is right"), which failed',
  milliseconds: 0,
}));

function reportOf(change: Partial<DoctorReport>): DoctorReport {
  return {
    verdict: 'fail',
    checks: [failed, ...skipped],
    leftObjects: [],
    leftToSweeper: [],
    interrupted: false,
    ...change,
  };
}

describe('the table of kuanary doctor', () => {
  it('shows a trouble with its cause and remedy, wrapped under their labels', () => {
    expect(formatCheck(failed, plain)).toBe(
      [
        '✗ FAIL  The clock is right',
        '        The clock is 400 s behind.',
        '        Cause:  Forms have expired already when they are',
        '                handed out.',
        '        Remedy: Turn on time synchronisation: `timedatectl',
        '                set-ntp true`.',
      ].join('\n'),
    );
  });

  it('says a cause and remedy that several findings share once, after the last of them', () => {
    const [finding] = failed.findings;
    const twice = formatCheck({ ...failed, findings: finding === undefined ? [] : [finding, finding] }, plain);
    expect(twice.match(/The clock is 400 s/g)).toHaveLength(2);
    expect(twice.match(/Cause:/g)).toHaveLength(1);
  });

  it('gathers what was skipped by the reason', () => {
    expect(formatSkipped(reportOf({}).checks, plain)).toEqual([
      '– skip  copy, cors: needs clock ("The clock is right"),\n        which failed.',
    ]);
  });

  it('counts the verdicts, says what to do next, and names what could not be removed', () => {
    const closing = formatClosing(reportOf({ leftObjects: ['tmp/probe/x'] }), { deep: false, complete: true }, plain);
    expect(closing).toMatch(/^0 fine, 0 warnings, 1 failure, 2 skipped\.\sMend the failures\sfrom the top/);
    expect(closing).toMatch(/could not be removed from the bucket;\ndelete them:\n {2}tmp\/probe\/x$/);
  });

  it('says which records the sweeper will remove, as no trouble', () => {
    const report = reportOf({ verdict: 'pass', checks: [], leftToSweeper: ['tmp/attempts/x'] });
    expect(formatClosing(report, { deep: true, complete: true }, { ...plain, width: 300 })).toMatch(
      /in order\.\n.*had no answer.*sweeper.*\n {2}tmp\/attempts\/x$/,
    );
  });

  it.each([
    [{ verdict: 'pass' }, { deep: false, complete: true }, /in order\. `kuanary doctor --deep`/],
    [{ verdict: 'pass' }, { deep: true, complete: true }, /in order\.$/],
    [{ verdict: 'pass' }, { deep: false, complete: false }, /other checks were not asked for/],
    [{ verdict: 'warn' }, { deep: false, complete: true }, /warnings say what will hurt/],
    [{ verdict: 'pass', interrupted: true }, { deep: false, complete: true }, /^Interrupted\..*again to know the rest/],
  ] as const)('says what %o means', (change, options, words) => {
    expect(formatClosing(reportOf({ checks: [], ...change }), options, { ...plain, width: 200 })).toMatch(words);
  });

  it('paints on a terminal only, and not where the owner wants no colours', () => {
    expect(chooseStyle({ isTTY: true, columns: 100 }, { TERM: 'xterm' })).toEqual({ width: 100, colour: true });
    expect(chooseStyle({ isTTY: true, columns: 500 }, { NO_COLOR: '1' })).toEqual({ width: 110, colour: false });
    expect(chooseStyle({ isTTY: true, columns: 0 }, { TERM: 'dumb' })).toEqual({ width: 80, colour: false });
    expect(chooseStyle({}, {})).toEqual({ width: 80, colour: false });
    expect(formatCheck(failed, { width: 60, colour: true })).toContain('\u001b[31m✗ FAIL\u001b[39m');
  });

  it('keeps every word in order and no line too long, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[!-~]{1,40}$/), { minLength: 1 }),
        fc.integer({ min: 50, max: 120 }),
        (words, width) => {
          const lines = wrapText(words.join(' '), width, '  ', '    ');
          expect(lines.flatMap((line) => line.trim().split(' '))).toEqual(words);
          // The prefix of later lines may be longer than the first by two.
          for (const line of lines) expect(line.length).toBeLessThanOrEqual(Math.max(width + 2, 44));
        },
      ),
    );
  });
});

describe('the JSON document of kuanary doctor', () => {
  it('is the report with counts, as the schema says', () => {
    const document = reportToDocument(reportOf({}));
    expect(DoctorDocument.parse(JSON.parse(JSON.stringify(document)))).toEqual(document);
    expect(document.counts).toEqual({ pass: 0, info: 0, warn: 0, fail: 1, skip: 2 });
  });
});
