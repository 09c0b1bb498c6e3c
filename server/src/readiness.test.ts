import { describe, expect, it } from 'vitest';
import { createReadiness } from './readiness.ts';

function readinessWith(askUnsignedImgproxy: () => Promise<{ status: number; text: string }>) {
  return createReadiness({
    bucketReachable: async () => {},
    probe: { assertSafe: async () => {} },
    presets: {
      current: () => ({ body: '{}', etag: '"x"', names: [], compiled: new Map(), warnings: [] }),
      problem: () => null,
      reload: async () => {},
      close: () => {},
    },
    askUnsignedImgproxy,
    monotonicMs: () => 0,
  });
}

describe('createReadiness', () => {
  it.each([
    [403, 'Forbidden', 'ok', true],
    [200, '', 'unsigned', false],
    [404, 'Source is unreachable', 'unsigned', false],
    // imgproxy's own answer outside its path prefix is one space.
    [404, ' ', 'unreachable', true],
    [422, '', 'unsigned', false],
    [429, '', 'unreachable', true],
    [302, '', 'unreachable', true],
    [502, '', 'unreachable', true],
  ])('takes an imgproxy that answers %d "%s" to an unsigned URL for %s', async (status, text, imgproxy, ready) => {
    const report = await readinessWith(async () => ({ status, text })).report();
    expect(report.checks.imgproxy).toBe(imgproxy);
    expect(report.ready).toBe(ready);
    expect(report.remedies.length > 0).toBe(imgproxy !== 'ok');
  });

  it('stays ready without imgproxy, and is not while it drains', async () => {
    const readiness = readinessWith(() => Promise.reject(new Error('refused')));
    expect((await readiness.report()).ready).toBe(true);
    readiness.startDraining();
    expect((await readiness.report()).ready).toBe(false);
  });
});
