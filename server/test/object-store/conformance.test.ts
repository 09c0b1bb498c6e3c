import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type StoreProfile, storeProfiles } from '../../src/embedded/object-store/store-profile.ts';
import { givenStorage, isStorageGiven } from '../support/given-storage.ts';
import { expectedDifferences, unprobedRows } from './conformance/expected-differences.ts';
import { findDifferences, type Observation, observe } from './conformance/observation.ts';
import { createProbeTarget } from './conformance/probe.ts';
import { probes } from './conformance/probes.ts';
import { startEmbeddedStore } from './embedded-store.ts';
import { type ServerAddress, sendSigned } from './sign-request.ts';
import { createSuiteBucket } from './suite-bucket.ts';

/*
 * The embedded store and a real Ceph RadosGW are asked the same, in one go, and their answers compared. What differs is in
 * conformance/expected-differences.ts, or is a mistake of the embedded store.
 */

type Observations = ReadonlyMap<string, Observation>;

async function observeAll(address: ServerAddress): Promise<Observations> {
  const observations = new Map<string, Observation>();
  const [bucket, other] = [await createSuiteBucket(address), await createSuiteBucket(address)];
  try {
    const target = createProbeTarget(address, bucket.bucket, other.bucket);
    for (const probe of probes) observations.set(probe.name, await observe(probe, target));
  } finally {
    for (const each of [bucket, other]) await each.remove();
  }
  return observations;
}

async function observeEmbedded(...profiles: StoreProfile[]): Promise<Observations> {
  const store = await startEmbeddedStore({ profiles });
  try {
    return await observeAll(store);
  } finally {
    await store.close();
  }
}

/** Why a server is not one to compare with; empty for the one that is meant. */
async function whyOther(address: ServerAddress): Promise<string> {
  const suite = await createSuiteBucket(address);
  const { headers } = await sendSigned(address, { method: 'HEAD', path: `/${suite.bucket}` });
  await suite.remove();
  if (!Object.keys(headers).some((name) => name.startsWith('x-rgw-'))) return 'the server is no Ceph RadosGW';
  const { server } = headers;
  return server === undefined ? '' : `the server is a later RadosGW than Reef (${server})`;
}

describe.skipIf(!isStorageGiven)('the embedded object store and the RadosGW of KUANARY_TEST_S3_ENDPOINT', () => {
  let other: string;
  let there: Observations;
  const here = new Map<string, Observations>();

  beforeAll(async () => {
    other = await whyOther(givenStorage);
    if (other !== '') return;
    const [observed, byDefault, underReef] = await Promise.all([
      observeAll(givenStorage),
      observeEmbedded(),
      observeEmbedded('reef'),
    ]);
    there = observed;
    here.set('default', byDefault).set('reef', underReef);
  }, 120_000);

  describe.each(['default', 'reef'])('profile %s', (profile) => {
    it.for(probes.map(({ name }) => name))('%s', (name, { skip }) => {
      skip(other !== '', other);
      const expected = expectedDifferences
        .filter(
          (difference) => difference.probes.includes(name) && (profile === 'default' || difference.remainsUnderReef),
        )
        .flatMap(({ what }) => what);
      const [ours, theirs] = [here.get(profile)?.get(name) ?? {}, there.get(name) ?? {}];
      const found = findDifferences(ours, theirs).map((difference) =>
        expected.includes(difference.field) ? difference.field : difference.text,
      );
      expect(found.sort()).toEqual(expected.sort());
    });
  });
});

describe('the table of probes', () => {
  const names = probes.map(({ name }) => name);

  it('has each name once', () => {
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
    expect(names.length).toBeGreaterThan(150);
  });

  it('has all that a difference is expected of, and each once', () => {
    const expected = expectedDifferences.flatMap(({ what, probes: ofThese }) =>
      ofThese.flatMap((name) => what.map((field) => `${name}: ${field}`)),
    );
    expect(expected.filter((each, at) => expected.indexOf(each) !== at)).toEqual([]);
    const known = new Set(names);
    expect(expectedDifferences.flatMap((difference) => difference.probes).filter((name) => !known.has(name))).toEqual(
      [],
    );
  });

  it('is asked of the embedded store without a broken connection or an answer of 500', async () => {
    for (const [name, { status = '' }] of await observeEmbedded()) expect(status, name).toMatch(/^[2-4]\d\d\b|^501\b/);
  }, 60_000);
});

describe('docs/embedded.md', () => {
  const text = readFileSync(new URL('../../../docs/embedded.md', import.meta.url), 'utf8');

  function tableBelow(heading: string): string[][] {
    const [, section = ''] = text.split(`\n## ${heading}\n`);
    const [part = ''] = section.split('\n## ');
    const [, , ...rows] = part.split('\n').filter((line) => line.startsWith('|'));
    return rows.map((row) =>
      row
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
  }

  it('lists what differs from RadosGW, and whether it does under the profile reef', () => {
    const rows = tableBelow('Object store and RadosGW').map(([where, , , underReef]) => `${where}: ${underReef}`);
    const listed = [...expectedDifferences, ...unprobedRows].map(
      ({ row, remainsUnderReef }) => `${row}: ${remainsUnderReef ? 'as here' : 'as RadosGW'}`,
    );
    expect(rows.toSorted()).toEqual([...new Set(listed)].sort());
  });

  it('gives a reason for each', () => {
    for (const [where, ...cells] of tableBelow('Object store and RadosGW')) {
      expect(
        cells.filter((cell) => cell !== ''),
        where,
      ).toHaveLength(4);
    }
  });

  it('names the profiles of the store', () => {
    expect(
      Object.fromEntries(
        tableBelow('Profiles').map(([name = '', meaning = '']) => [name.replaceAll('`', ''), meaning]),
      ),
    ).toEqual(storeProfiles);
  });
});
