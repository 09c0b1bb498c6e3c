import { existsSync } from 'node:fs';
import { ConfigError } from '../config.ts';
import { runDev } from './dev.ts';
import { exitCodes, UsageError } from './exit-codes.ts';
import { runImgproxy } from './imgproxy.ts';
import { runStart } from './start.ts';
import { runStore } from './store.ts';

const commands: Record<string, { run: (args: string[]) => Promise<void>; summary: string }> = {
  dev: { run: runDev, summary: 'start everything on this machine: API, demo page, object store, imgproxy' },
  start: { run: runStart, summary: 'start the API for production, from the settings in the environment or .env' },
  store: { run: runStore, summary: 'start the embedded object store alone: --port 5002 --data .kuanary/store' },
  imgproxy: { run: runImgproxy, summary: 'start the imgproxy stand-in alone: --port 5003' },
};

const usage = `Usage: kuanary <command>

${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`)
  .join('\n')}

Settings are read from the environment and from ./.env; the README lists them.`;

async function main([name, ...args]: string[]): Promise<void> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    console.log(usage);
    if (name === undefined) process.exitCode = exitCodes.wrongUsage;
    return;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new UsageError(`There is no command "${name}".\n\n${usage}`);
  // What the environment already says wins over the file.
  if (existsSync('.env')) process.loadEnvFile('.env');
  await command.run(args);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    console.error(error.message);
    process.exit(exitCodes.wrongUsage);
  }
  if (error instanceof ConfigError) {
    console.error(error.message);
    process.exit(exitCodes.badConfiguration);
  }
  throw error;
}
