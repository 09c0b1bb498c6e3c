/** However narrow the terminal is: text in thinner columns cannot be read. */
const minTextColumns = 30;

/**
 * Breaks a text at its spaces into lines of at most `width` columns, each behind its prefix. A word that is longer, such
 * as an address, stays whole, so that it can be copied.
 */
export function wrapText(text: string, width: number, firstPrefix: string, nextPrefix: string): string[] {
  const lines: string[] = [];
  const columns = Math.max(width - firstPrefix.length, minTextColumns);
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines.map((content, index) => `${index === 0 ? firstPrefix : nextPrefix}${content}`);
}
