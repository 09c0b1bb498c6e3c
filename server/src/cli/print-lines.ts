import { printable } from '../printable-text.ts';

/** For texts of servers and files: none of them can break its line or give orders to the terminal. */
export function printLines(lines: readonly string[], print: (line: string) => void = console.log): void {
  for (const line of lines) print(printable(line));
}
