import { createBucket } from '../bucket-setup/create-bucket.ts';
import { type ConfigurationOutcome, setUpBucket } from '../bucket-setup/set-up-bucket.ts';
import { buildStorageConfig, type Config, loadSettings, storageSettingNames } from '../config.ts';
import { createS3Clients } from '../storage/s3-clients.ts';
import { describeCause } from '../storage/s3-errors.ts';
import { createS3Storage } from '../storage/s3-storage.ts';
import { isMissingBucket, toCommandError } from './bucket-failure.ts';
import { parseCommandLine } from './command-line.ts';
import { CommandError, exitCodes, UsageError } from './exit-codes.ts';
import { printMissingBucketPlan, printOutcomes, printPlan, toJson } from './print-bucket-setup.ts';

export const setupBucketHelp = `Usage: kuanary setup-bucket [--dry-run] [--undo] [--create] [--json]

Gives the bucket what Kuanary needs: a CORS rule, so that pages of ALLOWED_ORIGINS and ANONYMOUS_ORIGINS may upload,
and lifecycle rules that remove leftovers under tmp/. It prints the difference, makes it, and reads the bucket again.
Rules of others stay as they are; objects are never touched. Run it as often as you like.

  --dry-run   print the difference and change nothing
  --undo      remove the rules again, only ours
  --create    make the bucket if it is not there; it is private
  --json      one JSON document on stdout instead of words

S3 has no lock for these rules: do not run it while somebody else edits them.

Exit codes: 0 done or nothing to do; 1 refused by the storage, or a difference on --dry-run; 2 wrong usage; 78 bad settings.
Settings: S3_ENDPOINT S3_REGION S3_BUCKET S3_ACCESS_KEY S3_SECRET_KEY S3_FORCE_PATH_STYLE ALLOWED_ORIGINS ANONYMOUS_ORIGINS`;

/** `partial`: what the storage refuses there, Kuanary can do without. */
const fineStates: readonly ConfigurationOutcome['state'][] = ['changed', 'unchanged', 'left_alone', 'partial'];

/** `kuanary setup-bucket` */
export async function runSetupBucket(args: string[]): Promise<void> {
  const commandLine = parseCommandLine(args, {
    help: setupBucketHelp,
    flags: ['dry-run', 'undo', 'create', 'json'],
    options: [],
  });
  if (commandLine === null) return;
  const { 'dry-run': dryRun, undo, create, json } = commandLine.flags;
  if (undo && create) throw new UsageError('--undo and --create contradict each other.');
  const given = loadSettings(process.env, [...storageSettingNames, 'ALLOWED_ORIGINS', 'ANONYMOUS_ORIGINS']);
  const storage = buildStorageConfig(given);
  const origins = [...new Set([...given.ALLOWED_ORIGINS, ...given.ANONYMOUS_ORIGINS])];

  const clients = createS3Clients(storage);
  try {
    const target = { client: clients.retrying, bucket: storage.bucket };
    const missing = !(await bucketExists(storage));
    if (missing && !create) {
      throw new CommandError(
        `There is no bucket "${storage.bucket}" at ${storage.endpoint}. kuanary setup-bucket --create makes it, private.`,
      );
    }
    if (missing && dryRun) {
      printMissingBucketPlan(storage, origins, json);
      process.exitCode = exitCodes.finding;
      return;
    }
    if (!json) console.log(`Bucket "${storage.bucket}" at ${storage.endpoint}`);
    if (missing) {
      await createBucket(target.client, target.bucket);
      if (!json) console.log('\nThe bucket was made. It is private.');
    }
    const setup = await setUpBucket(target, { origins, dryRun, undo, ...(json ? {} : { onPlan: printPlan }) });
    const facts = { storage, origins, dryRun, undo, created: missing };
    if (json) console.log(JSON.stringify(toJson(setup, facts), null, 2));
    else printOutcomes(setup, facts);
    const states = [setup.cors.state, setup.lifecycle.state];
    if (!states.every((state) => fineStates.includes(state))) process.exitCode = exitCodes.finding;
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`The bucket could not be set up: ${describeCause(error)}.`);
  } finally {
    clients.destroy();
  }
}

/** @throws CommandError saying why the bucket cannot be reached */
async function bucketExists(settings: Config['storage']): Promise<boolean> {
  const storage = createS3Storage(settings);
  try {
    await storage.bucketReachable();
    return true;
  } catch (error) {
    if (isMissingBucket(error)) return false;
    throw toCommandError(error, settings);
  } finally {
    storage.close();
  }
}
