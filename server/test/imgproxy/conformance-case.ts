import { buildSourceUrl, type KeyPair } from '@kuanary/shared/imgproxy-url';
import { signedPath } from './signed-requests.ts';

/** What an address is made of, besides what a case decides. */
export interface Addressing {
  bucket: string;
  keyPair: KeyPair;
  /** The key under which a source is stored. */
  key(file: string): string;
}

/** One request that is sent to the stand-in and to the real imgproxy. */
export interface ConformanceCase {
  /** Unique; the table of listed differences names cases by it. */
  name: string;
  /** The source it is about, where there is one: what imgproxy's libvips cannot read is left out. */
  file?: string;
  /** The format it asks for: what imgproxy's libvips cannot write is left out. */
  format?: string;
  /** The request target, exactly as it is sent. */
  target(addressing: Addressing): string;
  method?: string;
  headers?: Readonly<Record<string, string>>;
}

/** The part of an address that is signed. */
export function plainPath({ bucket, key }: Addressing, options: string, file: string): string {
  return `${options === '' ? '' : `/${options}`}/plain/${buildSourceUrl(bucket, key(file))}`;
}

/** A signed address of a stored source. */
export function picture(options: string, file: string): ConformanceCase {
  const format = /(?:^|\/)f:([a-z]+)(?:\/|$)/.exec(options)?.[1];
  return {
    name: `${options === '' ? 'no options' : options} of ${file}`,
    file,
    ...(format === undefined ? {} : { format }),
    target: (addressing) => signedPath(plainPath(addressing, options, file), addressing.keyPair),
  };
}

/** One signed address for each of `options`. */
export function pictures(file: string, options: readonly string[]): ConformanceCase[] {
  return options.map((option) => picture(option, file));
}

/** A path of the case's own making, signed rightly. */
export function signedCase(name: string, path: (addressing: Addressing) => string): ConformanceCase {
  return { name, target: (addressing) => signedPath(path(addressing), addressing.keyPair) };
}
