import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { chromium } from 'playwright';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    chromiumPath: string;
  }
}

const installTimeoutMs = 240_000;
const programNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Before the e2e tests: finds a Chromium, or installs one, and tells the tests where it is. */
export default function provideBrowser(project: TestProject): void {
  project.provide('chromiumPath', findOrInstallChromium());
}

function findOrInstallChromium(): string {
  const named = process.env['KUANARY_CHROMIUM'];
  if (named !== undefined && named !== '') {
    if (isProgram(named)) return named;
    throw new Error('KUANARY_CHROMIUM does not name a program. Set it to the path of a Chromium, or unset it.');
  }
  const found = findInstalled() ?? installWithPlaywright() ?? installWithApt();
  if (found !== null) return found;
  throw new Error(
    'The e2e tests need a Chromium, and none could be found or installed. Install one ("npx playwright install chromium", or "apt-get install chromium"), or set KUANARY_CHROMIUM to the path of one.',
  );
}

function findInstalled(): string | null {
  return findOnPath() ?? findPlaywrightsOwn();
}

function findOnPath(): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const places = programNames.flatMap((name) => folders.map((folder) => join(folder, name)));
  return places.find(isProgram) ?? null;
}

function findPlaywrightsOwn(): string | null {
  const path = chromium.executablePath();
  return existsSync(path) ? path : null;
}

function installWithPlaywright(): string | null {
  const playwrightFolder = dirname(createRequire(import.meta.url).resolve('playwright/package.json'));
  run(process.execPath, [join(playwrightFolder, 'cli.js'), 'install', 'chromium']);
  return findPlaywrightsOwn();
}

/** Debian's package, where this user may install it: it brings the libraries along that a bare browser lacks. */
function installWithApt(): string | null {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return null;
  run('apt-get', ['update']);
  run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium']);
  return findOnPath();
}

/** Its success shows in what is there afterwards. */
function run(program: string, args: string[]): void {
  console.log(`Installing a browser for the e2e tests: ${program} ${args.join(' ')}`);
  spawnSync(program, args, { stdio: 'inherit', timeout: installTimeoutMs });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
