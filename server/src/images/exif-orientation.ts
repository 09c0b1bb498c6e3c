import type { HeaderReader } from './header-reader.ts';

const orientationTag = 0x0112;
const shortType = 3;
const entryBytes = 12;
/** Real first directories have some dozen entries. */
const maxDirectoryEntries = 512;

/**
 * The orientation (1 to 8) in an EXIF block of `length` bytes at `start`, with or without the leading `Exif\0\0`; 1 where
 * it has none or is damaged, as decoders take it. Reads only the first directory (IFD0).
 * EXIF 2.32, section 4.6; TIFF 6.0, section 2.
 */
export async function readExifOrientation(reader: HeaderReader, start: number, length: number): Promise<number> {
  const end = start + length;
  if (length < 16) return 1;
  const hasPrefix = (await reader.at(start, 6)).toString('latin1') === 'Exif\0\0';
  const tiff = hasPrefix ? start + 6 : start;
  if (tiff + 8 > end) return 1;
  const head = await reader.at(tiff, 8);
  const mark = head.toString('latin1', 0, 4);
  if (mark !== 'II*\0' && mark !== 'MM\0*') return 1;
  const littleEndian = mark === 'II*\0';
  const short = (bytes: Buffer, at: number) => (littleEndian ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));

  const directory = tiff + (littleEndian ? head.readUInt32LE(4) : head.readUInt32BE(4));
  if (directory + 2 > end) return 1;
  const count = Math.min(short(await reader.at(directory, 2), 0), maxDirectoryEntries);
  for (let index = 0; index < count; index += 1) {
    const at = directory + 2 + index * entryBytes;
    if (at + entryBytes > end) return 1;
    const entry = await reader.at(at, entryBytes);
    if (short(entry, 0) !== orientationTag) continue;
    const orientation = short(entry, 8);
    return short(entry, 2) === shortType && orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  return 1;
}

/** Orientations 5 to 8 lay the picture on its side, so that its width is displayed as height. */
export function orientSides(
  sides: { width: number; height: number },
  orientation: number,
): { width: number; height: number } {
  return orientation >= 5 ? { width: sides.height, height: sides.width } : sides;
}
