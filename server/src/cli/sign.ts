import { imageFilenamePattern } from '@kuanary/shared/contract';
import { createImgproxySigner } from '@kuanary/shared/imgproxy-url';
import { PresetsError } from '@kuanary/shared/presets';
import { buildImgproxyConfig, ConfigError, imgproxySettingNames, loadSettings } from '../config.ts';
import { AppError } from '../errors.ts';
import { createPresetStore, type PresetStore } from '../images/preset-store.ts';
import { createPresetUrls } from '../images/preset-urls.ts';
import { parseCommandLine } from './command-line.ts';
import { UsageError } from './exit-codes.ts';

export const signHelp = `Usage: kuanary sign <filename>… [--preset name] [--json]

Prints the signed imgproxy URL and the stable link of stored images, for every preset or for one. Nothing is asked
over the network: whether the image exists is not checked.

  --preset   this preset only
  --json     one JSON document on stdout: filename, urls, links, srcset

Without --json each line holds filename, preset, signed URL and link, with tabs between.

Exit codes: 0 printed; 2 wrong usage, such as a name that no image can have; 78 bad settings.
Settings: S3_BUCKET IMGPROXY_URL IMGPROXY_KEY IMGPROXY_SALT IMGPROXY_SIGNATURE_SIZE IMGPROXY_EDITION PRESETS_FILE
DEFAULT_PRESET PUBLIC_URL`;

/** `kuanary sign` */
export async function runSign(args: string[]): Promise<void> {
  const commandLine = parseCommandLine(args, {
    help: signHelp,
    flags: ['json'],
    options: ['preset'],
    operands: { name: 'The file name of an image', min: 1, max: Number.POSITIVE_INFINITY },
  });
  if (commandLine === null) return;
  const filenames = commandLine.operands;
  const foreign = filenames.filter((filename) => !imageFilenamePattern.test(filename));
  if (foreign.length > 0) {
    throw new UsageError(
      `No image can be called ${foreign.map((name) => JSON.stringify(name)).join(', ')}: a name has letters, digits, "_", "." and "-", no folder, and ends in jpg, jpeg, png, gif, webp, avif, heic or heif.`,
    );
  }
  const settings = loadSettings(process.env, [
    ...imgproxySettingNames,
    ...(['S3_BUCKET', 'PRESETS_FILE', 'DEFAULT_PRESET', 'PUBLIC_URL'] as const),
  ]);
  const imgproxy = buildImgproxyConfig(settings);
  const presets = await loadPresets(settings.PRESETS_FILE, imgproxy.edition);
  const urls = createPresetUrls({
    presets,
    signer: createImgproxySigner({
      baseUrl: imgproxy.url,
      pairs: imgproxy.keyPairs,
      signatureSize: imgproxy.signatureSize,
    }),
    bucket: settings.S3_BUCKET,
    publicUrl: settings.PUBLIC_URL,
    defaultPreset: settings.DEFAULT_PRESET,
  });
  const { preset } = commandLine.options;
  const names = preset === undefined ? presets.current().names : [preset];
  const signed = filenames.map((filename) => ({ filename, ...signImage(urls, filename, names) }));
  if (commandLine.flags.json) {
    console.log(JSON.stringify(signed, null, 2));
    return;
  }
  for (const { filename, urls: byPreset, links } of signed) {
    for (const name of names) console.log([filename, name, byPreset[name], links[name]].join('\t'));
  }
}

function signImage(
  urls: ReturnType<typeof createPresetUrls>,
  filename: string,
  names: readonly string[],
): ReturnType<typeof urls.addressesOf> {
  try {
    return urls.addressesOf(filename, names);
  } catch (error) {
    if (error instanceof AppError && error.code === 'unknown_preset') throw new UsageError(error.message);
    throw error;
  }
}

/** The presets as the API would load them now; edits are not followed. @throws ConfigError */
async function loadPresets(file: string, edition: 'oss' | 'pro'): Promise<PresetStore> {
  const tell = (details: object, message: string): void => {
    // About the directory it says only whether edits can be followed, and nothing is followed here.
    if (!('directory' in details)) console.error(`Warning: ${message}`);
  };
  try {
    const store = await createPresetStore({ file, edition, log: { info: () => {}, warn: tell, error: tell } });
    store.close();
    return store;
  } catch (error) {
    if (error instanceof PresetsError) throw new ConfigError(error.problems);
    throw error;
  }
}
