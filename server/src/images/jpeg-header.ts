import { AppError } from '../errors.ts';
import { orientSides, readExifOrientation } from './exif-orientation.ts';
import { type HeaderFacts, type HeaderReader, malformedHeader } from './header-reader.ts';

const startOfImage = 0xd8;
const endOfImage = 0xd9;
const startOfScan = 0xda;
const app1 = 0xe1;

/**
 * Walks the segments of a JPEG up to its scan. The first frame header (SOF) counts, as does the first EXIF block; stray
 * bytes between segments are stepped over, as decoders do. ITU-T T.81, annex B; EXIF 2.32, section 4.5.
 */
export async function readJpegHeader(reader: HeaderReader): Promise<HeaderFacts> {
  let sides: { width: number; height: number } | undefined;
  let orientation: number | undefined;
  let offset = 2;
  try {
    // Every turn goes forward and takes a step of the reader's, which gives out.
    while (true) {
      const [first, marker = 0] = await reader.at(offset, 2);
      if (first !== 0xff || marker === 0x00 || marker === 0xff) {
        offset += 1;
        continue;
      }
      if (isStandalone(marker)) {
        offset += 2;
        continue;
      }
      if (marker === startOfScan && sides !== undefined) break;
      if (marker === startOfImage || marker === endOfImage || marker === startOfScan) {
        throw malformedHeader('a JPEG', 'has no frame header before its picture data');
      }
      const length = (await reader.at(offset + 2, 2)).readUInt16BE(0);
      if (length < 2) throw malformedHeader('a JPEG', 'has a segment shorter than its own length field');
      if (offset + 2 + length > reader.totalBytes) throw new AppError('truncated');
      if (isFrameHeader(marker)) {
        sides ??= await readFrameHeader(reader, offset + 4, length - 2);
      } else if (marker === app1 && orientation === undefined && (await isExif(reader, offset + 4, length - 2))) {
        orientation = await readExifOrientation(reader, offset + 4, length - 2);
      }
      offset += 2 + length;
    }
  } catch (error) {
    // With the frame header at hand only a late EXIF block could still matter.
    if (sides === undefined || !(error instanceof AppError && error.code === 'header_too_far')) throw error;
  }
  return { ...orientSides(sides, orientation ?? 1), animated: false };
}

async function readFrameHeader(reader: HeaderReader, start: number, length: number) {
  if (length < 6) throw malformedHeader('a JPEG', 'has a frame header that is too short');
  const frame = await reader.at(start, 5);
  return { width: frame.readUInt16BE(3), height: frame.readUInt16BE(1) };
}

async function isExif(reader: HeaderReader, start: number, length: number): Promise<boolean> {
  return length >= 6 && (await reader.at(start, 6)).toString('latin1') === 'Exif\0\0';
}

/** SOF0 to SOF15; the gaps are DHT (C4), JPG (C8) and DAC (CC). */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** TEM and RST0 to RST7 have no length. */
function isStandalone(marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
}
