import type { ImageAddresses } from '@kuanary/shared/contract';
import type { CompiledPreset } from '@kuanary/shared/imgproxy-options';
import { buildSourceUrl, type ImgproxySigner } from '@kuanary/shared/imgproxy-url';
import { AppError } from '../errors.ts';
import type { LoadedPresets, PresetStore } from './preset-store.ts';

/** The addresses of stored images, made from the presets that are in force at the moment of the call. */
export interface PresetUrls {
  /**
   * Everything an answer says about one image, for the presets asked for (at least one). `url` is the signed URL of
   * `defaultPreset(presetNames)`; `srcset` has the presets that have `widths`, and is absent if none has.
   *
   * @throws {AppError} `unknown_preset`
   */
  addressesOf(filename: string, presetNames: readonly string[]): ImageAddresses & { url: string };
  /** The signed URL of one preset. @throws {AppError} `unknown_preset` */
  imageUrl(presetName: string, filename: string): string;
  /** @throws {AppError} `unknown_preset`, naming the first name that is unknown, and the names there are */
  assertKnown(presetNames: readonly string[]): void;
  /** `DEFAULT_PRESET` if it is among these names, else `thumbnail` if that is, else the first. */
  defaultPreset(among: readonly string[]): string;
}

/** Names listed in an error; the rest is counted. */
const maxListedNames = 20;

function unknownPreset(name: string, { names }: LoadedPresets): AppError {
  const listed = names.slice(0, maxListedNames).join(', ');
  const rest = names.length > maxListedNames ? ` and ${names.length - maxListedNames} more (GET /presets)` : '';
  return new AppError(
    'unknown_preset',
    `There is no preset ${JSON.stringify(name.slice(0, 64))}. There are: ${listed}${rest}.`,
  );
}

function compiledPreset(name: string, loaded: LoadedPresets): CompiledPreset {
  const preset = loaded.compiled.get(name);
  if (preset === undefined) throw unknownPreset(name, loaded);
  return preset;
}

/**
 * @param options.publicUrl own address, for absolute links; without it links are paths
 * @param options.defaultPreset `DEFAULT_PRESET`
 */
export function createPresetUrls(options: {
  presets: PresetStore;
  signer: ImgproxySigner;
  bucket: string;
  publicUrl: string | undefined;
  defaultPreset: string | undefined;
}): PresetUrls {
  const { presets, signer, bucket } = options;
  const linkBase = `${options.publicUrl?.replace(/\/+$/, '') ?? ''}/i/`;

  function defaultPreset(among: readonly string[]): string {
    const preferred = [options.defaultPreset, 'thumbnail'].find((name) => name !== undefined && among.includes(name));
    const name = preferred ?? among[0];
    if (name === undefined) throw new RangeError('An image needs at least one preset to have an address.');
    return name;
  }

  function srcsetOf({ responsive }: CompiledPreset, source: string): string {
    return responsive.map(({ width, prefix }) => `${signer.imageUrl(prefix, source)} ${width}w`).join(', ');
  }

  return {
    defaultPreset,

    imageUrl(presetName, filename) {
      return signer.imageUrl(compiledPreset(presetName, presets.current()).prefix, buildSourceUrl(bucket, filename));
    },

    assertKnown(presetNames) {
      const loaded = presets.current();
      for (const name of presetNames) compiledPreset(name, loaded);
    },

    addressesOf(filename, presetNames) {
      const loaded = presets.current();
      const source = buildSourceUrl(bucket, filename);
      const names = [...new Set(presetNames)];
      const asked = names.map((name) => ({ name, preset: compiledPreset(name, loaded) }));
      const url = signer.imageUrl(compiledPreset(defaultPreset(names), loaded).prefix, source);
      const sets = asked.filter(({ preset }) => preset.responsive.length > 0);
      return {
        url,
        urls: Object.fromEntries(asked.map(({ name, preset }) => [name, signer.imageUrl(preset.prefix, source)])),
        links: Object.fromEntries(names.map((name) => [name, `${linkBase}${name}/${encodeURIComponent(filename)}`])),
        ...(sets.length > 0 && {
          srcset: Object.fromEntries(sets.map(({ name, preset }) => [name, srcsetOf(preset, source)])),
        }),
      };
    },
  };
}
