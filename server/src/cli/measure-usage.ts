import type { ListPage, ObjectStorage } from '../storage/storage.ts';
import { attemptMinAgeMs, incomingMinAgeMs } from '../uploads/sweep-uploads.ts';
import { groupOf, type ObjectGroup } from './object-groups.ts';

export interface GroupUsage {
  kind: ObjectGroup['kind'] | 'further_folders';
  /** Of `folder` only: its name, slash included. */
  folder?: string;
  objects: number;
  bytes: number;
  oldest: Date | null;
  newest: Date | null;
  /** Objects that should not be there any more, by their age. */
  overdue: number;
}

export interface BucketUsage {
  groups: GroupUsage[];
  total: { objects: number; bytes: number };
  /** The storage's own clock, by which ages were judged. */
  measuredAt: Date;
}

const pageKeys = 1000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** A bucket may have any number of folders; so many are counted each by itself, so that memory stays bounded. */
export const maxCountedFolders = 100;

/**
 * Ages past which an object shows that nobody removes it. The sweeper runs at intervals of up to a day; lifecycle rules
 * act once a day, up to a day late.
 */
const overdueAfterMs: Partial<Record<GroupUsage['kind'], number>> = {
  incoming: incomingMinAgeMs + dayMs,
  attempts: attemptMinAgeMs + dayMs,
  commits: 92 * dayMs,
  probe: 4 * dayMs,
};

const kindsInOrder = ['images', 'older_images', 'other_root', 'incoming', 'attempts', 'commits', 'probe'] as const;

/** Counts a whole bucket page by page, in constant memory. `onPage` hears how many objects have been counted. */
export async function measureUsage(
  storage: Pick<ObjectStorage, 'list'>,
  onPage: (objects: number) => void = () => {},
): Promise<BucketUsage> {
  const groups = new Map<string, GroupUsage>(kindsInOrder.map((kind) => [kind, emptyGroup({ kind })]));
  const total = { objects: 0, bytes: 0 };
  let after: string | undefined;
  for (;;) {
    const page = await storage.list({ limit: pageKeys, ...(after === undefined ? {} : { after }) });
    for (const object of page.objects) {
      countObject(groupFor(groups, groupOf(object.key)), object, page.serverTime);
      total.objects += 1;
      total.bytes += object.bytes;
    }
    onPage(total.objects);
    if (page.next === undefined) return { groups: [...groups.values()], total, measuredAt: page.serverTime };
    after = page.next;
  }
}

function groupFor(groups: Map<string, GroupUsage>, group: ObjectGroup): GroupUsage {
  const name = group.kind === 'folder' ? `folder ${group.folder}` : group.kind;
  const known = groups.get(name);
  if (known !== undefined) return known;
  const full = groups.size >= kindsInOrder.length + maxCountedFolders;
  const added = full ? (groups.get('further_folders') ?? emptyGroup({ kind: 'further_folders' })) : emptyGroup(group);
  groups.set(full ? 'further_folders' : name, added);
  return added;
}

function emptyGroup(group: Pick<GroupUsage, 'kind' | 'folder'>): GroupUsage {
  return { ...group, objects: 0, bytes: 0, oldest: null, newest: null, overdue: 0 };
}

function countObject(group: GroupUsage, { bytes, lastModified }: ListPage['objects'][number], now: Date): void {
  group.objects += 1;
  group.bytes += bytes;
  if (group.oldest === null || lastModified < group.oldest) group.oldest = lastModified;
  if (group.newest === null || lastModified > group.newest) group.newest = lastModified;
  const limitMs = overdueAfterMs[group.kind];
  if (limitMs !== undefined && now.getTime() - lastModified.getTime() > limitMs) group.overdue += 1;
}

/** What leftovers past their time say about the deployment. */
export function findUsageWarnings({ groups }: BucketUsage): string[] {
  return groups.flatMap(({ kind, overdue, oldest }) => {
    if (overdue === 0 || oldest === null) return [];
    const sentence = overdueSentences[kind];
    const objects = overdue === 1 ? '1 object is' : `${overdue} objects are`;
    return sentence === undefined
      ? []
      : [`${objects} older than ${sentence} (the oldest of ${oldest.toISOString().slice(0, 10)}).`];
  });
}

const overdueSentences: Partial<Record<GroupUsage['kind'], string>> = {
  incoming:
    'an upload in tmp/incoming/ can be: the sweeper does not run. Keep an API running with SWEEP_INTERVAL_SECONDS above 0; kuanary setup-bucket adds the lifecycle rule that removes them too',
  attempts:
    'an attempt in tmp/attempts/ can be: the sweeper does not run. Keep an API running with SWEEP_INTERVAL_SECONDS above 0; after 60 days a person must look at them',
  commits: 'the 90 days of records in tmp/commits/: the lifecycle rule is missing. kuanary setup-bucket adds it',
  probe: 'the 2 days of probes in tmp/probe/: the lifecycle rule is missing. kuanary setup-bucket adds it',
};
