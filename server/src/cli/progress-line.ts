const clearLine = '\r\u001b[2K';

/** Shows a text on the line where the terminal's cursor is (stderr), in place of the last; an empty one takes it away. */
export function showProgressLine(text: string): void {
  const { isTTY, columns } = process.stderr;
  if (isTTY) process.stderr.write(`${clearLine}${text.slice(0, Math.max(columns - 1, 0))}`);
}
