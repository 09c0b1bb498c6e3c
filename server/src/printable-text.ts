/**
 * Control characters (a terminal obeys them), line and paragraph separators, and the marks that turn the direction of
 * writing (Unicode Standard Annex 9, section 2): what a foreign text could use to look like something else.
 */
const unprintable = /[\p{Cc}\u{061C}\u{200E}\u{200F}\u{2028}\u{2029}\u{202A}-\u{202E}\u{2066}-\u{2069}]/gu;

/** Half a character, which no encoding can write. */
const loneSurrogate = /\p{Surrogate}/gu;
const loneSurrogateAtEnd = /\p{Surrogate}$/u;

/**
 * A text of a server, a bucket or a file name as one line that is safe to show in a terminal: every character that would
 * move the cursor, break the line or turn the direction of writing becomes a space.
 * With `maxCharacters` (UTF-16 units) a longer text is cut and ends in "…", which counts.
 */
export function printable(text: string, maxCharacters = Number.POSITIVE_INFINITY): string {
  const line = text.replaceAll(unprintable, ' ').replaceAll(loneSurrogate, '\u{FFFD}');
  if (line.length <= maxCharacters) return line;
  // What the cut leaves of a character goes as well.
  return `${line.slice(0, Math.max(0, maxCharacters - 1)).replace(loneSurrogateAtEnd, '')}…`;
}
