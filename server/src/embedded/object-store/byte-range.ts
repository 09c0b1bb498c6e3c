/** Inclusive. */
export interface ByteRange {
  first: number;
  last: number;
}

/**
 * What a `Range` header asks of an object, with RadosGW's reading: of several ranges the first counts, other units than
 * bytes are ignored (`null`: the whole object), and what is no range of bytes cannot be satisfied.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-14.1.2
 */
export function parseByteRange(header: string | undefined, totalBytes: number): ByteRange | 'unsatisfiable' | null {
  const [, ranges] = /^\s*bytes\s*=(.*)$/i.exec(header ?? '') ?? [];
  if (ranges === undefined) return null;
  const [, start = '', end = ''] = /^\s*(\d*)\s*-\s*(\d*)\s*(?:,|$)/.exec(ranges) ?? [];
  if (start === '' && end === '') return 'unsatisfiable';
  const range =
    start === ''
      ? { first: Math.max(0, totalBytes - Number(end)), last: totalBytes - 1 }
      : { first: Number(start), last: end === '' ? totalBytes - 1 : Math.min(Number(end), totalBytes - 1) };
  return range.first >= totalBytes || range.last < range.first ? 'unsatisfiable' : range;
}
