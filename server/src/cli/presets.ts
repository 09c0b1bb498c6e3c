import { UsageError } from './exit-codes.ts';
import { presetsCheckHelp, runPresetsCheck } from './presets-check.ts';

/** `kuanary presets …`: `check` is the one thing it can do. */
export async function runPresets([name, ...args]: string[]): Promise<void> {
  if (name === '--help' || name === '-h') {
    console.log(presetsCheckHelp);
    return;
  }
  if (name !== 'check') {
    const said = name === undefined ? 'Say what to do' : `There is no "presets ${name}"`;
    throw new UsageError(`${said}: kuanary presets check\n\n${presetsCheckHelp}`);
  }
  await runPresetsCheck(args);
}
