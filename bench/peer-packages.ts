import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** A folder of its own, outside the workspace: nothing in it may become a dependency of the product. */
const peersFolder = fileURLToPath(new URL('./peers', import.meta.url));
const requireFromPeers = createRequire(new URL('./peers/package.json', import.meta.url));
const requireFromServer = createRequire(new URL('../server/package.json', import.meta.url));

/** Installs the packages that Kuanary is compared with, as their lockfile says, unless that is what is there. */
export async function installPeers(progress: (message: string) => void): Promise<void> {
  const wanted = await readFile(`${peersFolder}/pnpm-lock.yaml`, 'utf8');
  const installed = await readFile(`${peersFolder}/node_modules/.pnpm/lock.yaml`, 'utf8').catch(() => '');
  if (installed === wanted) return;
  progress('installing the packages that Kuanary is compared with (once)');
  const args = ['-y', 'pnpm@12', '--dir', peersFolder, '--ignore-workspace', 'install', '--frozen-lockfile'];
  await new Promise<void>((resolve, reject) => {
    // On Windows npx is a script that only a shell can start. All of its output goes to stderr: stdout is for the figures.
    const install = spawn('npx', args, { stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
    install.once('error', reject);
    install.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`Installing bench/peers ended with exit code ${code}; the lines above say why.`));
    });
  });
}

/** `T` is what is used of the package: its own types are not there when the types are checked. */
export function requirePeer<T>(name: string): T {
  return requireFromPeers(name);
}

/** The file that a peer's name stands for, to be run by another process. */
export function resolvePeer(name: string): string {
  return requireFromPeers.resolve(name);
}

/** A dependency of the server, in the very copy that the server uses. */
export function requireServerDependency<T>(name: string): T {
  return requireFromServer(name);
}
