import { describe, expect, it } from 'vitest';
import type { ListOptions, ListPage } from '../storage/storage.ts';
import { findUsageWarnings, maxCountedFolders, measureUsage } from './measure-usage.ts';
import { groupOf } from './object-groups.ts';
import { formatUsageTable } from './usage-table.ts';

const now = new Date('2026-06-01T12:00:00Z');
const hourMs = 3_600_000;
const nonce = '2929abbe-4dc4-4629-84f3-61d54033d9e5';

interface Listed {
  key: string;
  bytes?: number;
  ageHours?: number;
}

/** A bucket that answers in pages of at most `limit`, as S3 does; it remembers how many it gave. */
function bucketOf(objects: Listed[]) {
  const sorted = objects.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const pages: number[] = [];
  return {
    pages,
    list: async ({ after, limit }: ListOptions): Promise<ListPage> => {
      const from = after === undefined ? 0 : sorted.findIndex(({ key }) => key > after);
      const page = from < 0 ? [] : sorted.slice(from, from + limit);
      pages.push(page.length);
      const last = page.at(-1);
      const more = last !== undefined && last !== sorted.at(-1);
      return {
        objects: page.map(({ key, bytes = 1, ageHours = 1 }) => ({
          key,
          bytes,
          lastModified: new Date(now.getTime() - ageHours * hourMs),
        })),
        serverTime: now,
        ...(more ? { next: last.key } : {}),
      };
    },
  };
}

describe('groupOf', () => {
  it.each([
    [`image-${nonce}.jpg`, { kind: 'images' }],
    ['1712345678-holiday.jpg', { kind: 'older_images' }],
    ['image-12.webp', { kind: 'older_images' }],
    ['robots.txt', { kind: 'other_root' }],
    ['.hidden.jpg', { kind: 'other_root' }],
    [`tmp/incoming/${nonce}`, { kind: 'incoming' }],
    [`tmp/attempts/${nonce}/${nonce}`, { kind: 'attempts' }],
    [`tmp/commits/${nonce}`, { kind: 'commits' }],
    ['tmp/probe/x', { kind: 'probe' }],
    ['tmp/else', { kind: 'folder', folder: 'tmp/' }],
    ['exports/2024/a.jpg', { kind: 'folder', folder: 'exports/' }],
    ['/leading', { kind: 'folder', folder: '/' }],
  ])('tells what %s is', (key, group) => {
    expect(groupOf(key)).toEqual(group);
  });
});

describe('measureUsage', () => {
  it('counts objects and bytes of each group, over all pages', async () => {
    const images = Array.from({ length: 2500 }, (_, index) => ({ key: `photo-${index}.jpg`, bytes: 10 }));
    const bucket = bucketOf([...images, { key: 'exports/a', bytes: 7 }, { key: 'tmp/probe/x', bytes: 0 }]);
    const progress: number[] = [];
    const usage = await measureUsage(bucket, (objects) => progress.push(objects));
    expect(usage.total).toEqual({ objects: 2502, bytes: 25_007 });
    expect(usage.groups.find(({ kind }) => kind === 'older_images')).toMatchObject({ objects: 2500, bytes: 25_000 });
    expect(usage.groups.find(({ folder }) => folder === 'exports/')).toMatchObject({ objects: 1, bytes: 7 });
    expect(bucket.pages).toEqual([1000, 1000, 502]);
    expect(progress).toEqual([1000, 2000, 2502]);
  });

  it('knows the oldest and the newest by the storage, and none in an empty bucket', async () => {
    const usage = await measureUsage(
      bucketOf([
        { key: 'a.jpg', ageHours: 5 },
        { key: 'b.jpg', ageHours: 2 },
      ]),
    );
    const images = usage.groups.find(({ kind }) => kind === 'older_images');
    expect(images).toMatchObject({
      oldest: new Date('2026-06-01T07:00:00Z'),
      newest: new Date('2026-06-01T10:00:00Z'),
    });
    const empty = await measureUsage(bucketOf([]));
    expect(empty.total).toEqual({ objects: 0, bytes: 0 });
    expect(empty.groups.every(({ oldest, newest }) => oldest === null && newest === null)).toBe(true);
  });

  it('keeps its memory bounded in a bucket of any number of folders', async () => {
    const folders = Array.from({ length: maxCountedFolders + 50 }, (_, index) => ({ key: `f${index}/x`, bytes: 3 }));
    const usage = await measureUsage(bucketOf(folders));
    expect(usage.groups.filter(({ kind }) => kind === 'folder')).toHaveLength(maxCountedFolders);
    expect(usage.groups.find(({ kind }) => kind === 'further_folders')).toMatchObject({ objects: 50, bytes: 150 });
  });
});

describe('findUsageWarnings', () => {
  const warningsFor = async (objects: Listed[]) => findUsageWarnings(await measureUsage(bucketOf(objects)));

  it('says nothing of leftovers that are within their time', async () => {
    expect(
      await warningsFor([
        { key: 'tmp/incoming/a', ageHours: 26 },
        { key: 'tmp/attempts/a/b', ageHours: 26 },
        { key: 'tmp/commits/a', ageHours: 24 * 91 },
        { key: 'tmp/probe/a', ageHours: 24 * 3 },
        { key: 'photo.jpg', ageHours: 24 * 3650 },
      ]),
    ).toEqual([]);
  });

  it('names who does not run when they are older', async () => {
    const warnings = await warningsFor([
      { key: 'tmp/incoming/a', ageHours: 28 },
      { key: 'tmp/incoming/b', ageHours: 50 },
      { key: 'tmp/attempts/a/b', ageHours: 27 },
      { key: 'tmp/commits/a', ageHours: 24 * 93 },
      { key: 'tmp/probe/a', ageHours: 24 * 5 },
    ]);
    expect(warnings).toHaveLength(4);
    expect(warnings[0]).toMatch(
      /^2 objects are older than an upload in tmp\/incoming\/ can be: the sweeper does not run/,
    );
    expect(warnings[1]).toMatch(/^1 object is older than an attempt .*the sweeper does not run/);
    expect(warnings[2]).toContain('the lifecycle rule is missing');
    expect(warnings[3]).toContain('tmp/probe/');
  });
});

describe('formatUsageTable', () => {
  it('aligns the columns and picks units that fit', async () => {
    const usage = await measureUsage(
      bucketOf([
        { key: `image-${nonce}.jpg`, bytes: 1_234_567 },
        { key: 'a.jpg', bytes: 999 },
        { key: 'evil\u001b[2J/x', bytes: 999_950 },
      ]),
    );
    expect(formatUsageTable(usage).split('\n')).toEqual([
      '                                       Objects        Size       Oldest       Newest',
      'Images                                       1      1.2 MB   2026-06-01   2026-06-01',
      'Images of older versions                     1   999 bytes   2026-06-01   2026-06-01',
      'Other objects at the root                    0     0 bytes            -            -',
      'tmp/incoming/  uploads not completed         0     0 bytes            -            -',
      'tmp/attempts/  being decided                 0     0 bytes            -            -',
      'tmp/commits/   records                       0     0 bytes            -            -',
      'tmp/probe/     probes                        0     0 bytes            -            -',
      'evil [2J/                                    1        1 MB   2026-06-01   2026-06-01',
      'Total                                        3      2.2 MB',
    ]);
  });
});
