import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStorage } from '../../src/storage/storage.ts';

const text = { contentType: 'text/plain', metadata: {} };
const bytesOf = (value: string): Uint8Array => new TextEncoder().encode(value);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Keys that are easily broken on the way: by URL building, signing, copy sources or XML. */
const oddKeys = [
  'odd/with space',
  'odd/plus+sign',
  'odd/percent%20sign',
  'odd/percent%',
  'odd/question?mark=1&b=2',
  'odd/hash#sign',
  'odd/<xml>&"quotes\'',
  'odd/backslash\\',
  'odd/colon:semicolon;comma,at@equals=',
  "odd/exclamation!star*paren()'",
  'odd/tilde~dollar$caret^pipe|brackets[]{}',
  'odd/ümläut-日本語-🎉',
  'odd//double//slash',
  'odd/trailing/',
  'odd/..dots..',
  'odd/control\u0001character',
  'odd/line\nbreak',
  `odd/long-${'k'.repeat(900)}`,
];

/** What `ObjectStorage` promises, on any storage. `make` gives one with an empty bucket. */
export function describeObjectStorage(
  name: string,
  make: () => Promise<{ storage: ObjectStorage; remove(): Promise<void> }>,
): void {
  describe(`ObjectStorage on ${name}`, () => {
    let storage: ObjectStorage;
    let remove = async (): Promise<void> => undefined;
    let folder: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'kuanary-storage-'));
      ({ storage, remove } = await make());
    });

    afterAll(async () => {
      await remove();
      await rm(folder, { recursive: true, force: true });
    });

    const readText = async (key: string): Promise<string | null> => {
      const read = await storage.readRange(key, 0, 10_000);
      return read && new TextDecoder().decode(read.bytes);
    };

    describe('readRange', () => {
      const key = 'read/digits';
      beforeAll(() => storage.put(key, bytesOf('0123456789'), text));

      it('is null for a missing object', async () => {
        expect(await storage.readRange('read/missing', 0, 10)).toBeNull();
      });

      it.each([
        [0, 10, '0123456789'],
        [0, 1, '0'],
        [0, 65_536, '0123456789'],
        [3, 4, '3456'],
        [9, 1, '9'],
        [9, 100, '9'],
        [10, 1, ''],
        [10_000, 5, ''],
      ])('from %i for %i gives "%s" and the size of the whole object', async (start, length, expected) => {
        const read = await storage.readRange(key, start, length);
        expect(read && new TextDecoder().decode(read.bytes)).toBe(expected);
        expect(read).toMatchObject({ totalBytes: 10, contentType: 'text/plain', metadata: {} });
        expect(Math.abs((read?.lastModified.getTime() ?? 0) - Date.now())).toBeLessThan(600_000);
      });

      it.each([0, 5])('from %i of an empty object gives no bytes, with its metadata', async (start) => {
        await storage.put('read/empty', new Uint8Array(0), { contentType: 'image/png', metadata: { width: '3' } });
        const read = await storage.readRange('read/empty', start, 100);
        expect(read).toMatchObject({ totalBytes: 0, contentType: 'image/png', metadata: { width: '3' } });
        expect(read?.bytes).toHaveLength(0);
      });

      it.each([
        [-1, 1],
        [0.5, 1],
        [0, 0],
        [0, Number.NaN],
      ])('refuses the range from %d for %d', async (start, length) => {
        await expect(storage.readRange(key, start, length)).rejects.toThrow(RangeError);
      });
    });

    describe('put', () => {
      it('keeps bytes, type and metadata', async () => {
        const bytes = randomBytes(100_000);
        const metadata = { width: '4000', 'upload-id': randomUUID(), note: "A value: with 'marks' and = signs" };
        await storage.put('put/bytes', bytes, { contentType: 'image/avif', metadata });
        const read = await storage.readRange('put/bytes', 0, 200_000);
        expect(read).toMatchObject({ totalBytes: 100_000, contentType: 'image/avif', metadata });
        expect(sha256(read?.bytes ?? new Uint8Array())).toBe(sha256(bytes));
      });

      it('replaces what is there, metadata included', async () => {
        await storage.put('put/twice', bytesOf('first'), { contentType: 'image/gif', metadata: { a: '1' } });
        await storage.put('put/twice', bytesOf('second'), { contentType: 'image/png', metadata: { b: '2' } });
        const read = await storage.readRange('put/twice', 0, 100);
        expect(read && new TextDecoder().decode(read.bytes)).toBe('second');
        expect(read).toMatchObject({ contentType: 'image/png', metadata: { b: '2' } });
        expect(read?.metadata).not.toHaveProperty('a');
      });

      it.each([0, 1, 9 * 1_048_576])('stores a file of %i bytes', async (size) => {
        const bytes = randomBytes(size);
        const file = join(folder, `file-${size}`);
        await writeFile(file, bytes);
        await storage.put(
          `put/file-${size}`,
          { file, bytes: size },
          { contentType: 'image/jpeg', metadata: { a: 'b' } },
        );
        const read = await storage.readRange(`put/file-${size}`, 0, size + 1);
        expect(read).toMatchObject({ totalBytes: size, contentType: 'image/jpeg', metadata: { a: 'b' } });
        expect(sha256(read?.bytes ?? new Uint8Array())).toBe(sha256(bytes));
      });

      it('stores nothing for a file that is missing, or shorter than announced', async () => {
        const file = join(folder, 'short');
        await writeFile(file, 'short');
        await expect(storage.put('put/short', { file, bytes: 6 }, text)).rejects.toMatchObject({
          failure: 'unavailable',
        });
        const missing = { file: join(folder, 'missing'), bytes: 6 };
        await expect(storage.put('put/short', missing, text)).rejects.toMatchObject({ failure: 'unavailable' });
        expect(await readText('put/short')).toBeNull();
      });

      it('sends of a file that has grown only what was announced', async () => {
        const file = join(folder, 'grown');
        await writeFile(file, '0123456789');
        await storage.put('put/grown', { file, bytes: 4 }, text);
        expect(await readText('put/grown')).toBe('0123');
      });

      it('with onlyIfAbsent writes a new key and leaves an existing one alone', async () => {
        const once = { ...text, onlyIfAbsent: true };
        await storage.put('put/once', bytesOf('first'), once);
        await expect(storage.put('put/once', bytesOf('second'), once)).rejects.toMatchObject({
          name: 'StorageError',
          failure: 'precondition_failed',
        });
        expect(await readText('put/once')).toBe('first');
        await storage.delete('put/once');
        await storage.put('put/once', bytesOf('third'), once);
        expect(await readText('put/once')).toBe('third');
      });

      it('with onlyIfAbsent lets exactly one of 20 parallel writers win', async () => {
        const writers = Array.from({ length: 20 }, (_, writer) =>
          storage.put('put/race', bytesOf(`writer ${writer}`), { ...text, onlyIfAbsent: true }).then(
            () => `writer ${writer}`,
            (error: unknown) => Reflect.get(Object(error), 'failure'),
          ),
        );
        const outcomes = await Promise.all(writers);
        const winners = outcomes.filter((outcome) => outcome !== 'precondition_failed');
        expect(winners).toHaveLength(1);
        expect(await readText('put/race')).toBe(winners[0]);
      });

      it.each([{ Upper: 'a' }, { a: '' }, { a: ' b' }, { a: 'ü' }, { a: 'b\r\nc: d' }])(
        'refuses the metadata %j, which would arrive changed',
        async (metadata) => {
          await expect(storage.put('put/meta', bytesOf('x'), { contentType: 'a/b', metadata })).rejects.toThrow(
            TypeError,
          );
          expect(await readText('put/meta')).toBeNull();
        },
      );
    });

    describe.each(['copy', 'copyByStreaming'] as const)('%s', (method) => {
      it('copies the bytes and replaces type and metadata', async () => {
        const bytes = randomBytes(5 * 1_048_576 + 1);
        await storage.put(`${method}/from`, bytes, { contentType: 'text/html', metadata: { evil: '1' } });
        const described = { contentType: 'image/webp', metadata: { width: '8' } };
        expect(await storage[method](`${method}/from`, `${method}/to`, described)).toBe('copied');
        const read = await storage.readRange(`${method}/to`, 0, bytes.length);
        expect(read).toMatchObject({ totalBytes: bytes.length, ...described });
        expect(read?.metadata).not.toHaveProperty('evil');
        expect(sha256(read?.bytes ?? new Uint8Array())).toBe(sha256(bytes));
        expect(await storage.readRange(`${method}/from`, 0, 1)).toMatchObject({ metadata: { evil: '1' } });
      });

      it('copies an empty object', async () => {
        await storage.put(`${method}/empty`, new Uint8Array(0), text);
        expect(await storage[method](`${method}/empty`, `${method}/empty-copy`, text)).toBe('copied');
        expect(await storage.readRange(`${method}/empty-copy`, 0, 1)).toMatchObject({ totalBytes: 0 });
      });

      it('is null for a missing source, and makes nothing', async () => {
        expect(await storage[method](`${method}/missing`, `${method}/nothing`, text)).toBeNull();
        expect(await storage.readRange(`${method}/nothing`, 0, 1)).toBeNull();
      });
    });

    describe('delete', () => {
      it('deletes, and does not mind what is gone or never was', async () => {
        await storage.put('delete/me', bytesOf('x'), text);
        await storage.delete('delete/me');
        expect(await storage.readRange('delete/me', 0, 1)).toBeNull();
        await storage.delete('delete/me');
        await storage.delete('delete/never-was');
      });
    });

    describe('keys with odd characters', () => {
      it.each(oddKeys)('put, read, copy, presign and delete %s', async (key) => {
        await storage.put(key, bytesOf(key), text);
        expect(await readText(key)).toBe(key);
        expect(await (await fetch(await storage.presignGet(key, 60))).text()).toBe(key);
        expect(await storage.copy(key, `copied-${key}`, text)).toBe('copied');
        expect(await readText(`copied-${key}`)).toBe(key);
        await storage.delete(`copied-${key}`);
        expect(await readText(`copied-${key}`)).toBeNull();
      });

      it('lists them as they were written', async () => {
        const { objects } = await storage.list({ prefix: 'odd/', limit: 1_000 });
        const inByteOrder = oddKeys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        expect(objects.map(({ key }) => key)).toEqual(inByteOrder);
      });
    });

    describeList(() => storage);
    describePresignGet(() => storage);
  });
}

