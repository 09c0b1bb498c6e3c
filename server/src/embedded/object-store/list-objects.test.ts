import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listObjectsV2, type ObjectIndex } from './list-objects.ts';
import { childrenOf, parseXml, textOf } from './s3-xml.ts';
import { compareKeys, createSortedKeys } from './sorted-keys.ts';
import type { StoredObject } from './stored-object.ts';

function indexOf(keys: readonly string[]): ObjectIndex {
  const describeObject = (key: string): StoredObject => ({
    key,
    file: '',
    bytes: 1,
    etag: 'e',
    lastModified: new Date(0),
    contentType: 'text/plain',
    headers: {},
    metadata: {},
    tags: [],
    publicRead: false,
  });
  const objects = new Map(keys.map((key) => [key, describeObject(key)]));
  return { keys: createSortedKeys(keys), get: (key) => objects.get(key) };
}

/** What a listing says, decoded. */
function list(index: ObjectIndex, parameters: Record<string, string>) {
  const xml = listObjectsV2('bucket', index, new Map(Object.entries({ 'encoding-type': 'url', ...parameters })));
  const result = parseXml(xml, 'ListBucketResult');
  const decode = (name: string, child: string): string[] =>
    childrenOf(result, name).map((element) => decodeURIComponent(textOf(element, child) ?? ''));
  return {
    keys: decode('Contents', 'Key'),
    prefixes: decode('CommonPrefixes', 'Prefix'),
    token: textOf(result, 'NextContinuationToken'),
    isTruncated: textOf(result, 'IsTruncated') === 'true',
  };
}

/** The same from the definition, without any cleverness. */
function expectedList(keys: readonly string[], prefix: string, delimiter: string, after: string) {
  const listed = { keys: [] as string[], prefixes: [] as string[] };
  for (const key of [...new Set(keys)].sort(compareKeys)) {
    if (!key.startsWith(prefix) || compareKeys(key, after) <= 0) continue;
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (at < 0) listed.keys.push(key);
    else listed.prefixes.push(key.slice(0, at + delimiter.length));
  }
  return { keys: listed.keys, prefixes: [...new Set(listed.prefixes)] };
}

describe('listObjectsV2', () => {
  const key = fc
    .array(fc.constantFrom('a', 'b', '/', '//', 'ü', '～', '🎉', '-'), { minLength: 1, maxLength: 5 })
    .map((parts) => parts.join(''));
  const prefix = fc.constantFrom('', 'a', 'a/', '/', 'ü', '🎉', 'b/a');
  const delimiter = fc.constantFrom('', '/', '//', 'a', '🎉');

  it('gives over all its pages what the definition gives, each once and in order', () => {
    fc.assert(
      fc.property(
        fc.array(key, { maxLength: 30 }),
        prefix,
        delimiter,
        fc.integer({ min: 1, max: 5 }),
        (keys, start, cut, maxKeys) => {
          const index = indexOf(keys);
          const seen = { keys: [] as string[], prefixes: [] as string[] };
          let parameters: Record<string, string> = { prefix: start, delimiter: cut, 'max-keys': String(maxKeys) };
          for (;;) {
            const page = list(index, parameters);
            expect(page.keys.length + page.prefixes.length).toBeLessThanOrEqual(maxKeys);
            seen.keys.push(...page.keys);
            seen.prefixes.push(...page.prefixes);
            expect(page.isTruncated).toBe(page.token !== undefined);
            if (page.token === undefined) break;
            parameters = { ...parameters, 'continuation-token': page.token };
          }
          expect(seen).toEqual(expectedList(keys, start, cut, ''));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('begins behind start-after', () => {
    fc.assert(
      fc.property(fc.array(key, { maxLength: 30 }), prefix, key, (keys, start, after) => {
        const { keys: listed } = list(indexOf(keys), { prefix: start, 'start-after': after });
        expect(listed).toEqual(expectedList(keys, start, '', after).keys);
      }),
    );
  });

  it.each([
    ['max-keys', 'many'],
    ['max-keys', '-1'],
    ['encoding-type', 'base64'],
    ['continuation-token', '!'],
  ])('refuses %s=%s', (name, value) => {
    expect(() => list(indexOf(['a']), { [name]: value })).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
  });
});
