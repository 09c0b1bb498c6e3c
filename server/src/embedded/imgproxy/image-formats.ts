/** Facts about the formats that imgproxy knows, by the name it uses for them. */
export interface ImageFormatFacts {
  extension: string;
  mimeType: string;
  supportsAlpha: boolean;
  supportsColourProfile: boolean;
  /** Lossy: quality and `max_bytes` apply. */
  supportsQuality: boolean;
  /** Whether this stand-in can write the format. */
  writable: boolean;
}

const facts = (
  extension: string,
  mimeType: string,
  [supportsAlpha, supportsColourProfile, supportsQuality, writable]: readonly [boolean, boolean, boolean, boolean],
): ImageFormatFacts => ({ extension, mimeType, supportsAlpha, supportsColourProfile, supportsQuality, writable });

/** Alpha, colour profile, quality, writable here. */
export const imageFormatTable = {
  jpeg: facts('jpg', 'image/jpeg', [false, true, true, true]),
  png: facts('png', 'image/png', [true, true, false, true]),
  webp: facts('webp', 'image/webp', [true, true, true, true]),
  avif: facts('avif', 'image/avif', [true, true, true, true]),
  gif: facts('gif', 'image/gif', [true, false, false, true]),
  tiff: facts('tiff', 'image/tiff', [true, true, true, true]),
  heic: facts('heic', 'image/heif', [true, true, true, false]),
  jxl: facts('jxl', 'image/jxl', [true, true, true, false]),
  bmp: facts('bmp', 'image/bmp', [true, false, false, false]),
  ico: facts('ico', 'image/x-icon', [true, false, false, false]),
  svg: facts('svg', 'image/svg+xml', [true, false, false, false]),
} satisfies Record<string, ImageFormatFacts>;

export type ImageFormatName = keyof typeof imageFormatTable;

/** The format of that name in an address (`jpg` is another name of `jpeg`), or `undefined`. Case matters. */
export function findImageFormat(name: string): ImageFormatName | undefined {
  if (name === 'jpg') return 'jpeg';
  return isImageFormatName(name) ? name : undefined;
}

function isImageFormatName(name: string): name is ImageFormatName {
  return Object.hasOwn(imageFormatTable, name);
}

/** Leading bytes of each format; `?` stands for any byte. The order is that of the checks. */
const signatures: readonly (readonly [ImageFormatName, string])[] = [
  ['jpeg', '\xff\xd8'],
  ['jxl', '\xff\x0a'],
  ['jxl', '\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a'],
  ['png', '\x89PNG\r\n\x1a\n'],
  ['webp', 'RIFF????WEBP'],
  ['gif', 'GIF8?a'],
  ['ico', '\x00\x00\x01\x00'],
  ...['heic', 'heix', 'hevc', 'heim', 'heis', 'hevm', 'hevs', 'mif1'].map(
    (brand) => ['heic', `????ftyp${brand}`] as const,
  ),
  ['avif', '????ftypavif'],
  ['bmp', 'BM'],
  ['tiff', 'II*\x00'],
  ['tiff', 'MM\x00*'],
];

/** How far into a file an `<svg` element is looked for. */
const svgSearchBytes = 1024;

/** The format that the leading bytes announce, or `undefined` for what is no picture. */
export function detectImageFormat(bytes: Uint8Array): ImageFormatName | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, svgSearchBytes)).toString('latin1');
  const match = signatures.find(
    ([, signature]) =>
      head.length >= signature.length && [...signature].every((char, at) => char === '?' || char === head[at]),
  );
  return match?.[0] ?? (/<svg[\s>]/i.test(head) ? 'svg' : undefined);
}
