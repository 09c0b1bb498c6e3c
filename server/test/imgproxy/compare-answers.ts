import sharp from 'sharp';
import { measureDistance } from './compare-pictures.ts';
import type { RawAnswer } from './signed-requests.ts';

/** In what two answers differ. Where statuses or sizes do, what follows from them is not looked at. */
export type Aspect = 'status' | 'text' | 'headers' | 'format' | 'size' | 'metadata' | 'pixels' | 'bytes';

export interface Difference {
  aspect: Aspect;
  /** `<what>: <the stand-in's> instead of <imgproxy's>` */
  sentence: string;
}

/** How far pictures may be apart: see `PictureDistance`. */
export interface Tolerance {
  mean: number;
  visibleShare: number;
}

/**
 * Both scale with libvips, but not the same one and not from the same pixels: imgproxy lets the JPEG decoder halve the picture before it cuts
 * and scales, sharp does so later or not at all. Texture then comes out a little softer or sharper, and edges of cut-outs lie up to half a
 * pixel aside. Largest measured: a mean of 3.2, and 2.4 % of visible pixels.
 */
export const losslessTolerance: Tolerance = { mean: 3.5, visibleShare: 0.03 };

/** Adds what two versions of an encoder make of the same pixels. Largest measured at qualities from 30 on: 5.6, and 1.9 %. */
export const lossyTolerance: Tolerance = { mean: 6, visibleShare: 0.03 };

const losslessFormats: ReadonlySet<string> = new Set(['png', 'tiff']);

/** Files may differ in length by this factor, once they are long enough for their headers not to matter. */
const maxLengthFactor = 1.8;
const minComparedBytes = 2048;

/** Headers of the connection, of the moment, or (the length) compared by their own rule. */
const incomparableHeaders: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'transfer-encoding',
]);
/** Headers of which only the presence is compared: random unless the client gave one. */
const randomHeaders: ReadonlySet<string> = new Set(['x-request-id']);

/** Everything in which the stand-in's answer (`here`) differs from imgproxy's (`there`). */
export async function compareAnswers(here: RawAnswer, there: RawAnswer, tolerance?: Tolerance): Promise<Difference[]> {
  if (here.status !== there.status) return [different('status', 'status', describe(here), describe(there))];
  const differences = compareHeaders(here, there);
  if (here.body.equals(there.body)) return differences;
  const isPicture =
    there.headers['content-type']?.startsWith('image/') && here.headers['content-type']?.startsWith('image/');
  if (!isPicture) return [...differences, different('text', 'text', textOf(here), textOf(there))];
  return [...differences, ...(await comparePictures(here.body, there.body, tolerance))];
}

function different(aspect: Aspect, what: string, here: unknown, there: unknown): Difference {
  return { aspect, sentence: `${what}: ${String(here)} instead of ${String(there)}` };
}

const textOf = ({ body }: RawAnswer): string => JSON.stringify(body.toString('utf8', 0, 120));
const describe = (answer: RawAnswer): string =>
  answer.status < 400 ? String(answer.status) : `${answer.status} ${textOf(answer)}`;

function compareHeaders(here: RawAnswer, there: RawAnswer): Difference[] {
  const names = new Set([...Object.keys(here.headers), ...Object.keys(there.headers)]);
  return [...names].flatMap((name) => {
    const [ours, theirs] = [here.headers[name], there.headers[name]];
    const isAlike = randomHeaders.has(name) ? (ours === undefined) === (theirs === undefined) : ours === theirs;
    return isAlike || incomparableHeaders.has(name) ? [] : [different('headers', name, ours, theirs)];
  });
}

interface Facts {
  format: string;
  size: string;
  frames: number;
  chroma: string | undefined;
  orientation: number;
  hasProfile: boolean;
  isGrey: boolean;
  isPalette: boolean;
  camera: boolean;
  rightsInExif: boolean;
  rightsInXmp: boolean;
}

/** What a decoder says; of metadata what matters to people: who may use it, and what gives its maker away. */
async function readFacts(bytes: Buffer): Promise<Facts> {
  const metadata = await sharp(bytes).metadata();
  const format = metadata.compression === 'av1' ? 'avif' : metadata.format;
  return {
    format,
    size: `${metadata.width}x${metadata.height}`,
    frames: metadata.pages ?? 1,
    chroma: format === 'jpeg' && metadata.channels > 1 ? metadata.chromaSubsampling : undefined,
    orientation: metadata.orientation ?? 1,
    hasProfile: metadata.icc !== undefined,
    isGrey: metadata.channels <= 2,
    isPalette: metadata.isPalette,
    camera: metadata.exif?.includes('SecretCameraMaker') ?? false,
    rightsInExif: metadata.exif?.includes('Ann Example 2026') ?? false,
    rightsInXmp: metadata.xmp?.includes('Ann Example 2026') ?? false,
  };
}

async function comparePictures(here: Buffer, there: Buffer, tolerance: Tolerance | undefined): Promise<Difference[]> {
  const [ours, theirs] = await Promise.all([readFacts(here), readFacts(there)]);
  const { format, size, ...metadata } = theirs;
  if (ours.format !== format) return [different('format', 'format', ours.format, format)];
  if (ours.size !== size) return [different('size', 'size', ours.size, size)];
  const facts = Object.entries(ours).flatMap(([name, value]) => {
    const expected = Object.entries(metadata).find(([other]) => other === name);
    return expected === undefined || expected[1] === value ? [] : [different('metadata', name, value, expected[1])];
  });
  const allowed = tolerance ?? (losslessFormats.has(format) ? losslessTolerance : lossyTolerance);
  return [...facts, ...comparePixels(await measureDistance(here, there), allowed), ...compareLengths(here, there)];
}

function comparePixels(distance: Tolerance | undefined, allowed: Tolerance): Difference[] {
  if (distance === undefined) return [different('size', 'decoded sides', 'others', 'the same')];
  const { mean, visibleShare } = distance;
  if (mean <= allowed.mean && visibleShare <= allowed.visibleShare) return [];
  const say = (tolerance: Tolerance): string =>
    `a mean of ${tolerance.mean.toFixed(2)} and ${(tolerance.visibleShare * 100).toFixed(2)} % of visible pixels`;
  return [different('pixels', 'distance', say({ mean, visibleShare }), `at most ${say(allowed)}`)];
}

function compareLengths(here: Buffer, there: Buffer): Difference[] {
  const [shorter = 0, longer = 0] = [here.length, there.length].sort((a, b) => a - b);
  if (longer < minComparedBytes || longer <= shorter * maxLengthFactor) return [];
  return [different('bytes', 'bytes', here.length, `${there.length}, give or take a factor of ${maxLengthFactor}`)];
}
