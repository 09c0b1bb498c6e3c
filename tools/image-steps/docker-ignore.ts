/**
 * Reads a `.dockerignore` as Docker does: one pattern a line, `!` takes back, the last match counts, a pattern also covers
 * what lies under a folder that it names. `path` is relative to the build context, with slashes.
 *
 * @see https://docs.docker.com/build/concepts/context/#dockerignore-files
 */
export function parseDockerIgnore(text: string): (path: string) => boolean {
  const patterns = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const takesBack = line.startsWith('!');
      const pattern = (takesBack ? line.slice(1) : line).replace(/^\/+|\/+$/g, '');
      return { takesBack, matches: patternToRegExp(pattern) };
    });
  return (path) => {
    let ignored = false;
    for (const { takesBack, matches } of patterns) {
      if (matches.test(path)) ignored = !takesBack;
    }
    return ignored;
  };
}

/** `**` stands for any number of folders, `*` and `?` stay within one name. */
function patternToRegExp(pattern: string): RegExp {
  const source = pattern.replace(/\*\*\/?|\*|\?|[.+^${}()|[\]\\]/g, (token) => {
    if (token === '**/') return '(?:.*/)?';
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    return `\\${token}`;
  });
  return new RegExp(`^${source}(?:/.*)?$`);
}
