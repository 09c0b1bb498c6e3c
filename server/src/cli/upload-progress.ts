import { basename } from 'node:path';
import type { Writable } from 'node:stream';
import { printable } from '../printable-text.ts';
import { formatBytes } from './human-numbers.ts';

/** Shows how far one upload is: a bar on a terminal, nothing elsewhere. */
interface UploadProgress {
  update(sentBytes: number, totalBytes: number): void;
  done(): void;
  failed(): void;
}

const silent: UploadProgress = { update: () => {}, done: () => {}, failed: () => {} };
const barCharacters = 30;
const percent = new Intl.NumberFormat('en-GB', { style: 'percent' });

/** The bar is loaded only where it can be seen. */
export async function createUploadProgress(
  file: string,
  output: Writable & { isTTY?: boolean; columns?: number },
): Promise<UploadProgress> {
  if (!output.isTTY || !output.columns) return silent;
  const { progress } = await import('@clack/prompts');
  const interrupted = (): void => {
    process.exitCode = 130;
  };
  // Ctrl-C during the bar would otherwise exit as if all were well.
  process.once('exit', interrupted);
  const name = printable(basename(file));
  const bar = progress({
    output,
    style: 'block',
    max: 100,
    size: barCharacters,
    withGuide: false,
    onCancel: () => process.exit(130),
  });
  const startedMs = performance.now();
  let shownPercent = 0;
  bar.start(name);
  const end = (): void => {
    process.removeListener('exit', interrupted);
  };
  return {
    update(sentBytes, totalBytes) {
      const reached = Math.floor((sentBytes / totalBytes) * 100);
      if (reached === shownPercent) return;
      const seconds = (performance.now() - startedMs) / 1000;
      const rate = `${formatBytes(sentBytes / Math.max(seconds, 0.001))}/s`;
      const share = percent.format(reached / 100);
      bar.advance(
        reached - shownPercent,
        `${name}  ${formatBytes(sentBytes)} of ${formatBytes(totalBytes)}, ${share}, ${rate}`,
      );
      shownPercent = reached;
    },
    done() {
      end();
      bar.stop(`${name}: uploaded.`);
    },
    failed() {
      end();
      bar.error(`${name}: not uploaded.`);
    },
  };
}
