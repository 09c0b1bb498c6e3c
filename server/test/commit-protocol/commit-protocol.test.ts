import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { attack } from './attack.ts';
import { realProtocol } from './protocol-under-test.ts';
import { loadWeakenedProtocol, weakenings } from './weakened-protocols.ts';

/** Both may be given, to run longer or to see a schedule again. */
const schedules = Number(process.env['KUANARY_ATTACK_SCHEDULES'] ?? 20_000);
const firstSeed = Number(process.env['KUANARY_ATTACK_SEED'] ?? randomInt(2 ** 31));
const maxSchedulesToCatch = 20_000;

/** Calls that the protocol makes; each must have been the one at which a process died, before it took effect and after. */
const steps = [
  'read incoming',
  'read commits',
  'put attempts',
  'copy image',
  'stream image',
  'read image',
  'put once commits',
  'delete incoming',
  'delete attempts',
  'delete image',
  'read attempts',
  'put commits',
  'list attempts',
  'list incoming',
  'list image',
  'put image',
];

describe('the commit protocol under attack', () => {
  it(`keeps every invariant in ${schedules} schedules`, { timeout: 600_000 }, async () => {
    console.log(`commit protocol: ${schedules} schedules from seed ${firstSeed} (KUANARY_ATTACK_SEED repeats them)`);
    const seen = new Map<string, number>();
    for (let seed = firstSeed; seed < firstSeed + schedules; seed += 1) {
      const result = await attack(realProtocol, seed);
      if (result.violation !== null) {
        expect.fail(
          `${result.violation}\nKUANARY_ATTACK_SEED=${seed} KUANARY_ATTACK_SCHEDULES=1\n${result.trace.join('\n')}`,
        );
      }
      for (const [what, times] of result.seen) seen.set(what, (seen.get(what) ?? 0) + times);
    }
    if (schedules < 10_000) return;
    const missing = steps
      .flatMap((step) => ['crash before', 'crash after'].map((fate) => `${fate} ${step}`))
      .filter((what) => !seen.has(what));
    expect(missing).toEqual([]);
    for (const what of [
      'replay',
      'late copy image landed',
      'late put once commits landed',
      'lost put once commits',
      'lost copy image',
      'lost delete image',
    ]) {
      expect(seen.get(what) ?? 0, what).toBeGreaterThan(0);
    }
  });

  it.each(Object.keys(weakenings))('catches a version with %s', { timeout: 600_000 }, async (name) => {
    const weakened = await loadWeakenedProtocol(name);
    for (let seed = firstSeed; seed < firstSeed + maxSchedulesToCatch; seed += 1) {
      const { violation } = await attack(weakened, seed);
      if (violation === null) continue;
      console.log(`${name}: caught by schedule ${seed - firstSeed + 1}: ${violation}`);
      return;
    }
    expect.fail(`${name}: no violation in ${maxSchedulesToCatch} schedules`);
  });
});
