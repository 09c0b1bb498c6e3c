import { imageFilenamePattern } from '@kuanary/shared/contract';
import { probePrefix } from '../storage/conditional-put-probe.ts';
import { attemptsPrefix, commitsPrefix, incomingPrefix, parseImageNonce } from '../uploads/object-keys.ts';

/** What an object is, by its key alone. */
export type ObjectGroup =
  | { kind: 'images' | 'older_images' | 'other_root' | 'incoming' | 'attempts' | 'commits' | 'probe' }
  /** `folder` ends in a slash; the part of `tmp/` that is none of ours is a folder too. */
  | { kind: 'folder'; folder: string };

const tmpFolders = [
  [incomingPrefix, 'incoming'],
  [attemptsPrefix, 'attempts'],
  [commitsPrefix, 'commits'],
  [probePrefix, 'probe'],
] as const;

export function groupOf(key: string): ObjectGroup {
  const slash = key.indexOf('/');
  if (slash >= 0) {
    const own = tmpFolders.find(([prefix]) => key.startsWith(prefix));
    return own === undefined ? { kind: 'folder', folder: key.slice(0, slash + 1) } : { kind: own[1] };
  }
  if (parseImageNonce(key) !== null) return { kind: 'images' };
  return { kind: imageFilenamePattern.test(key) ? 'older_images' : 'other_root' };
}
