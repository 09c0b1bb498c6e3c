import { readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { type ServerName, UsageError } from './given-servers.ts';

interface Suite {
  /** A file, or several: `*` stands for a part of a file's name. */
  files: string;
  /** Without it, the file is not run. */
  needs: ServerName;
  /** Without it, the file leaves a part of itself out. */
  uses?: ServerName;
}

/** What means something on real servers. The first line that fits a file counts. */
export const realServerSuites: readonly Suite[] = [
  { files: 'server/test/object-store/object-store.test.ts', needs: 's3' },
  { files: 'server/test/object-store/*conformance.test.ts', needs: 's3' },
  { files: 'server/test/storage/storage-contract.test.ts', needs: 's3' },
  { files: 'server/test/bucket-setup/*.test.ts', needs: 's3' },
  { files: 'server/test/cli/*.test.ts', needs: 's3' },
  { files: 'server/test/*.test.ts', needs: 's3' },
  { files: 'server/test/imgproxy/rendering-contract.test.ts', needs: 'imgproxy' },
  { files: 'server/test/imgproxy/*conformance.test.ts', needs: 'imgproxy' },
  { files: 'server/test/doctor/real-servers.test.ts', needs: 's3', uses: 'imgproxy' },
  { files: 'e2e/real-servers.test.ts', needs: 's3', uses: 'imgproxy' },
];

export interface ChosenSuites {
  run: string[];
  /** By the server that is lacking: files, and those of which a part is left out. */
  skipped: Map<ServerName, string[]>;
}

/**
 * @param testFiles paths from the root of the repository
 * @param wanted parts of paths; none means all
 * @throws UsageError for a wanted file that is none of the suites
 */
export function chooseSuites(
  testFiles: readonly string[],
  wanted: readonly string[],
  absent: ReadonlySet<ServerName>,
): ChosenSuites {
  const suites = testFiles.flatMap((file) => {
    const suite = realServerSuites.find((line) => isOfSuite(file, line));
    return suite === undefined ? [] : [{ file, suite }];
  });
  const strangers = wanted.filter((part) => !suites.some(({ file }) => file.includes(part)));
  if (strangers.length > 0)
    throw new UsageError([
      `${strangers.join(', ')}: none of the suites for real servers, which are`,
      ...suites.map(({ file }) => `  ${file}`),
    ]);

  const chosen: ChosenSuites = { run: [], skipped: new Map() };
  const skip = (name: ServerName, what: string): void => {
    chosen.skipped.set(name, [...(chosen.skipped.get(name) ?? []), what]);
  };
  for (const { file, suite } of suites) {
    if (wanted.length > 0 && !wanted.some((part) => file.includes(part))) continue;
    const { needs, uses } = suite;
    if (absent.has(needs)) skip(needs, file);
    else chosen.run.push(file);
    if (uses !== undefined && absent.has(uses) && !absent.has(needs)) skip(uses, `${file}, in part`);
  }
  return chosen;
}

export function isOfSuite(file: string, { files }: Suite): boolean {
  const escaped = files.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*');
  return new RegExp(`^${escaped}$`).test(file);
}

/** Every test file that may be one of them, from the root of the repository. */
export function listTestFiles(root: string): string[] {
  const within = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : within(path);
      return entry.name.endsWith('.test.ts') ? [path.split(sep).join('/')] : [];
    });
  return ['server/test', 'e2e'].flatMap(within).sort();
}
