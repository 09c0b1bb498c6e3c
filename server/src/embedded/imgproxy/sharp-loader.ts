import type sharp from 'sharp';

export type SharpModule = typeof sharp;

/** Loads sharp, an optional dependency. Throws an error that says what to do where it is missing or does not run. */
export async function loadSharp(): Promise<SharpModule> {
  try {
    return (await import('sharp')).default;
  } catch (cause) {
    throw new Error(
      'The imgproxy stand-in renders with sharp, which is not installed or does not run on this machine. ' +
        'Install the optional dependencies (pnpm install), or run a real imgproxy and set IMGPROXY_URL, IMGPROXY_KEY and IMGPROXY_SALT.',
      { cause },
    );
  }
}
