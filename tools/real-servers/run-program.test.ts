import { describe, expect, it } from 'vitest';
import { runProgram } from './run-program.ts';

const { signal } = new AbortController();
const node = (script: string, run = { signal }): Promise<string> => runProgram(process.execPath, ['-e', script], run);

describe('runProgram', () => {
  it('answers the standard output', async () => {
    expect(await node('console.log("out"); console.error("err")')).toBe('out\n');
  });

  it('names the error that the program itself marks, else its last line', async () => {
    const failing = 'console.error("W: slow\\nE: Failed to fetch\\nE: Some index files\\nlast"); process.exit(100)';
    await expect(node(failing)).rejects.toThrow('node ended with 100 (Failed to fetch)');
    await expect(node('console.error("first\\nlast"); process.exit(3)')).rejects.toThrow('node ended with 3 (last)');
  });

  it('says which program cannot be run', async () => {
    await expect(runProgram('/no/such/program', ['update'], { signal })).rejects.toThrow(
      'program update cannot be run',
    );
  });

  it('ends the program when it is aborted, and gives the reason', async () => {
    const stop = new AbortController();
    const running = node('process.stdout.write("x"); setInterval(() => {}, 1000)', { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    await expect(node('0', { signal: stop.signal })).rejects.toThrow('enough');
  });
});
