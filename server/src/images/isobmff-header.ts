import { AppError } from '../errors.ts';
import { type HeaderFacts, type HeaderReader, malformedHeader } from './header-reader.ts';

const avifBrands = new Set(['avif', 'avis']);
const heicBrands = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs']);
const genericBrands = new Set(['mif1', 'msf1', 'miaf']);
const sequenceBrands = new Set(['avis', 'hevc', 'hevx', 'hevm', 'hevs', 'msf1']);
/** Real files list fewer than ten brands. */
const maxFileTypeBytes = 512;

interface Box {
  type: string;
  /** Offset of the content. */
  start: number;
  end: number;
}

/**
 * Which of AVIF and HEIC the `ftyp` box at the start names: its major brand, or for a generic one the first specific
 * among the compatible brands. `undefined` for the rest of the family (videos, JPEG 2000, VVC).
 * ISO/IEC 14496-12, 4.3; ISO/IEC 23008-12, 10.2 and annex B; AV1 Image File Format, section 6.
 */
export async function detectIsobmffFormat(reader: HeaderReader): Promise<'avif' | 'heic' | undefined> {
  const [major = '', ...compatible] = await readBrands(reader);
  const candidates = genericBrands.has(major) ? compatible : [major];
  const brand = candidates.find((name) => avifBrands.has(name) || heicBrands.has(name));
  if (brand === undefined) return undefined;
  return avifBrands.has(brand) ? 'avif' : 'heic';
}

/**
 * Sides of the primary item: its `ispe`, then the crop (`clap`) and rotation (`irot`) that belong to it, in their order.
 * EXIF orientation means nothing here. A file with a brand for sequences counts as animated.
 * ISO/IEC 23008-12, 6.5 and 9.3; ISO/IEC 14496-12, 8.11.
 */
export async function readIsobmffHeader(reader: HeaderReader): Promise<HeaderFacts> {
  const brands = await readBrands(reader);
  const meta = await findBox(reader, { start: 0, end: reader.totalBytes }, 'meta');
  const inMeta = { start: meta.start + 4, end: meta.end };
  const primaryItem = await readPrimaryItem(reader, await findBox(reader, inMeta, 'pitm'));
  const properties = await findBox(reader, inMeta, 'iprp');
  const wanted = await readAssociations(reader, properties, primaryItem);
  const container = await findBox(reader, properties, 'ipco');
  const sides = await applyProperties(reader, await pickProperties(reader, container, wanted));
  return { ...sides, animated: brands.some((brand) => sequenceBrands.has(brand)) };
}

/** The major brand, then the compatible ones. Empty where the file does not start with a sensible `ftyp` box. */
async function readBrands(reader: HeaderReader): Promise<string[]> {
  const head = await reader.at(0, 8);
  const size = head.readUInt32BE(0);
  if (head.toString('latin1', 4, 8) !== 'ftyp' || size < 16 || size > maxFileTypeBytes) return [];
  const names = (await reader.at(8, size - 8)).toString('latin1').match(/.{4}/gs) ?? [];
  // The second name's place is taken by the minor version.
  return names.filter((_, index) => index !== 1);
}

async function readBox(reader: HeaderReader, offset: number, parentEnd: number): Promise<Box> {
  if (offset + 8 > parentEnd) throw outOfParent(reader, parentEnd);
  const head = await reader.at(offset, 8);
  let size = head.readUInt32BE(0);
  let start = offset + 8;
  if (size === 1) {
    const large = await reader.at(offset + 8, 8);
    size = large.readUInt32BE(0) * 2 ** 32 + large.readUInt32BE(4);
    start += 8;
  } else if (size === 0) {
    size = parentEnd - offset;
  }
  const end = offset + size;
  if (end < start) throw malformedHeader('an AVIF or HEIC', 'has a box smaller than its own head');
  if (end > parentEnd) throw outOfParent(reader, parentEnd);
  return { type: head.toString('latin1', 4, 8), start, end };
}

function outOfParent(reader: HeaderReader, parentEnd: number): AppError {
  if (parentEnd === reader.totalBytes) return new AppError('truncated');
  return malformedHeader('an AVIF or HEIC', 'has a box that reaches out of the one around it');
}

