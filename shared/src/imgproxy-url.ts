import { createHmac, timingSafeEqual } from 'node:crypto';

/** One of imgproxy's key and salt pairs, as bytes. */
export interface KeyPair {
  key: Uint8Array;
  salt: Uint8Array;
}

/** Bytes of an HMAC-SHA256, and so the largest `IMGPROXY_SIGNATURE_SIZE`. */
export const maxSignatureBytes = 32;

function parseHexList(what: 'key' | 'salt', list: string): Uint8Array[] {
  const entries = list.split(',').map((entry) => entry.trim());
  return entries.map((entry, index) => {
    const which = entries.length === 1 ? `The imgproxy ${what}` : `imgproxy ${what} ${index + 1} of ${entries.length}`;
    const allowed =
      'It must be hexadecimal digits in pairs, the same as imgproxy has (openssl rand -hex 64 makes one).';
    if (entry === '') throw new RangeError(`${which} is empty. ${allowed}`);
    // Buffer.from(…, 'hex') stops silently at the first other character and would sign with what it has by then.
    if (!/^[0-9a-f]+$/i.test(entry)) throw new RangeError(`${which} is not hexadecimal. ${allowed}`);
    if (entry.length % 2 !== 0) throw new RangeError(`${which} has an odd number of digits. ${allowed}`);
    return Buffer.from(entry, 'hex');
  });
}

/**
 * Reads imgproxy's own comma-separated lists of keys and salts; the first key belongs to the first salt.
 *
 * @throws {RangeError} for anything that is not hexadecimal, or unequal counts; the message never holds the values.
 */
export function parseKeyPairs(keysHex: string, saltsHex: string): KeyPair[] {
  const keys = parseHexList('key', keysHex);
  const salts = parseHexList('salt', saltsHex);
  if (keys.length !== salts.length) {
    throw new RangeError(
      `There are ${keys.length} imgproxy keys but ${salts.length} salts. Give one salt per key, in the same order.`,
    );
  }
  return keys.flatMap((key, index) => {
    const salt = salts[index];
    return salt === undefined ? [] : [{ key, salt }];
  });
}

/**
 * Signs the part of an imgproxy path that follows the signature, leading slash included.
 *
 * @param signatureSize bytes of the digest that are kept, 1 to 32 (imgproxy's `IMGPROXY_SIGNATURE_SIZE`).
 * @returns unpadded base64url
 * @see https://docs.imgproxy.net/usage/signing_url
 */
export function signImgproxyPath(path: string, pair: KeyPair, signatureSize: number): string {
  const hmac = createHmac('sha256', pair.key).update(pair.salt).update(path);
  if (signatureSize === maxSignatureBytes) return hmac.digest('base64url');
  return hmac.digest().subarray(0, signatureSize).toString('base64url');
}

/**
 * Whether any of the pairs made this signature, compared in constant time. As in imgproxy the length must be exact,
 * and the spare bits of the last character are not looked at.
 */
export function verifyImgproxyPath(
  signature: string,
  path: string,
  pairs: readonly KeyPair[],
  signatureSize: number,
): boolean {
  if (!/^[A-Za-z0-9_-]*$/.test(signature) || signature.length !== Math.ceil((signatureSize * 4) / 3)) return false;
  const given = Buffer.from(signature, 'base64url');
  let matches = false;
  for (const { key, salt } of pairs) {
    const digest = createHmac('sha256', key).update(salt).update(path).digest().subarray(0, signatureSize);
    matches = timingSafeEqual(given, digest) || matches;
  }
  return matches;
}

/** One path segment that means the same to everybody, escaped or not, and is neither "." nor "..". */
const plainKey = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** Why imgproxy could not be asked for this key in a plain URL, or undefined if it can. */
function unaddressable(key: string): string | undefined {
  if (key === '') return 'it is empty';
  if (key.startsWith('/')) return 'it begins with "/", which imgproxy cuts off';
  if (/\p{Cc}/u.test(key)) return 'it has control characters, which imgproxy refuses';
  if (key.includes('?')) return 'it has a "?", after which imgproxy reads a version id';
  if (/\p{Surrogate}/u.test(key)) return 'it is not well-formed Unicode';
  if (/(?:^|\/)\.\.?(?:\/|$)/.test(key))
    return 'it has a "." or ".." segment, which clients resolve before they send it';
  return undefined;
}

/**
 * The source of an object in a plain imgproxy URL: "s3://bucket/key", escaped so that no browser or proxy changes it
 * after signing (more than imgproxy's documented three characters: WHATWG URLs escape spaces, quotes and others).
 *
 * @throws {RangeError} for keys that imgproxy cannot address whatever the escaping.
 */
export function buildSourceUrl(bucket: string, key: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(bucket)) {
    throw new RangeError(
      `${JSON.stringify(bucket)} is not a bucket name: letters, digits, ".", "_" and "-" are allowed.`,
    );
  }
  // Names of our own making need none of the checks and escapes below, which cost half as much as the HMAC.
  if (plainKey.test(key)) return `s3://${bucket}/${key}`;
  const reason = unaddressable(key);
  if (reason !== undefined) {
    throw new RangeError(`imgproxy cannot address the object ${JSON.stringify(key.slice(0, 200))}: ${reason}.`);
  }
  return `s3://${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
}

export interface ImgproxySigner {
  /**
   * @param optionsPrefix of a compiled preset, "/…/plain/"
   * @param sourceUrl as `buildSourceUrl` makes it
   */
  imageUrl(optionsPrefix: string, sourceUrl: string): string;
}

/**
 * Makes the signer of one deployment. The first pair signs; equal input gives equal URLs.
 *
 * @throws {RangeError} if there is no pair, the size is not 1 to 32 bytes, or the address cannot be prefixed to a path.
 */
export function createImgproxySigner(options: {
  baseUrl: string;
  pairs: readonly KeyPair[];
  signatureSize: number;
}): ImgproxySigner {
  const { pairs, signatureSize } = options;
  const [pair] = pairs;
  if (pair === undefined) throw new RangeError('Signing needs an imgproxy key and salt.');
  if (!Number.isInteger(signatureSize) || signatureSize < 1 || signatureSize > maxSignatureBytes) {
    throw new RangeError(`An imgproxy signature has 1 to ${maxSignatureBytes} bytes, not ${signatureSize}.`);
  }
  if (/[?#\s]/.test(options.baseUrl)) {
    throw new RangeError('The address of imgproxy must not have a query, a fragment or spaces.');
  }
  const base = `${options.baseUrl.replace(/\/+$/, '')}/`;
  return {
    imageUrl(optionsPrefix, sourceUrl) {
      const path = optionsPrefix + sourceUrl;
      return base + signImgproxyPath(path, pair, signatureSize) + path;
    },
  };
}
