import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { allChecks } from '../../src/doctor/all-checks.ts';
import { DoctorDocument } from '../../src/doctor/report-json.ts';

const program = fileURLToPath(new URL('../../src/cli/kuanary.ts', import.meta.url));

/** What the command line says of itself. */
function help(...args: string[]): string {
  const node = ['--conditions=source', '--import', import.meta.resolve('tsx'), program];
  return execFileSync(process.execPath, [...node, ...args], { encoding: 'utf8' });
}

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

describe('the texts of the doctor', () => {
  const folder = new URL('../../src/doctor/', import.meta.url);
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(new URL(name, folder), 'utf8'))
    .join('\n');
  const commandsOf = (program: string): string[] => [
    ...new Set([...sources.matchAll(new RegExp(`\`((?:${program}) [^\`\\\\$]+)`, 'g'))].map(([, text = '']) => text)),
  ];
  const known = [...help('--help').matchAll(/^ {2}([a-z-]+) {2,}\S/gm)].map(([, name]) => name);

  it.each(commandsOf('kuanary'))('name a command that there is: %s', (text) => {
    const [, command = '', ...rest] = text.split(' ');
    expect(known).toContain(command);
    const explained = help(command, '--help');
    for (const word of rest.filter((part) => /^(--|[a-z]+$)/.test(part))) expect(explained).toContain(word);
  });

  it.each(commandsOf('docker compose'))('name a service of docker-compose.yml that there is: %s', (text) => {
    const compose = readFileSync(new URL('../../../docker-compose.yml', import.meta.url), 'utf8');
    const [, , verb, ...rest] = text.split(' ');
    const [service, command = ''] = rest.filter((part) => !part.startsWith('-'));
    expect(compose).toMatch(new RegExp(`^ {2}${service}:$`, 'm'));
    // What is run in the container of Kuanary is a command of Kuanary already.
    if (service === 'kuanary') expect([verb, known.includes(command)]).toEqual(['run', true]);
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
