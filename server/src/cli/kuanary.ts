import { existsSync } from 'node:fs';
import { ConfigError } from '../config.ts';
import { exitCodes, UsageError } from './exit-codes.ts';

/** Each command is loaded when it is asked for: `start` needs neither the embedded store nor sharp. */
const commands: Record<string, { run: (args: string[]) => Promise<void>; summary: string }> = {
  dev: {
    run: async (args) => (await import('./dev.ts')).runDev(args),
    summary: 'start everything on this machine: API, demo page, object store, imgproxy',
  },
  start: {
    run: async (args) => (await import('./start.ts')).runStart(args),
    summary: 'start the API for production, from the settings in the environment or .env',
  },
  store: {
    run: async (args) => (await import('./store.ts')).runStore(args),
    summary: 'start the embedded object store alone: --port 5002 --data .kuanary/store',
  },
  imgproxy: {
    run: async (args) => (await import('./imgproxy.ts')).runImgproxy(args),
    summary: 'start the imgproxy stand-in alone: --port 5003',
  },
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
