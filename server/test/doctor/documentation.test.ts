import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allChecks } from '../../src/doctor/all-checks.ts';
import { DoctorDocument } from '../../src/doctor/report-json.ts';

const page = readFileSync(new URL('../../../docs/doctor.md', import.meta.url), 'utf8');

describe('docs/doctor.md', () => {
  it('has a row for every check, in the order in which they run', () => {
    const table = /## The checks\n(.*?)\n## /s.exec(page)?.[1] ?? '';
    const ids = [...table.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, id]) => id);
    expect(ids).toEqual(allChecks.map(({ id }) => id));
  });

  it('shows a JSON document that is one', () => {
    const example = /```json\n(.*?)```/s.exec(page)?.[1] ?? '';
    expect(DoctorDocument.safeParse(JSON.parse(example)).error?.issues).toBeUndefined();
  });
});

describe('the checks', () => {
  it('have ids of their own, and need only what runs before them', () => {
    const ids = allChecks.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const backward = allChecks.filter(({ needs }, index) => needs.some((need) => !ids.slice(0, index).includes(need)));
    expect(backward.map(({ id }) => id)).toEqual([]);
  });
});
