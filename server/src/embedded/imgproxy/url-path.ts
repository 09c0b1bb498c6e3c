import { isUtf8 } from 'node:buffer';
import { invalidUrl } from './imgproxy-error.ts';

/** The two parts of a request target: what is signed (without its leading slash), and the signature over it. */
export interface SignedPath {
  signature: string;
  path: string;
}

/** The source that an address names, decoded, and the extension behind it (`@webp`, `.webp`), which asks for a format. */
export interface SourceAddress {
  url: string;
  /** False where the escapes do not decode to UTF-8: no object can have such a key. */
  isText: boolean;
  extension: string | undefined;
}

/**
 * Takes a request target apart in imgproxy's order: cut the query, strip the slash, split off the signature, undo what
 * proxies do to paths. Throws a 404 where a part is missing.
 * https://docs.imgproxy.net/usage/processing
 */
export function splitRequestTarget(target: string): SignedPath {
  const [beforeQuery = ''] = target.split('?', 1);
  // The route ends with a slash and the handler strips one more, so imgproxy takes `//signature/…` too.
  const stripped = beforeQuery.replace(/^\/{1,2}/, '');
  const slash = stripped.indexOf('/');
  const signature = stripped.slice(0, Math.max(slash, 0));
  const path = slash === -1 ? '' : stripped.slice(slash + 1);
  if (signature === '' || path === '') throw invalidUrl('the path has no signature or nothing behind it');
  return { signature, path: restorePath(path) };
}

/** Whether a percent sign is not followed by two hexadecimal digits: imgproxy's HTTP server refuses that before anything else. */
export function hasMalformedEscape(path: string): boolean {
  return /%(?![0-9a-fA-F]{2})/.test(path);
}

/** Repairs `%3A` in the options and `scheme:/` in a plain source, which some proxies make of `:` and `scheme://`. */
export function restorePath(path: string): string {
  const { options, plainSource } = splitAtPlain(path);
  const restoredOptions = options.replaceAll('%3A', ':');
  if (plainSource === undefined) return restoredOptions.replace(/^\//, '');
  const restoredSource = plainSource.replace(
    /^([^\t\n\f\r ]+):\/([^/])/,
    (_match, scheme: string, next: string) => `${scheme}://${scheme === 'local' ? '/' : ''}${next}`,
  );
  return `${restoredOptions}/plain/${restoredSource}`.replace(/^\//, '');
}

function splitAtPlain(path: string): { options: string; plainSource: string | undefined } {
  if (path.startsWith('plain/')) return { options: '', plainSource: path.slice('plain/'.length) };
  const at = path.indexOf('/plain/');
  if (at === -1) return { options: path, plainSource: undefined };
  return { options: path.slice(0, at), plainSource: path.slice(at + '/plain/'.length) };
}

/** One option of an address: `rs:fit:300:300` is the name `rs` with three arguments. */
export interface UrlOption {
  name: string;
  args: readonly [string, ...string[]];
}

/** Splits a signed path into its options and the segments of its source. The first segment without a `:` ends the options. */
export function splitOptions(path: string): { options: UrlOption[]; sourceSegments: string[] } {
  const segments = path.split('/');
  const options: UrlOption[] = [];
  for (const segment of segments) {
    const [name = '', firstArgument, ...otherArguments] = segment.split(':');
    if (firstArgument === undefined) break;
    options.push({ name, args: [firstArgument, ...otherArguments] });
  }
  return { options, sourceSegments: segments.slice(options.length) };
}

/** Decodes the segments behind the options: `plain/<escaped url>[@ext]`, or base64url in any number of pieces with `[.ext]`. */
export function decodeSource(segments: readonly string[]): SourceAddress {
  const [first, ...rest] = segments;
  if (first === 'plain' && rest.length > 0) return decodePlainSource(rest.join('/'));
  return decodeBase64Source(segments.join(''));
}

function decodePlainSource(encoded: string): SourceAddress {
  const [escaped = '', extension, ...surplus] = encoded.split('@');
  if (escaped === '') throw invalidUrl('the source address is empty');
  if (surplus.length > 0) throw invalidUrl('the source address has more than one @: escape those of the key as %40');
  return sourceAddress(decodePercentEscapes(escaped), extension);
}

function decodeBase64Source(encoded: string): SourceAddress {
  const [base64 = '', extension, ...surplus] = encoded.split('.');
  if (base64 === '') throw invalidUrl('the source address is empty');
  if (surplus.length > 0) throw invalidUrl('the source address has more than one extension');
  const bytes = decodeBase64Url(base64);
  if (bytes === undefined) throw invalidUrl('the source address is neither plain/… nor base64url');
  return sourceAddress(bytes, extension);
}

function sourceAddress(bytes: Buffer, extension: string | undefined): SourceAddress {
  return { url: bytes.toString('utf8'), isText: isUtf8(bytes), extension: extension === '' ? undefined : extension };
}

function decodePercentEscapes(text: string): Buffer {
  const pieces = text.split(/(%[0-9a-fA-F]{2})/);
  return Buffer.concat(
    pieces.map((piece, at) => Buffer.from(at % 2 === 1 ? piece.slice(1) : piece, at % 2 === 1 ? 'hex' : 'utf8')),
  );
}

/** Decodes base64url with or without padding; `undefined` where it is none. */
export function decodeBase64Url(text: string): Buffer | undefined {
  const unpadded = text.replace(/=+$/, '');
  if (!/^[\w-]*$/.test(unpadded) || unpadded.length % 4 === 1) return undefined;
  return Buffer.from(unpadded, 'base64url');
}
