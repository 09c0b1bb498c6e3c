import { printable } from '../printable-text.ts';
import { formatBytes, formatCount } from './human-numbers.ts';
import type { BucketUsage, GroupUsage } from './measure-usage.ts';

const longestFolderCharacters = 40;

const names: Record<Exclude<GroupUsage['kind'], 'folder'>, string> = {
  images: 'Images',
  older_images: 'Images of older versions',
  other_root: 'Other objects at the root',
  incoming: 'tmp/incoming/  uploads not completed',
  attempts: 'tmp/attempts/  being decided',
  commits: 'tmp/commits/   records',
  probe: 'tmp/probe/     probes',
  further_folders: 'Further folders',
};

type Row = [name: string, objects: string, size: string, oldest: string, newest: string];

/** For people: aligned columns, sizes in the unit that fits, days. */
export function formatUsageTable({ groups, total }: BucketUsage): string {
  const rows: Row[] = [
    ['', 'Objects', 'Size', 'Oldest', 'Newest'],
    ...groups.map(
      (group): Row => [
        nameOf(group),
        formatCount(group.objects),
        formatBytes(group.bytes),
        formatDay(group.oldest),
        formatDay(group.newest),
      ],
    ),
    ['Total', formatCount(total.objects), formatBytes(total.bytes), '', ''],
  ];
  const widthOf = (column: number): number => Math.max(...rows.map((row) => (row[column] ?? '').length));
  return rows
    .map(([name, ...cells]) =>
      [name.padEnd(widthOf(0)), ...cells.map((cell, index) => cell.padStart(widthOf(index + 1)))].join('   ').trimEnd(),
    )
    .join('\n');
}

function nameOf({ kind, folder }: GroupUsage): string {
  if (kind !== 'folder') return names[kind];
  return folder === 'tmp/' ? 'tmp/           other' : printable(folder ?? '', longestFolderCharacters);
}

function formatDay(day: Date | null): string {
  return day === null ? '-' : day.toISOString().slice(0, 10);
}
