/*
 * Sizes as people read them, in decimal units. A limit is rounded down and a file that breaks it is rounded up, so that
 * no sentence ever says "21 MB; at most 21 MB".
 */

const units = [
  ['gigabyte', 1e9],
  ['megabyte', 1e6],
  ['kilobyte', 1e3],
];

/** @param {number} bytes @param {'floor' | 'ceil' | 'halfExpand'} [roundingMode] */
export function describeBytes(bytes, roundingMode = 'halfExpand') {
  const found = units.find(([, size]) => bytes >= size);
  if (found === undefined) return `${bytes} bytes`;
  const [unit, size] = found;
  const shown = new Intl.NumberFormat('en', { style: 'unit', unit, maximumFractionDigits: 1, roundingMode });
  return shown.format(bytes / size);
}

/** @param {number} pixels */
export function describePixels(pixels) {
  const megapixels = new Intl.NumberFormat('en', { maximumFractionDigits: 1, roundingMode: 'floor' });
  return `${megapixels.format(pixels / 1e6)} megapixels`;
}

/** Never broken over two lines. @param {number} width @param {number} height */
export function describeSides(width, height) {
  return `${width}\u00a0×\u00a0${height}`;
}

const typeNames = { jpeg: 'JPEG', png: 'PNG', gif: 'GIF', webp: 'WebP', avif: 'AVIF', heic: 'HEIC' };

/** "image/webp" or "webp" → "WebP" */
export function describeType(type) {
  const name = type.replace(/^image\//, '');
  return typeNames[name] ?? name;
}

/** @param {string[]} types MIME types */
export function describeTypes(types) {
  return new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(types.map(describeType));
}
