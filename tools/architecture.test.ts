import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folders = ['shared/src', 'server/src', 'server/test', 'widget/src', 'e2e', 'bench', 'tools'];

interface SourceFile {
  path: string;
  text: string;
  lines: number;
  /** Repository paths for relative imports, package names for others. */
  imports: { target: string; typeOnly: boolean }[];
}

const files = folders.flatMap((folder) => listSources(join(root, folder))).map(readSource);
const production = files.filter(
  ({ path }) => /^(shared|server|widget)\/src\//.test(path) && !path.endsWith('.test.ts'),
);

function listSources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name === 'artefacts') return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return listSources(path);
    return /\.(ts|js|mjs)$/.test(entry.name) ? [path] : [];
  });
}

function readSource(file: string): SourceFile {
  const path = relative(root, file).split(sep).join('/');
  const text = readFileSync(file, 'utf8');
  const statements = text.matchAll(/^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm);
  const imports = [...statements].map(([, type, target]) => ({
    target: resolveImport(path, target ?? ''),
    typeOnly: type !== undefined,
  }));
  return { path, text, lines: text.split('\n').length - 1, imports };
}

function resolveImport(from: string, target: string): string {
  return target.startsWith('.') ? posix.join(posix.dirname(from), target) : target;
}

/** A file may import what is on its own layer or further down this list. */
const layers: [name: string, pattern: RegExp][] = [
  ['cli', /^server\/src\/cli\//],
  ['operations', /^server\/src\/(doctor|bucket-setup)\//],
  ['main', /^server\/src\/main\.ts$/],
  ['app', /^server\/src\/(app|drain-server)\.ts$/],
  ['routes', /^server\/src\/(routes\/|middleware\/|readiness\.ts$)/],
  ['domain', /^server\/src\/(uploads|images|access)\//],
  ['storage', /^server\/src\/storage\//],
  ['ground', /^server\/src\/(config|settings|errors|printable-text)\.ts$/],
  ['shared', /^(@kuanary\/shared\/|shared\/src\/)/],
];

function layerOf(path: string): number {
  return layers.findIndex(([, pattern]) => pattern.test(path));
}

describe('the structure', () => {
  it('is read from real imports', () => {
    const app = files.find(({ path }) => path === 'server/src/app.ts');
    expect(app?.imports).toContainEqual({ target: 'server/src/routes/sign-upload.ts', typeOnly: false });
    expect(app?.imports).toContainEqual({ target: 'server/src/readiness.ts', typeOnly: true });
  });

  it('has imports that point one way: main → app → routes → uploads, images, access → storage → config, errors → shared', () => {
    const outward = production.flatMap(({ path, imports }) =>
      imports
        .filter(({ target }) => layerOf(path) >= 0 && layerOf(target) >= 0 && layerOf(target) < layerOf(path))
        .map(({ target }) => `${path} imports ${target}`),
    );
    expect(outward).toEqual([]);
  });

  it('keeps the embedded backend and the demo out of production: only commands import them', () => {
    const importers = production.filter(
      ({ path, imports }) =>
        !/^server\/src\/(cli|embedded|demo)\//.test(path) &&
        imports.some(({ target }) => /^server\/src\/(embedded|demo)\//.test(target)),
    );
    expect(importers.map(({ path }) => path)).toEqual([]);
    const start = production.find(({ path }) => path === 'server/src/cli/start.ts');
    expect(start?.imports.some(({ target }) => target.includes('embedded'))).toBe(false);
  });

  it('lets the embedded backend use nothing of the API, so that it can judge it', () => {
    const intruders = production.flatMap(({ path, imports }) =>
      path.startsWith('server/src/embedded/')
        ? imports
            .filter(({ target }) => /^server\/src\/(?!embedded\/)/.test(target))
            .map(({ target }) => `${path} imports ${target}`)
        : [],
    );
    expect(intruders).toEqual([]);
  });

  it('lets shared import zod and node:crypto only', () => {
    const foreign = production.flatMap(({ path, imports }) =>
      path.startsWith('shared/')
        ? imports
            .map(({ target }) => target)
            .filter((target) => !['zod', 'node:crypto'].includes(target) && !target.startsWith('shared/src/'))
        : [],
    );
    expect(foreign).toEqual([]);
  });

  it('lets the widget import types only from shared, because zod would cost its users 23 kB', () => {
    const values = production.flatMap(({ path, imports }) =>
      path.startsWith('widget/')
        ? imports.filter(({ target, typeOnly }) => target.startsWith('@kuanary/') && !typeOnly)
        : [],
    );
    expect(values).toEqual([]);
  });

  it('reads process.env in the commands only', () => {
    const readers = production.filter(
      ({ path, text }) => text.includes('process.env') && !path.startsWith('server/src/cli/'),
    );
    expect(readers.map(({ path }) => path)).toEqual([]);
  });

  it('keeps each route on one screen: at most 60 lines', () => {
    const long = production.filter(({ path, lines }) => path.startsWith('server/src/routes/') && lines > 60);
    expect(long.map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
  });

  it('has files named by what they do, in kebab-case', () => {
    const badlyNamed = files.filter(({ path }) => {
      const name = posix.basename(path).replace(/\.(test\.)?(ts|js|mjs)$/, '');
      return (
        !/^[a-z0-9]+(-[a-z0-9]+)*(\.config)?$/.test(name) ||
        /(^|-)(utils?|helpers?|common|misc|managers?|services?|index)(-|$)/.test(name)
      );
    });
    expect(badlyNamed.map(({ path }) => path)).toEqual([]);
  });

  it('has no focused or skipped test and no suppressed type error', () => {
    const marked = files.filter(
      ({ text, path }) =>
        !path.startsWith('tools/') &&
        /\b(it|test|describe)\.(only|skip)\(|@ts-(ignore|nocheck|expect-error)/.test(text),
    );
    expect(marked.map(({ path }) => path)).toEqual([]);
  });
});
