import { spawn } from 'node:child_process';

export interface ProgramRun {
  cwd?: string;
  /** Aborting it ends the program. */
  signal: AbortSignal;
}

export class ProgramError extends Error {
  constructor(program: string, what: string, output: string) {
    const reason = firstComplaint(output);
    super(`${program} ${what}${reason === '' ? '' : ` (${reason})`}`);
    this.name = 'ProgramError';
  }
}

/** Runs a program to its end and answers its standard output. @throws ProgramError, or the signal's reason */
export async function runProgram(program: string, args: readonly string[], run: ProgramRun): Promise<string> {
  const { cwd, signal } = run;
  signal.throwIfAborted();
  const name = `${program.split('/').pop()}${/^[a-z]/.test(args[0] ?? '') ? ` ${args[0]}` : ''}`;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...(cwd === undefined ? {} : { cwd }) });
    const [output, complaints]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
    const end = (): void => void child.kill('SIGTERM');
    signal.addEventListener('abort', end, { once: true });
    child.on('error', (error) => reject(new ProgramError(name, 'cannot be run', error.message)));
    child.on('close', (code, killedBy) => {
      signal.removeEventListener('abort', end);
      if (signal.aborted) reject(signal.reason);
      else if (code === 0) resolve(Buffer.concat(output).toString());
      else reject(new ProgramError(name, `ended with ${killedBy ?? code}`, Buffer.concat(complaints).toString()));
    });
  });
}

/** One line of a program's error output that says most: apt marks errors with `E:`. */
function firstComplaint(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const line = lines.find((candidate) => candidate.startsWith('E: ')) ?? lines.at(-1) ?? '';
  return line.replace(/^E: /, '').trim();
}
