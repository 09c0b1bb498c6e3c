import { join } from 'node:path';
import { findFreePorts, makeTemporaryFolder, repositoryFolder, runKuanary } from './run-kuanary.ts';

export interface Stack {
  /** API and demo page. */
  apiUrl: string;
  storeUrl: string;
  imgproxyUrl: string;
  /** `stand-in`, `your own`, or the program that runs. */
  imgproxyKind: string;
  /** The printed key, as `id:secret`. */
  apiKey: string;
  /** From the start of the process to its printed addresses. */
  readyAfterMs: number;
  folder: string;
  /** Ctrl-C. @throws Error unless everything ends cleanly. */
  stop(): Promise<void>;
}

/**
 * Starts the whole product with `kuanary dev`, in a fresh folder and on free ports.
 *
 * @param options.folder an existing folder to go on with, as after a restart; it is then the caller's to delete
 * @param options.ports API, store, imgproxy
 */
export async function startStack(
  options: { folder?: string; ports?: readonly number[]; settings?: Record<string, string> } = {},
): Promise<Stack> {
  const ownFolder = options.folder === undefined ? await makeTemporaryFolder() : undefined;
  const folder = options.folder ?? ownFolder?.path ?? '';
  const [apiPort, storePort, imgproxyPort] = options.ports ?? (await findFreePorts(3));
  const startedAt = performance.now();
  const command = runKuanary(['dev'], {
    folder,
    settings: {
      PORT: String(apiPort),
      KUANARY_STORE_PORT: String(storePort),
      KUANARY_IMGPROXY_PORT: String(imgproxyPort),
      KUANARY_DATA: join(folder, 'data'),
      PRESETS_FILE: join(repositoryFolder, 'data/presets.json'),
      ...options.settings,
    },
  });
  await command.waitFor(/Ctrl-C stops/).catch(async (error: unknown) => {
    command.process.kill('SIGKILL');
    await ownFolder?.remove();
    throw error;
  });
  const readyAfterMs = performance.now() - startedAt;
  const printed = async (name: string): Promise<string> =>
    (await command.waitFor(new RegExp(`^ *${name} +(\\S+)`, 'm')))[1] ?? '';

  async function stop(): Promise<void> {
    const code = await command.interrupt();
    await ownFolder?.remove();
    if (code === 0) return;
    const { stdout, stderr } = command.output();
    throw new Error(`kuanary dev ended with ${code} after Ctrl-C:\n${stdout}\n${stderr}`);
  }

  return {
    apiUrl: await printed('API and demo page'),
    storeUrl: await printed('Object store'),
    imgproxyUrl: await printed('imgproxy'),
    imgproxyKind: (await command.waitFor(/^ *imgproxy +\S+ +\((.+)\)$/m))[1] ?? '',
    apiKey: await printed('API key'),
    readyAfterMs,
    folder,
    stop,
  };
}
