import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes of the files themselves, and what they take on the disk with its blocks; a file with several names counts once. */
export interface FolderSize {
  bytes: number;
  diskBytes: number;
  files: number;
}

const blockBytes = 512;

export function measureFolder(folder: string, seen = new Set<number>()): FolderSize {
  const total: FolderSize = { bytes: 0, diskBytes: 0, files: 0 };
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const stats = lstatSync(path);
    if (seen.has(stats.ino)) continue;
    seen.add(stats.ino);
    total.diskBytes += stats.blocks * blockBytes;
    if (entry.isDirectory()) {
      const inner = measureFolder(path, seen);
      total.bytes += inner.bytes;
      total.diskBytes += inner.diskBytes;
      total.files += inner.files;
    } else {
      total.bytes += stats.size;
      total.files += 1;
    }
  }
  return total;
}