function describeList(current: () => ObjectStorage): void {
  describe('list', () => {
    // U+FF5E comes before U+1F389 in bytes, after it in JavaScript's order.
    const keys = ['A', 'a', 'b/1', 'b/2', 'b/3/x', 'c', 'd/1', 'e', '\uff5e', '\u{1f389}'].map((key) => `list/${key}`);

    beforeAll(async () => {
      for (const key of keys) await current().put(key, bytesOf(key), text);
    });

    const walk = async (options: { prefix?: string; delimiter?: string }, limit: number): Promise<string[][]> => {
      const pages: string[][] = [];
      let after: string | undefined;
      do {
        const page = await current().list({ ...options, limit, ...(after === undefined ? {} : { after }) });
        expect(page.objects.length).toBeLessThanOrEqual(limit);
        pages.push(page.objects.map(({ key }) => key));
        expect(pages.length).toBeLessThanOrEqual(keys.length + 1);
        after = page.next;
      } while (after !== undefined);
      return pages;
    };

    it('gives keys in byte order with size and time, and the time of the storage', async () => {
      const page = await current().list({ prefix: 'list/', limit: 100 });
      expect(page.objects.map(({ key }) => key)).toEqual(keys);
      expect(page).not.toHaveProperty('next');
      for (const { key, bytes, lastModified } of page.objects) {
        expect(bytes).toBe(Buffer.byteLength(key));
        const ageMs = page.serverTime.getTime() - lastModified.getTime();
        expect(ageMs).toBeGreaterThan(-2_000);
        expect(ageMs).toBeLessThan(120_000);
      }
    });

    it('gives an empty page for a prefix without keys', async () => {
      const page = await current().list({ prefix: 'list/zzz', limit: 10 });
      expect(page).toMatchObject({ objects: [] });
      expect(page).not.toHaveProperty('next');
    });

    it('starts after the given key, which need not exist', async () => {
      const after = async (key: string): Promise<string[]> =>
        (await current().list({ prefix: 'list/', after: key, limit: 2 })).objects.map((object) => object.key);
      expect(await after('list/a')).toEqual(['list/b/1', 'list/b/2']);
      expect(await after('list/b/25')).toEqual(['list/b/3/x', 'list/c']);
      expect(await after('list/\u{1f389}')).toEqual([]);
    });

    it.each([1, 2, 3, 9, 10, 11])('walks through all keys, %i a page', async (limit) => {
      const pages = await walk({ prefix: 'list/' }, limit);
      expect(pages.flat()).toEqual(keys);
      for (const page of pages.slice(0, -1)) expect(page).toHaveLength(limit);
    });

    it.each([1, 2, 3, 5, 7, 100])('with a delimiter leaves out what is below, %i a page', async (limit) => {
      const pages = await walk({ prefix: 'list/', delimiter: '/' }, limit);
      expect(pages.flat()).toEqual(keys.filter((key) => !key.slice('list/'.length).includes('/')));
    });

    it('with a delimiter ends where only keys below are left', async () => {
      const page = await current().list({ prefix: 'list/b', delimiter: '/', limit: 1 });
      expect(page).toMatchObject({ objects: [] });
      expect(page).not.toHaveProperty('next');
    });

    it.each([0, -1, 1.5, Number.NaN])('refuses a limit of %d', async (limit) => {
      await expect(current().list({ limit })).rejects.toThrow(RangeError);
    });
  });
}

function describePresignGet(current: () => ObjectStorage): void {
  describe('presignGet', () => {
    const key = 'presign/object';
    beforeAll(() => current().put(key, bytesOf('secret'), { contentType: 'image/png', metadata: {} }));

    it('gives a URL that its holder can read, and that says when it ends', async () => {
      const url = await current().presignGet(key, 300);
      expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('300');
      const response = await fetch(url);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('image/png');
      expect(await response.text()).toBe('secret');
    });

    it('is of no use without its signature, for another key, longer, or for writing', async () => {
      const url = new URL(await current().presignGet(key, 300));
      const changed = (change: (url: URL) => void): URL => {
        const copy = new URL(url);
        change(copy);
        return copy;
      };
      const refused = [
        changed((copy) => {
          copy.search = '';
        }),
        changed((copy) => {
          copy.pathname = copy.pathname.replace('object', 'other');
        }),
        changed((copy) => copy.searchParams.set('X-Amz-Expires', '301')),
        changed((copy) => copy.searchParams.set('X-Amz-Signature', '0'.repeat(64))),
      ];
      for (const each of refused) expect((await fetch(each)).status, each.href).toBe(403);
      expect((await fetch(url, { method: 'PUT', body: 'x' })).status).toBe(403);
    });
  });
}
