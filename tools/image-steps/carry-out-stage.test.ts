import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { carryOutStage, type FinishedStage } from './carry-out-stage.ts';
import { parseDockerIgnore } from './docker-ignore.ts';
import { parseDockerfile } from './parse-dockerfile.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kuanary-image-steps-'));
  mkdirSync(join(folder, 'project/src/deep'), { recursive: true });
  writeFileSync(join(folder, 'project/src/deep/a.txt'), 'a');
  writeFileSync(join(folder, 'project/src/.env'), 'SECRET=1');
  writeFileSync(join(folder, 'project/b.txt'), 'b');
});
afterEach(() => rmSync(folder, { recursive: true }));

function carryOut(dockerfile: string): FinishedStage {
  const finished = new Map<string, FinishedStage>();
  let last: FinishedStage | undefined;
  for (const [index, stage] of parseDockerfile(dockerfile).entries()) {
    const root = join(folder, `stage-${index}`);
    mkdirSync(root);
    last = carryOutStage(stage, {
      folder: join(folder, 'project'),
      isIgnored: parseDockerIgnore('**/.env'),
      finished,
      nodeFolder: dirname(process.execPath),
      root,
      log: () => {},
    });
    finished.set(stage.name ?? String(index), last);
  }
  if (last === undefined) throw new Error('no stage');
  return last;
}

describe('the steps of a Dockerfile in a plain folder', () => {
  it('copy the contents of folders without what .dockerignore names, run commands, and hand stages on', () => {
    const { root, workdir, environment } = carryOut(`
FROM node:24 AS base
ENV GREETING=hello
FROM base AS build
WORKDIR /build
COPY src here
COPY b.txt here/
RUN echo "$GREETING" > here/greeting.txt
FROM base
WORKDIR /app
COPY --from=build /build/here ./`);
    expect({ workdir, environment }).toEqual({ workdir: '/app', environment: { GREETING: 'hello' } });
    expect(readFileSync(join(root, 'app/greeting.txt'), 'utf8')).toBe('hello\n');
    expect(readFileSync(join(root, 'app/deep/a.txt'), 'utf8')).toBe('a');
    expect(readFileSync(join(root, 'app/b.txt'), 'utf8')).toBe('b');
    expect(existsSync(join(root, 'app/.env'))).toBe(false);
  });

  it.each([
    ['COPY nowhere ./', /no such file/],
    ['COPY src/.env ./', /\.dockerignore leaves it out/],
    ['COPY --from=other /a ./', /no such stage/],
    ['COPY src/*.txt ./', /name the files/],
    ['RUN false', /RUN false failed/],
    ['RUN rm -rf /usr/lib', /absolute path/],
    ['RUN echo >/etc/motd', /absolute path/],
    ['CMD node main.js', /exec form/],
    ['ADD a b', /instruction ADD/],
  ])('stop at %s', (instruction, reason) => {
    expect(() => carryOut(`FROM node:24\n${instruction}`)).toThrow(reason);
  });
});
