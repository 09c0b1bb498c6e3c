import { ConfigError } from '../config.ts';
import { devHelp, imgproxyHelp, startHelp, storeHelp } from './command-help.ts';
import { loadEnvironmentFile } from './environment-file.ts';
import { CommandError, exitCodes, UsageError } from './exit-codes.ts';
import { printLines } from './print-lines.ts';

/** Each command is loaded when it is asked for: `start` needs neither the embedded store nor sharp. */
const commands: Record<string, { run: (args: string[]) => Promise<void>; summary: string; help?: string }> = {
  dev: {
    run: async (args) => (await import('./dev.ts')).runDev(args),
    summary: 'start everything on this machine: API, demo page, object store, imgproxy',
    help: devHelp,
  },
  start: {
    run: async (args) => (await import('./start.ts')).runStart(args),
    summary: 'start the API for production, from the settings in the environment or .env',
    help: startHelp,
  },
  doctor: {
    run: async (args) => (await import('./doctor.ts')).runDoctorCommand(args),
    summary: 'prove the deployment, and say what is wrong and how to mend it: --json --deep --only id,id',
  },
  store: {
    run: async (args) => (await import('./store.ts')).runStore(args),
    summary: 'start the embedded object store alone: --port 5002 --data .kuanary/store',
    help: storeHelp,
  },
  imgproxy: {
    run: async (args) => (await import('./imgproxy.ts')).runImgproxy(args),
    summary: 'start the imgproxy stand-in alone: --port 5003',
    help: imgproxyHelp,
  },
  'setup-bucket': {
    run: async (args) => (await import('./setup-bucket.ts')).runSetupBucket(args),
    summary: 'give the bucket the CORS and lifecycle rules it needs: --dry-run, --undo, --create',
  },
  usage: {
    run: async (args) => (await import('./usage.ts')).runUsage(args),
    summary: 'count objects and bytes in the bucket, by what they are',
  },
  presets: {
    run: async (args) => (await import('./presets.ts')).runPresets(args),
    summary: 'presets check: lint the presets file, and tell which URLs would change',
  },
  sign: {
    run: async (args) => (await import('./sign.ts')).runSign(args),
    summary: 'print the signed URLs of stored images',
  },
  upload: {
    run: async (args) => (await import('./upload.ts')).runUpload(args),
    summary: 'upload files through a running API, with a progress bar',
  },
};

const usage = `Usage: kuanary <command>

${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(14)}${summary}`)
  .join('\n')}

Settings are read from the environment and from ./.env; the README lists them.
kuanary <command> --help tells more; docs/commands.md tells all.
Exit codes: 0 fine, 1 a finding, 2 wrong usage, 78 bad configuration.`;

async function main([name, ...args]: string[]): Promise<void> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    console.log(usage);
    if (name === undefined) process.exitCode = exitCodes.wrongUsage;
    return;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new UsageError(`There is no command "${name}".\n\n${usage}`);
  if (command.help !== undefined && (args.includes('--help') || args.includes('-h'))) {
    console.log(command.help);
    return;
  }
  // What the environment already says wins over the file.
  loadEnvironmentFile('.env', process.env);
  // Which Node the AWS SDK will want next year is news for who runs a server, and noise in all other output.
  if (name !== 'start') process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  await command.run(args);
}

// A reader that has seen enough (`| head`) closes the pipe: that is the end, and no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    printLines(error.message.split('\n'), console.error);
    process.exit(exitCodes.wrongUsage);
  }
  if (error instanceof ConfigError) {
    printLines(error.message.split('\n'), console.error);
    process.exit(exitCodes.badConfiguration);
  }
  if (error instanceof CommandError) {
    printLines(error.message.split('\n'), console.error);
    process.exit(exitCodes.finding);
  }
  throw error;
}
