/** What each package depends on; providers stand in for packages that exist in name only. */
export type DependencyGraph = ReadonlyMap<string, readonly string[]>;

/**
 * Reads the answer of `apt-cache depends --recurse`: a package at the start of a line, its dependencies indented by two, and below a virtual
 * package (`<name>`) its providers indented by four.
 */
export function parseDependencies(answer: string): DependencyGraph {
  const graph = new Map<string, string[]>();
  let dependencies: string[] = [];
  for (const line of answer.split('\n')) {
    const [, name] = /^(\S+)$/.exec(line) ?? [];
    const [, dependency] = /^ [ |](?:Pre)?Depends: (\S+)$/.exec(line) ?? /^ {4}(\S+)$/.exec(line) ?? [];
    if (name !== undefined) {
      dependencies = [];
      graph.set(name, dependencies);
    } else if (dependency !== undefined && !dependency.startsWith('<')) {
      dependencies.push(dependency);
    }
  }
  return graph;
}

/**
 * The shared libraries that some packages need, and these libraries in turn. Everything else a distribution would install along (shells,
 * init scripts, Python, user accounts) is of no use to a daemon that is run by hand.
 */
export function librariesNeeded(
  graph: DependencyGraph,
  packages: readonly string[],
  unneeded: ReadonlySet<string>,
): string[] {
  const found = new Set<string>();
  const waiting = [...packages];
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    for (const dependency of graph.get(name) ?? []) {
      if (!dependency.startsWith('lib') || unneeded.has(dependency) || found.has(dependency)) continue;
      found.add(dependency);
      waiting.push(dependency);
    }
  }
  return [...found].sort();
}

/** The first address of Debian's main archive in the texts of sources files, one-line or deb822 style. */
export function findDebianMirror(sources: readonly string[]): string | null {
  for (const line of sources.join('\n').split('\n')) {
    const [, addresses] = /^\s*(?:URIs:|deb\s+(?:\[[^\]]*\]\s*)?)\s*(.+)$/.exec(line) ?? [];
    const mirror = addresses?.split(/\s+/).find(isDebianArchive);
    if (mirror !== undefined) return mirror;
  }
  return null;
}

/** `…/debian`, a snapshot of it, or the mirror list of Debian's cloud images; not `…/debian-security`. */
function isDebianArchive(address: string): boolean {
  return /^[a-z+]+:\S*\/debian(\/\d{8}T\d{6}Z)?(\/|\.list)?$/.test(address);
}
