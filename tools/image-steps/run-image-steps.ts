import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { carryOutStage, type FinishedStage } from './carry-out-stage.ts';
import { parseDockerIgnore } from './docker-ignore.ts';
import { findNode } from './find-node.ts';
import { measureFolder } from './measure-folder.ts';
import { parseDockerfile } from './parse-dockerfile.ts';
import { tryImage } from './try-image.ts';

/** What the installed production tree may take on the disk. */
const goalMegabytes = 45;
const megabyte = 1_000_000;

/**
 * `pnpm image-steps`: carries out the Dockerfile's steps in plain folders, starts the result as a container would and
 * measures it. Needs the npm registry, and no Docker. `--keep` leaves the folder for a look.
 */
async function main(): Promise<void> {
  // Which Node the AWS SDK will want next year is no news of the image, which has its own Node.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const project = fileURLToPath(new URL('../..', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'kuanary-image-'));
  // The image's user must be able to get in.
  chmodSync(folder, 0o755);
  const log = (line: string): void => console.log(line);
  try {
    const stages = parseDockerfile(readFileSync(join(project, 'Dockerfile'), 'utf8'));
    const isIgnored = parseDockerIgnore(readFileSync(join(project, '.dockerignore'), 'utf8'));
    mkdirSync(join(folder, 'node'));
    const nodeFolder = findNode(stages[0]?.base ?? '', join(folder, 'node'));
    const finished = new Map<string, FinishedStage>();
    for (const [index, stage] of stages.entries()) {
      const name = stage.name ?? 'the image';
      log(`\n${name} (from ${stage.base})`);
      const root = join(folder, `stage-${index}`);
      mkdirSync(root);
      finished.set(name, carryOutStage(stage, { folder: project, isIgnored, finished, nodeFolder, root, log }));
    }
    const stage = stages.at(-1);
    const image = finished.get('the image');
    if (stage === undefined || image === undefined) throw new Error('the last stage of the Dockerfile has a name');

    log('\nThe image, started');
    await tryImage(stage, image, { nodeFolder, folder, log });
    reportSize(join(image.root, image.workdir), log);
  } finally {
    if (process.argv.includes('--keep')) log(`\nKept: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

function reportSize(app: string, log: (line: string) => void): void {
  const format = (bytes: number): string => `${(bytes / megabyte).toFixed(1)} MB`;
  const modules = measureFolder(join(app, 'node_modules'));
  const whole = measureFolder(app);
  log('\nSize              on disk   bytes in files');
  log(`  node_modules    ${format(modules.diskBytes)}   ${format(modules.bytes)} in ${modules.files} files`);
  log(`  the whole app   ${format(whole.diskBytes)}   ${format(whole.bytes)} in ${whole.files} files`);
  const fits = whole.diskBytes <= goalMegabytes * megabyte;
  log(`  goal: at most ${goalMegabytes} MB on disk: ${fits ? 'met' : 'MISSED'}`);
  if (!fits) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
