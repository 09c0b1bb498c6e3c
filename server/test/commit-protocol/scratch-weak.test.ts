import { it } from 'vitest';
import { loadWeakenedProtocol, weakenings, formerFlaws } from './weakened-protocols.ts';
import { playSchedule } from './schedule.ts';
it('tries', { timeout: 900_000 }, async () => {
const N = Number(process.env['N'] ?? 3000);
for (const [name, w] of Object.entries({...weakenings, ...formerFlaws})) {
  if (process.env['ONLY'] && !name.includes(process.env['ONLY'])) continue;
  const protocol = await loadWeakenedProtocol(w);
  const kinds = new Map<string, number>(); let first = -1;
  const t = performance.now(); let n = 0;
  for (let seed = 5_000_000; n < N; seed++, n++) {
    const v = await playSchedule(protocol, seed);
    if (v) { if (first < 0 && v.invariant === w.breaks) first = n; const k = v.invariant + ' ' + v.what.replace(/[0-9a-f]{8}-[0-9a-f-]{27}\.?(png|gif)?/g, '#').replace(/\{.*/,'').slice(0,100); kinds.set(k, (kinds.get(k) ?? 0) + 1); }
  }
  console.log(name, 'first', first, Math.round(performance.now()-t), [...kinds].map(([k, v]) => `${v} ${k}`).join('\n   '));
}
});
