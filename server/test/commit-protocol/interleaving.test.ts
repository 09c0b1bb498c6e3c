import { it } from 'vitest';
import { realProtocol } from './protocol-under-test.ts';
import { playSchedule } from './schedule.ts';

it('tries', { timeout: 600_000 }, async () => {
  const coverage = new Map<string, number>();
  const n = Number(process.env['N'] ?? 1000), s0 = Number(process.env['S'] ?? 1);
  const t = performance.now();
  const kinds = new Map<string, number>();
  let shortest: string[] | null = null, what = '';
  for (let seed = s0; seed < s0 + n; seed += 1) {
    const v = await playSchedule(realProtocol, seed, { coverage });
    if (v) {
      const k = v.invariant + ' ' + v.what.replace(/[0-9a-f]{8}-[0-9a-f-]{27}\.?(png|gif)?/g, '#');
      kinds.set(k, (kinds.get(k) ?? 0) + 1);
      const trace: string[] = [];
      await playSchedule(realProtocol, seed, { trace });
      if (!shortest || trace.length < shortest.length) { shortest = trace; what = v.invariant + v.what + seed; }
    }
  }
  console.log(Math.round(performance.now() - t), 'ms');
  console.log(shortest?.join('\n'), what, kinds);
  console.log([...coverage].sort((a,b)=>a[0]<b[0]?-1:1).map(([k, v]) => `${k}: ${v}`).join('\n'));
});
