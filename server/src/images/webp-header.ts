import { orientSides, readExifOrientation } from './exif-orientation.ts';
import { type HeaderFacts, type HeaderReader, isOutOfReach, malformedHeader } from './header-reader.ts';

const chunkHeadBytes = 8;
const firstChunk = 12;
const animationFlag = 0x02;
const exifFlag = 0x08;

/**
 * Reads the first chunk of a WebP: lossy (VP8), lossless (VP8L) or extended (VP8X), which alone has animation and EXIF.
 * RFC 9649, sections 2.5 to 2.7; RFC 6386, section 9.1.
 */
export async function readWebpHeader(reader: HeaderReader): Promise<HeaderFacts> {
  const type = (await reader.at(firstChunk, chunkHeadBytes)).toString('latin1', 0, 4);
  const body = firstChunk + chunkHeadBytes;
  if (type === 'VP8 ') return readLossy(await reader.at(body, 10));
  if (type === 'VP8L') return readLossless(await reader.at(body, 5));
  if (type === 'VP8X') return readExtended(reader, await reader.at(body, 10));
  throw malformedHeader('a WebP', 'its first chunk is no picture');
}

function readLossy(frame: Buffer): HeaderFacts {
  if (frame.readUIntBE(3, 3) !== 0x9d012a) throw malformedHeader('a WebP', 'its first frame has no start code');
  return { width: frame.readUInt16LE(6) & 0x3fff, height: frame.readUInt16LE(8) & 0x3fff, animated: false };
}

function readLossless(head: Buffer): HeaderFacts {
  if (head[0] !== 0x2f) throw malformedHeader('a WebP', 'its lossless picture has no signature');
  const bits = head.readUInt32LE(1);
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1, animated: false };
}

async function readExtended(reader: HeaderReader, head: Buffer): Promise<HeaderFacts> {
  const flags = head.readUInt8(0);
  const sides = { width: head.readUIntLE(4, 3) + 1, height: head.readUIntLE(7, 3) + 1 };
  const orientation = (flags & exifFlag) === 0 ? 1 : await findOrientation(reader);
  return { ...orientSides(sides, orientation), animated: (flags & animationFlag) !== 0 };
}

/** The EXIF chunk comes after the picture data. One that is out of reach, or cut off, turns nothing. */
async function findOrientation(reader: HeaderReader): Promise<number> {
  let offset = firstChunk;
  try {
    // Every turn goes forward and takes a step of the reader's, which gives out.
    while (offset + chunkHeadBytes <= reader.totalBytes) {
      const chunk = await reader.at(offset, chunkHeadBytes);
      const length = chunk.readUInt32LE(4);
      if (chunk.toString('latin1', 0, 4) === 'EXIF') {
        return await readExifOrientation(reader, offset + chunkHeadBytes, length);
      }
      offset += chunkHeadBytes + length + (length % 2);
    }
  } catch (error) {
    if (!isOutOfReach(error)) throw error;
  }
  return 1;
}
