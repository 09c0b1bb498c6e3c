import { readFileSync } from 'node:fs';
import { Preset } from '@kuanary/shared/presets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningImgproxy, startImgproxyStandIn } from '../../src/embedded/imgproxy/imgproxy-server.ts';
import { compareAnswers } from './compare-answers.ts';
import { type Addressing, type ConformanceCase, picture } from './conformance-case.ts';
import { conformanceSources } from './conformance-sources.ts';
import { geometryCases } from './geometry-cases.ts';
import { type GivenImgproxy, givenImgproxy, givenImgproxyUrl } from './given-imgproxy.ts';
import { listedDifferences, toleranceOverrides } from './listed-differences.ts';
import { outputCases, writtenFormats } from './output-cases.ts';
import { conformancePresetCases, everyFieldPresets } from './preset-cases.ts';
import { refusalCases } from './refusal-cases.ts';
import { type StoredSources, storeSources } from './sample-sources.ts';
import { type RawAnswer, sendRaw } from './signed-requests.ts';

const cases: readonly ConformanceCase[] = [
  ...refusalCases,
  ...geometryCases,
  ...outputCases,
  ...conformancePresetCases,
];

/** Sources that not every build of libvips reads. */
const exoticExtensions = /\.(?:tiff|avif|heic|jxl|bmp|ico|svg)$/;

describe.skipIf(givenImgproxyUrl === undefined)('the stand-in beside a real imgproxy', () => {
  let real: GivenImgproxy;
  let standIn: RunningImgproxy;
  const stored: StoredSources[] = [];
  let addressing: Addressing;
  /** What the libvips of this imgproxy cannot do. */
  const unreadable = new Set<string>();
  const unwritable = new Set<string>();

  beforeAll(async () => {
    real = givenImgproxy(givenImgproxyUrl ?? '');
    const options = { host: '127.0.0.1', port: 0, keyPairs: [real.keyPair], signatureSize: 32, s3: real.s3 };
    standIn = await startImgproxyStandIn(options);
    const own = await storeSources(real.client, real.bucket, conformanceSources);
    stored.push(own);
    addressing = { bucket: real.bucket, keyPair: real.keyPair, key: own.key };
    const made = await makeExoticSources();
    const exotic = await storeSources(real.client, real.bucket, Object.fromEntries(made));
    stored.push(exotic);
    addressing = { ...addressing, key: (file) => (made.has(file) ? exotic.key(file) : own.key(file)) };
    await findUnreadable();
  }, 60_000);

  afterAll(async () => {
    await standIn?.close();
    for (const sources of stored) await sources.remove();
    await real?.remove();
  });

  const askReal = (asked: ConformanceCase): Promise<RawAnswer> => sendRaw(real.url, asked.target(addressing));

  /** Pictures in the formats that only imgproxy writes, made by it; notes the formats that it cannot write. */
  async function makeExoticSources(): Promise<Map<string, () => Promise<Buffer>>> {
    const made = new Map<string, () => Promise<Buffer>>();
    for (const format of writtenFormats) {
      const { status, body } = await askReal(picture(`w:100/f:${format}`, 'photo.jpg'));
      if (status !== 200) unwritable.add(format);
      else if (!(`photo.${format}` in conformanceSources)) made.set(`photo.${format}`, async () => body);
    }
    return made;
  }

  async function findUnreadable(): Promise<void> {
    const files = new Set(cases.flatMap(({ file = '' }) => (exoticExtensions.test(file) ? [file] : [])));
    for (const file of files) {
      if (file.startsWith('cut-in-')) continue;
      if ((await askReal(picture('w:20/f:png', file))).status !== 200) unreadable.add(file);
    }
  }

  it.for(cases)('$name', async (asked, context) => {
    const { name, file = '', format = '', method = 'GET', headers = {} } = asked;
    context.skip(unreadable.has(file), `the libvips of this imgproxy does not read ${file}`);
    context.skip(unwritable.has(format), `the libvips of this imgproxy does not write ${format}`);
    const target = asked.target(addressing);
    const [here, there] = await Promise.all(
      [standIn.url, real.url].map((url) => sendRaw(url, target, { method, headers: { ...headers } })),
    );
    if (here === undefined || there === undefined) throw new Error('an answer is missing');
    const tolerance = toleranceOverrides.find((override) => override.cases.test(name))?.tolerance;
    const found = await compareAnswers(here, there, tolerance);
    const listed = listedDifferences.filter((difference) => difference.cases.test(name));
    expect(
      found
        .filter(({ aspect }) => !listed.some((difference) => difference.aspect === aspect))
        .map(({ sentence }) => sentence),
    ).toEqual([]);
    const gone = listed.filter(({ isCertain, aspect }) => isCertain && !found.some((one) => one.aspect === aspect));
    expect(
      gone.map(
        ({ row, aspect }) =>
          `"${row}" is listed, but the ${aspect} no longer differs: take it out of the list and the document`,
      ),
    ).toEqual([]);
  });
});

describe('the cases of the comparison', () => {
  it('are many, each with a name of its own', () => {
    const names = cases.map(({ name }) => name);
    expect(names.length).toBeGreaterThanOrEqual(150);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  it('have a preset for every field that a preset can have', () => {
    const used = new Set(Object.values(everyFieldPresets).flatMap((preset) => Object.keys(preset)));
    expect([...used].sort()).toEqual(Object.keys(Preset.shape).sort());
  });
});

describe('the list of differences', () => {
  it('names cases that there are', () => {
    const unused = [...listedDifferences, ...toleranceOverrides].filter(
      (entry) => !cases.some(({ name }) => entry.cases.test(name)),
    );
    expect(unused).toEqual([]);
  });

  it('is the table of docs/embedded.md', () => {
    const document = readFileSync(new URL('../../../docs/embedded.md', import.meta.url), 'utf8');
    const [, section = ''] = document.split('## imgproxy stand-in and imgproxy\n');
    const [table = ''] = section.split('\n## ', 1);
    const rows = table.split('\n').filter((line) => line.startsWith('| '));
    const documented = rows.slice(1).map((line) => line.split(' | ')[0]?.slice('| '.length));
    const listed = [...new Set(listedDifferences.map(({ row }) => row))];
    expect(documented.toSorted()).toEqual(listed.toSorted());
  });
});
