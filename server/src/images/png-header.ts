import { AppError } from '../errors.ts';
import { orientSides, readExifOrientation } from './exif-orientation.ts';
import { type HeaderFacts, type HeaderReader, malformedHeader } from './header-reader.ts';

const signatureBytes = 8;
const chunkHeadBytes = 8;
const checksumBytes = 4;
const imageHeaderBytes = 13;

/**
 * Walks the chunks of a PNG up to its picture data: IHDR has the size, acTL makes it an animation, and eXIf may turn it
 * (decoders honour it before IDAT). PNG, third edition, sections 5.3, 11.2.1 and 11.3.3.
 */
export async function readPngHeader(reader: HeaderReader): Promise<HeaderFacts> {
  const head = await reader.at(signatureBytes, chunkHeadBytes + imageHeaderBytes);
  if (head.readUInt32BE(0) !== imageHeaderBytes || head.toString('latin1', 4, 8) !== 'IHDR') {
    throw malformedHeader('a PNG', 'its first chunk is not an image header');
  }
  const sides = { width: head.readUInt32BE(8), height: head.readUInt32BE(12) };
  let animated = false;
  let orientation = 1;
  let offset = signatureBytes + chunkHeadBytes + imageHeaderBytes + checksumBytes;
  // Every turn goes forward and takes a step of the reader's, which gives out.
  while (true) {
    const chunk = await reader.at(offset, chunkHeadBytes);
    const length = chunk.readUInt32BE(0);
    const type = chunk.toString('latin1', 4, 8);
    if (type === 'IDAT') return { ...orientSides(sides, orientation), animated };
    if (type === 'IEND') throw malformedHeader('a PNG', 'has no picture data');
    const next = offset + chunkHeadBytes + length + checksumBytes;
    if (next > reader.totalBytes) throw new AppError('truncated');
    if (type === 'acTL') animated = true;
    if (type === 'eXIf') orientation = await readExifOrientation(reader, offset + chunkHeadBytes, length);
    offset = next;
  }
}
