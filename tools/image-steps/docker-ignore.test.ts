import { describe, expect, it } from 'vitest';
import { parseDockerIgnore } from './docker-ignore.ts';

describe('a .dockerignore', () => {
  it.each([
    ['*.log', 'a.log', true],
    ['*.log', 'sub/a.log', false],
    ['**/*.log', 'a.log', true],
    ['**/*.log', 'sub/deep/a.log', true],
    ['node_modules', 'node_modules/x/y.js', true],
    ['node_modules', 'server/node_modules/x.js', false],
    ['**/node_modules', 'server/node_modules/x.js', true],
    ['/docs/', 'docs/a.md', true],
    ['a.b', 'aXb', false],
    ['file?.txt', 'file1.txt', true],
    ['file?.txt', 'file/.txt', false],
    ['docs/**', 'docs/a/b', true],
    ['# docs', 'docs/a', false],
  ])('with %s: is %s left out? %s', (pattern, path, ignored) => {
    expect(parseDockerIgnore(`\n${pattern}\n`)(path)).toBe(ignored);
  });

  it('takes back with !, and lets the last match count', () => {
    const isIgnored = parseDockerIgnore('*\n!server\n!data/presets.json\n**/.env');
    expect(isIgnored('server')).toBe(false);
    expect(isIgnored('server/src/main.ts')).toBe(false);
    expect(isIgnored('server/.env')).toBe(true);
    expect(isIgnored('data/presets.json')).toBe(false);
    expect(isIgnored('data/other.json')).toBe(true);
  });
});
