import { it } from 'vitest';
import { loadWeakenedProtocol, weakenings } from './weakened-protocols.ts';
import { playSchedule } from './schedule.ts';
it('tries', { timeout: 900_000 }, async () => {
for (const name of Object.keys(weakenings)) {
  const protocol = await loadWeakenedProtocol(name);
  const kinds = new Map<string, number>(); let first = -1;
  const t = performance.now(); let n = 0;
  for (let seed = 5_000_000; n < 3000; seed++, n++) {
    const v = await playSchedule(protocol, seed);
    if (v) { if (first < 0) first = n; const k = v.invariant + ' ' + v.what.replace(/[0-9a-f]{8}-[0-9a-f-]{27}\.?(png|gif)?/g, '#').replace(/\{.*/,'').slice(0,100); kinds.set(k, (kinds.get(k) ?? 0) + 1); }
  }
  console.log(name, 'first', first, Math.round(performance.now()-t), [...kinds].map(([k, v]) => `${v} ${k}`).join('\n   '));
}
});
