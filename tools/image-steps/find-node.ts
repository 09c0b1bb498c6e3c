import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of a `node` of the image's major version: this process's own, or one that npm installs into `folder`. */
export function findNode(image: string, folder: string): string {
  const version = /^node:(\d+\.\d+\.\d+)/.exec(image)?.[1];
  if (version === undefined) throw new Error(`${image} is not an exact tag of the image "node"`);
  if (process.versions.node.split('.')[0] === version.split('.')[0]) return dirname(process.execPath);
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  execFileSync('npm', ['install', '--no-audit', '--no-fund', `node@${version}`], { cwd: folder, stdio: 'pipe' });
  return join(folder, 'node_modules/node/bin');
}
