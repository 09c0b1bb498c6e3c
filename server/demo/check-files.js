import { describeBytes, describeTypes } from './describe-sizes.js';

/** Some systems do not tell browsers the type of a HEIC or AVIF file. */
const typeByExtension = {
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  heic: 'image/heic',
  heif: 'image/heic',
};

const aliases = { 'image/jpg': 'image/jpeg', 'image/heif': 'image/heic' };

/** The MIME type to declare, or an empty string when nobody can tell. @param {File} file */
export function typeOf(file) {
  const extension = file.name.split('.').pop()?.toLowerCase() ?? '';
  const type = file.type === '' ? (typeByExtension[extension] ?? '') : file.type;
  return aliases[type] ?? type;
}

/**
 * What is wrong with a file before a byte of it is sent, as a sentence; null when it may be tried.
 *
 * @param {File} file
 * @param {{ types: string[], maxBytes: number }} limits
 */
export function findProblem(file, limits) {
  const type = typeOf(file);
  if (!limits.types.includes(type)) {
    const what = type === '' ? 'a file of unknown type' : type;
    return `${file.name} is ${what}. Accepted are ${describeTypes(limits.types)}. Choose a picture of one of these.`;
  }
  if (file.size === 0) return `${file.name} is empty. Choose a picture with content.`;
  if (file.size > limits.maxBytes) {
    const [size, limit] = [describeBytes(file.size, 'ceil'), describeBytes(limits.maxBytes, 'floor')];
    return `${file.name} is ${size}; the limit is ${limit}. Choose a smaller picture.`;
  }
  return null;
}
