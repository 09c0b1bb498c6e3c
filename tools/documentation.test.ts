import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { settingNames } from '../server/src/settings.ts';
import { errorCatalogue } from '../shared/src/contract.ts';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

describe('README', () => {
  const readme = read('README.md');

  it('has every setting in its table, and none that does not exist', () => {
    const [, table = ''] = /## Settings\n([\s\S]*?)\n## /.exec(readme) ?? [];
    const rows = table.split('\n').filter((line) => line.startsWith('| `'));
    const documented = rows.flatMap((row) =>
      [...(row.split('|')[1] ?? '').matchAll(/`([A-Z0-9_]+)`/g)].map(([, name]) => name),
    );
    const devOnly = ['KUANARY_STORE_PORT', 'KUANARY_IMGPROXY_PORT', 'KUANARY_DATA', 'KUANARY_STORE_PROFILE'];
    expect(documented.sort()).toEqual([...settingNames, ...devOnly].sort());
  });

  it('links to files that exist', () => {
    const pages = readdirSync(new URL('../docs', import.meta.url)).filter((name) => name.endsWith('.md'));
    for (const document of ['README.md', 'SECURITY.md', ...pages.map((name) => `docs/${name}`)]) {
      const folder = document.includes('/') ? document.slice(0, document.lastIndexOf('/') + 1) : '';
      for (const [, target] of read(document).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
        expect(existsSync(new URL(`../${folder}${target}`, import.meta.url)), `${document} → ${target}`).toBe(true);
      }
    }
  });
});

describe('docs/errors.md', () => {
  it('is the error catalogue, word for word', () => {
    const rows = Object.entries(errorCatalogue).map(
      ([code, { status, sentence }]) => `| \`${code}\` | ${status} | ${sentence} |`,
    );
    expect(
      read('docs/errors.md')
        .split('\n')
        .filter((line) => line.startsWith('| `')),
    ).toEqual(rows);
  });
});
