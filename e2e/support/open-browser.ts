import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright';
import { inject } from 'vitest';

const artefactsFolder = fileURLToPath(new URL('../artefacts/', import.meta.url));

export async function openBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: inject('chromiumPath'),
    args: [
      '--headless=new',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      // Chromium refuses to sandbox for root, which is who runs tests in containers.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  });
}

/** What the page complained of: console errors, uncaught exceptions, refusals by the content security policy. */
export function recordComplaints(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      complaints.push(`${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  return complaints;
}

/** Keeps a picture of the page in `e2e/artefacts`, which git ignores, for people to look at. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  await mkdir(artefactsFolder, { recursive: true });
  await page.screenshot({ path: `${artefactsFolder}${name}.png`, fullPage: true });
}
