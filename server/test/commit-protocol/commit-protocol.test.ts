import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Violation } from './auditor.ts';
import { type Protocol, realProtocol } from './protocol-under-test.ts';
import { playSchedule } from './schedule.ts';
import { formerFlaws, loadWeakenedProtocol, type Weakening, weakenings } from './weakened-protocols.ts';

/** Both may be given, to run longer or to see a schedule again. */
const schedules = Number(process.env['KUANARY_ATTACK_SCHEDULES'] ?? 20_000);
const firstSeed = Number(process.env['KUANARY_ATTACK_SEED'] ?? randomInt(2 ** 31));
/** Below this, luck may leave something out. */
const enoughSchedules = 10_000;
/** After a failure, so many more are played to find a shorter one. */
const schedulesToShorten = 2000;
const maxSchedulesToCatch = 100_000;
const timeout = 1_800_000;

/** The storage calls of the protocol; a process must have died before and after each of them. */
const crashSites = {
  commit: [
    'read incoming',
    'read record',
    'put attempt',
    'copy image',
    'open incoming',
    'stream image',
    'read image',
    'put new record',
    'delete incoming',
    'delete attempt',
    'delete image',
  ],
  receive: ['put attempt', 'put image', 'put new record', 'delete attempt'],
  delete: ['read image', 'read attempt', 'read record', 'put record', 'delete image'],
  sweep: [
    'list attempt',
    'read record',
    'put new record',
    'list image',
    'delete image',
    'delete attempt',
    'list incoming',
    'delete incoming',
  ],
};

const otherSights = [
  ...['completer 1', 'completer 2', 'completer 3'].map((name) => `${name} is told first`),
  'form uploader is told',
  'complete: not_uploaded',
  'complete: unsupported_content',
  'complete: upload_changed',
  'complete: upload_expired',
  'complete: image_deleted',
  'the policy is used again between read and copy',
  'copy unsupported',
  'commit: copy image: error, carried out',
  'late: commit: copy image',
  'late: commit: stream image',
  'late: receive: put image',
  'commit: put new record: error, carried out',
  'late: commit: put new record',
  'late: sweep: put new record',
  'delete: put record: error, carried out',
  'late: delete: put record',
  'commit: delete image: error, lost',
  'late: commit: delete image',
  'DELETE: 204',
  'DELETE: 404',
  'images are shown',
];

describe('the commit protocol under attack', () => {
  const coverage = new Map<string, number>();

  it(`keeps I1 to I4 in ${schedules} schedules`, { timeout }, async () => {
    console.log(`commit protocol: ${schedules} schedules from KUANARY_ATTACK_SEED=${firstSeed}`);
    const found = await findViolation(realProtocol, firstSeed, schedules, { coverage });
    if (found !== null) expect.fail(await explainViolation(realProtocol, found.seed));
  });

  it.runIf(schedules >= enoughSchedules)('has met every fault that it stands for', () => {
    const crashes = Object.entries(crashSites).flatMap(([role, steps]) =>
      steps.flatMap((step) => [`crash before ${role}: ${step}`, `crash after ${role}: ${step}`]),
    );
    expect([...crashes, ...otherSights].filter((sight) => !coverage.has(sight))).toEqual([]);
  });

  it('plays the same schedule again from the same seed', async () => {
    const [first, second]: [string[], string[]] = [[], []];
    await playSchedule(realProtocol, firstSeed, { trace: first });
    await playSchedule(realProtocol, firstSeed, { trace: second });
    expect(first.length).toBeGreaterThan(10);
    expect(second).toEqual(first);
  });
});

describe('the attack', () => {
  it.each(Object.entries(weakenings))('catches %s', { timeout }, expectCaught);
});

describe('the attack, on flaws that the real code once had,', () => {
  it.each(Object.entries(formerFlaws))('catches %s', { timeout }, expectCaught);
});

async function expectCaught(name: string, weakening: Weakening): Promise<void> {
  const weakened = await loadWeakenedProtocol(weakening);
  const found = await findViolation(weakened, firstSeed, maxSchedulesToCatch, { invariant: weakening.breaks });
  if (found === null) expect.fail(`no ${weakening.breaks} in ${maxSchedulesToCatch} schedules from ${firstSeed}`);
  const { violation, seed } = found;
  console.log(`${name}: caught by schedule ${seed - firstSeed + 1}: ${violation.invariant}, ${violation.what}`);
}

async function findViolation(
  protocol: Protocol,
  from: number,
  count: number,
  options: { invariant?: Violation['invariant']; coverage?: Map<string, number> },
): Promise<{ seed: number; violation: Violation } | null> {
  const { invariant, coverage } = options;
  for (let seed = from; seed < from + count; seed += 1) {
    const violation = await playSchedule(protocol, seed, { coverage });
    if (violation === null) continue;
    if (invariant === undefined || violation.invariant === invariant) return { seed, violation };
  }
  return null;
}

/** The trace of the shortest schedule with a violation among this one and the ones after it. */
async function explainViolation(protocol: Protocol, firstFailure: number): Promise<string> {
  let shortest: { seed: number; violation: Violation; trace: string[] } | null = null;
  for (let seed = firstFailure; seed < firstFailure + schedulesToShorten; seed += 1) {
    const trace: string[] = [];
    const violation = await playSchedule(protocol, seed, { trace });
    if (violation === null || (shortest !== null && shortest.trace.length <= trace.length)) continue;
    shortest = { seed, violation, trace };
  }
  if (shortest === null) return `schedule ${firstFailure} failed once and not again: the test is not deterministic`;
  const { seed, violation, trace } = shortest;
  const again = `KUANARY_ATTACK_SEED=${seed} KUANARY_ATTACK_SCHEDULES=1 plays this schedule again:`;
  return [`${violation.invariant}: ${violation.what}`, again, ...trace].join('\n');
}