async function* readBoxes(reader: HeaderReader, parent: { start: number; end: number }): AsyncGenerator<Box> {
  let offset = parent.start;
  // Every turn goes forward by a box's head at least and takes a step of the reader's, which gives out.
  while (offset < parent.end) {
    const box = await readBox(reader, offset, parent.end);
    yield box;
    offset = box.end;
  }
}

async function findBox(reader: HeaderReader, parent: { start: number; end: number }, type: string): Promise<Box> {
  for await (const box of readBoxes(reader, parent)) {
    if (box.type === type) return box;
  }
  throw malformedHeader('an AVIF or HEIC', `has no still picture (its "${type}" box is missing)`);
}

async function readPrimaryItem(reader: HeaderReader, box: Box): Promise<number> {
  const wide = (await readInBox(reader, box, 0, 4))[0] !== 0;
  const id = await readInBox(reader, box, 4, wide ? 4 : 2);
  return id.readUIntBE(0, wide ? 4 : 2);
}

/** Indexes (from 1) of the properties of an item, in the order in which they apply. */
async function readAssociations(reader: HeaderReader, properties: Box, item: number): Promise<number[]> {
  for await (const box of readBoxes(reader, properties)) {
    if (box.type !== 'ipma') continue;
    const head = await readInBox(reader, box, 0, 8);
    const idBytes = head[0] === 0 ? 2 : 4;
    const indexBytes = (head.readUInt8(3) & 1) === 0 ? 1 : 2;
    let at = 8;
    for (let entry = head.readUInt32BE(4); entry > 0; entry -= 1) {
      const [id, count] = splitEntry(await readInBox(reader, box, at, idBytes + 1), idBytes);
      at += idBytes + 1;
      if (id === item) return toIndexes(await readInBox(reader, box, at, count * indexBytes), indexBytes);
      at += count * indexBytes;
    }
  }
  throw malformedHeader('an AVIF or HEIC', 'says nothing about its primary picture');
}

function splitEntry(entry: Buffer, idBytes: number): [id: number, count: number] {
  return [entry.readUIntBE(0, idBytes), entry.readUInt8(idBytes)];
}

/** The top bit of each index only says whether the property is essential. */
function toIndexes(bytes: Buffer, indexBytes: number): number[] {
  const indexes: number[] = [];
  for (let at = 0; at < bytes.length; at += indexBytes) {
    indexes.push(bytes.readUIntBE(at, indexBytes) & (indexBytes === 1 ? 0x7f : 0x7fff));
  }
  return indexes;
}

async function pickProperties(reader: HeaderReader, container: Box, wanted: number[]): Promise<Box[]> {
  const byIndex = new Map<number, Box>();
  const last = Math.max(0, ...wanted);
  let index = 0;
  for await (const box of readBoxes(reader, container)) {
    index += 1;
    if (index > last) break;
    byIndex.set(index, box);
  }
  return wanted.map((at) => byIndex.get(at)).filter((box) => box !== undefined);
}

async function applyProperties(reader: HeaderReader, properties: Box[]): Promise<{ width: number; height: number }> {
  const extent = properties.find((box) => box.type === 'ispe');
  if (extent === undefined) throw malformedHeader('an AVIF or HEIC', 'does not say how large its picture is');
  const size = await readInBox(reader, extent, 4, 8);
  let width = size.readUInt32BE(0);
  let height = size.readUInt32BE(4);
  for (const box of properties) {
    if (box.type === 'clap') {
      const crop = await readInBox(reader, box, 0, 16);
      width = cropSide(width, crop.readUInt32BE(0), crop.readUInt32BE(4));
      height = cropSide(height, crop.readUInt32BE(8), crop.readUInt32BE(12));
    } else if (box.type === 'irot' && ((await readInBox(reader, box, 0, 1)).readUInt8(0) & 1) === 1) {
      [width, height] = [height, width];
    }
  }
  return { width, height };
}

function cropSide(side: number, numerator: number, denominator: number): number {
  if (denominator === 0) throw malformedHeader('an AVIF or HEIC', 'has a crop that divides by zero');
  return Math.min(side, Math.round(numerator / denominator));
}

async function readInBox(reader: HeaderReader, box: Box, at: number, length: number): Promise<Buffer> {
  if (box.start + at + length > box.end) {
    throw malformedHeader('an AVIF or HEIC', `has a "${box.type}" box that is too short`);
  }
  return reader.at(box.start + at, length);
}
