import { buildStorageConfig, type Config, loadSettings, storageSettingNames } from '../config.ts';
import { createS3Storage } from '../storage/s3-storage.ts';
import { toCommandError } from './bucket-failure.ts';
import { parseCommandLine } from './command-line.ts';
import { formatCount } from './human-numbers.ts';
import { type BucketUsage, findUsageWarnings, measureUsage } from './measure-usage.ts';
import { showProgressLine } from './progress-line.ts';
import { formatUsageTable } from './usage-table.ts';

export const usageHelp = `Usage: kuanary usage [--json]

Counts the objects and bytes in the bucket by what they are: images, images of older versions, leftovers under tmp/,
other folders. It only lists: 1000 objects a request, in constant memory. Old versions of objects are not counted.

  --json   exact numbers as one JSON document on stdout

Progress is shown on a terminal. Warnings go to stderr.

Exit codes: 0 counted, warnings included; 1 the storage could not be read; 2 wrong usage; 78 bad settings.
Settings: S3_ENDPOINT S3_REGION S3_BUCKET S3_ACCESS_KEY S3_SECRET_KEY S3_FORCE_PATH_STYLE`;

/** `kuanary usage` */
export async function runUsage(args: string[]): Promise<void> {
  const commandLine = parseCommandLine(args, { help: usageHelp, flags: ['json'], options: [] });
  if (commandLine === null) return;
  const settings = buildStorageConfig(loadSettings(process.env, storageSettingNames));
  const usage = await measure(settings);
  if (commandLine.flags.json) console.log(JSON.stringify(usageToJson(settings, usage), null, 2));
  else console.log(`Bucket "${settings.bucket}" at ${settings.endpoint}\n\n${formatUsageTable(usage)}`);
  for (const warning of findUsageWarnings(usage)) console.error(`Warning: ${warning}`);
}

async function measure(settings: Config['storage']): Promise<BucketUsage> {
  const storage = createS3Storage(settings);
  try {
    await storage.bucketReachable();
    return await measureUsage(storage, (objects) => showProgressLine(`${formatCount(objects)} objects counted …`));
  } catch (error) {
    throw toCommandError(error, settings);
  } finally {
    showProgressLine('');
    storage.close();
  }
}

function usageToJson({ bucket, endpoint }: Config['storage'], usage: BucketUsage): object {
  return { bucket, endpoint, ...usage, warnings: findUsageWarnings(usage) };
}
