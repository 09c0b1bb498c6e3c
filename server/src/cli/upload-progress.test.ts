import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { createUploadProgress } from './upload-progress.ts';

/** A terminal, as far as the bar looks at it, that remembers what was written to it. */
class FakeTerminal extends Writable {
  readonly isTTY: boolean;
  readonly columns = 120;
  written = '';

  constructor(isTTY = true) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.written += chunk;
    done();
  }
}

const exitListeners = process.listeners('exit');
afterEach(() => {
  // A bar that was not ended would leave the exit code of an interruption to the test's own process.
  expect(process.listeners('exit')).toEqual(exitListeners);
});

describe('the progress of an upload', () => {
  it('shows bytes, percent and rate, and in the end what became of it', async () => {
    const terminal = new FakeTerminal();
    const progress = await createUploadProgress('/pictures/holiday.jpg', terminal);
    progress.update(1_500_000, 3_000_000);
    await expect.poll(() => terminal.written).toMatch(/holiday\.jpg {2}1\.5 MB of 3 MB, 50%, [\d.,]+ \S+\/s/);
    progress.update(3_000_000, 3_000_000);
    await expect.poll(() => terminal.written).toMatch(/3 MB of 3 MB, 100%/);
    progress.done();
    expect(terminal.written).toContain('holiday.jpg: uploaded.');
  });

  it('says that a file was not uploaded', async () => {
    const terminal = new FakeTerminal();
    const progress = await createUploadProgress('holiday.jpg', terminal);
    progress.failed();
    expect(terminal.written).toContain('holiday.jpg: not uploaded.');
  });

  it('shows the name of a file without what would steer the terminal', async () => {
    const terminal = new FakeTerminal();
    const progress = await createUploadProgress('evil\u001b]0;title\u0007.jpg', terminal);
    progress.done();
    expect(terminal.written).toContain('evil ]0;title .jpg: uploaded.');
    expect(terminal.written).not.toContain('\u001b]0;');
  });

  it('writes nothing where there is no terminal', async () => {
    const file = new FakeTerminal(false);
    const progress = await createUploadProgress('holiday.jpg', file);
    progress.update(1, 2);
    progress.done();
    progress.failed();
    expect(file.written).toBe('');
  });

  it.each([
    ['Ctrl-C on the keyboard', 'key'],
    ['the signal SIGINT', 'signal'],
  ])('ends the program with 130 on %s', async (_what, how) => {
    const module = new URL('./upload-progress.ts', import.meta.url).href;
    const program = `
      import { createUploadProgress } from ${JSON.stringify(module)};
      Object.assign(process.stderr, { isTTY: true, columns: 80 });
      await createUploadProgress('holiday.jpg', process.stderr);
      setInterval(() => {}, 1000);
      console.log('shown');`;
    const child = spawn(
      process.execPath,
      ['--conditions=source', '--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', program],
      { stdio: ['pipe', 'pipe', 'ignore'] },
    );
    await once(child.stdout, 'data');
    if (how === 'key') child.stdin.write('\u0003');
    else child.kill('SIGINT');
    const [exitCode] = await once(child, 'exit');
    expect(exitCode).toBe(130);
  });
});
