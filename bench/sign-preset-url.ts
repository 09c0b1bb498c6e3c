import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createLogger } from '../server/src/cli/logger.ts';
import { createPresetStore } from '../server/src/images/preset-store.ts';
import { createPresetUrls } from '../server/src/images/preset-urls.ts';
import { createImgproxySigner, type KeyPair, verifyImgproxyPath } from '../shared/src/imgproxy-url.ts';
import { type Benchmark, type Goal, summarisePairs } from './measurement.ts';
import { requirePeer } from './peer-packages.ts';

const rounds = 200;
const urlsPerRound = 500;
/** The first rounds are for the compiler. */
const warmUpRounds = 30;
const baseUrl = 'https://img.example.com';
const bucket = 'pictures';
const keyHex = randomBytes(32).toString('hex');
const saltHex = randomBytes(32).toString('hex');
const pair: KeyPair = { key: Buffer.from(keyHex, 'hex'), salt: Buffer.from(saltHex, 'hex') };
const signatureBytes = 32;

interface Contender {
  name: string;
  /** Ours is measured against it. */
  goal: Goal;
  /** The whole URL, or for the raw HMAC its signature, of one of the file names. */
  sign(filename: string): string;
}

/** Nanoseconds for one signed URL of the preset "thumbnail", ours against each other way of making it. */
export const signPresetUrl: Benchmark = async (progress) => {
  const filenames = Array.from({ length: urlsPerRound }, () => `image-${randomUUID()}.jpg`);
  const ours = await createOurs();
  const pathOf = new Map(filenames.map((filename) => [filename, toSignedPath(ours.sign(filename)).path]));
  const contenders = [createRawHmac(pathOf), createImgproxyNode(), createImgproxyJsCore(), createImgproxy()];
  try {
    for (const contender of contenders) assertSameWork(contender, ours, filenames);
    progress(`${rounds} rounds of ${urlsPerRound} URLs`);
    const pairs = contenders.map((): { value: number; reference: number }[] => []);
    for (let round = -warmUpRounds; round < rounds; round += 1) {
      for (const [index, contender] of contenders.entries()) {
        const value = timePerUrl(ours.sign, filenames);
        const reference = timePerUrl(contender.sign, filenames);
        if (round >= 0) pairs[index]?.push({ value, reference });
      }
    }
    return contenders.map(({ name, goal }, index) =>
      summarisePairs(`sign-preset-url/${name}`, 'ns/URL', pairs[index] ?? [], goal),
    );
  } finally {
    ours.close();
  }
};

async function createOurs(): Promise<{ sign(filename: string): string; close(): void }> {
  const presets = await createPresetStore({
    file: fileURLToPath(new URL('../data/presets.json', import.meta.url)),
    edition: 'oss',
    log: createLogger('silent'),
  });
  const signer = createImgproxySigner({ baseUrl, pairs: [pair], signatureSize: signatureBytes });
  const urls = createPresetUrls({ presets, signer, bucket, publicUrl: undefined, defaultPreset: undefined });
  return { sign: (filename) => urls.imageUrl('thumbnail', filename), close: () => presets.close() };
}

/** What nobody can do without: the HMAC of a finished path. Everything else that a URL needs is ours to pay. */
function createRawHmac(pathOf: ReadonlyMap<string, string>): Contender {
  return {
    name: 'raw-hmac',
    goal: { figure: 'ratio', comparison: '<=', limit: 1.3 },
    sign: (filename) => hmac(pathOf.get(filename) ?? ''),
  };
}

const faster: Goal = { figure: 'ratio', comparison: '<', limit: 1 };
const peerOptions = { resize: { resizing_type: 'fit', width: 300, height: 300 }, quality: 80, format: 'webp' };

function createImgproxyNode(): Contender {
  const { generateImageUrl } = requirePeer<{
    generateImageUrl(request: {
      endpoint: string;
      url: { value: string; displayAs: 'plain' };
      options: typeof peerOptions;
      key: string;
      salt: string;
    }): string;
  }>('@imgproxy/imgproxy-node');
  return {
    name: '@imgproxy/imgproxy-node',
    goal: faster,
    sign: (filename) =>
      generateImageUrl({
        endpoint: baseUrl,
        url: { value: `s3://${bucket}/${filename}`, displayAs: 'plain' },
        options: peerOptions,
        key: keyHex,
        salt: saltHex,
      }),
  };
}

/** It makes the path only; signed here as cheaply as can be. */
function createImgproxyJsCore(): Contender {
  const { generateUrl } = requirePeer<{
    generateUrl(url: { value: string; type: 'plain' }, options: typeof peerOptions): string;
  }>('@imgproxy/imgproxy-js-core');
  return {
    name: '@imgproxy/imgproxy-js-core',
    goal: faster,
    sign(filename) {
      const path = generateUrl({ value: `s3://${bucket}/${filename}`, type: 'plain' }, peerOptions);
      return `${baseUrl}/${hmac(path)}${path}`;
    },
  };
}

function createImgproxy(): Contender {
  interface Builder {
    resize(type: string, width: number, height: number): Builder;
    quality(percent: number): Builder;
    format(extension: string): Builder;
    generateUrl(url: string): string;
  }
  const { Imgproxy } = requirePeer<{
    Imgproxy: new (config: { baseUrl: string; key: string; salt: string; encode: boolean }) => { builder(): Builder };
  }>('imgproxy');
  const imgproxy = new Imgproxy({ baseUrl, key: keyHex, salt: saltHex, encode: false });
  return {
    name: 'imgproxy',
    goal: faster,
    sign: (filename) =>
      imgproxy.builder().resize('fit', 300, 300).quality(80).format('webp').generateUrl(`s3://${bucket}/${filename}`),
  };
}

function hmac(path: string): string {
  return createHmac('sha256', pair.key).update(pair.salt).update(path).digest('base64url');
}

/** A contender that made something else would be compared for nothing. */
function assertSameWork(contender: Contender, ours: { sign(filename: string): string }, filenames: string[]): void {
  for (const filename of filenames) {
    const expected = toSignedPath(ours.sign(filename));
    const given = contender.sign(filename);
    if (given === expected.signature) continue;
    const { signature, path } = toSignedPath(given);
    const sameOptions = sortedOptions(path) === sortedOptions(expected.path);
    if (!sameOptions || !verifyImgproxyPath(signature, path, [pair], signatureBytes)) {
      throw new Error(`${contender.name} made ${given}, which is not the same as ${ours.sign(filename)}`);
    }
  }
}

function toSignedPath(url: string): { signature: string; path: string } {
  const rest = url.slice(`${baseUrl}/`.length);
  const slash = rest.indexOf('/');
  return { signature: rest.slice(0, slash), path: rest.slice(slash) };
}

/** Options may stand in any order, under either of their names, with or without the defaults at their end. */
function sortedOptions(path: string): string {
  const [spelled = '', source = ''] = path.split('/plain/');
  const short = spelled
    .replace(/\bresize:/, 'rs:')
    .replace(/\bquality:/, 'q:')
    .replace(/\bformat:/, 'f:');
  const options = short.split('/').map((option) => option.replace(/(:0)+$/, ''));
  return `${options.sort().join('/')} ${source}`;
}

function timePerUrl(sign: (filename: string) => string, filenames: readonly string[]): number {
  const started = process.hrtime.bigint();
  for (const filename of filenames) sign(filename);
  return Number(process.hrtime.bigint() - started) / filenames.length;
}
