/** Inclusive. */
export interface ByteRange {
  first: number;
  last: number;
}

/**
 * What a `Range` header asks of an object, with RadosGW's reading: of several ranges the first counts, and what is no range
 * at all is ignored (`null`: the whole object).
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-14.1.2
 */
export function parseByteRange(header: string | undefined, totalBytes: number): ByteRange | 'unsatisfiable' | null {
  const [, start = '', end = ''] = /^\s*bytes\s*=\s*(\d{0,16})\s*-\s*(\d{0,16})\s*(?:,.*)?$/i.exec(header ?? '') ?? [];
  if (start === '' && end === '') return null;
  const range =
    start === ''
      ? { first: Math.max(0, totalBytes - Number(end)), last: totalBytes - 1 }
      : { first: Number(start), last: end === '' ? totalBytes - 1 : Math.min(Number(end), totalBytes - 1) };
  return range.first >= totalBytes || range.last < range.first ? 'unsatisfiable' : range;
}
