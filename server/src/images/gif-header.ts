import { type HeaderFacts, type HeaderReader, isOutOfReach, malformedHeader } from './header-reader.ts';

const screenBytes = 13;
const imageDescriptorBytes = 10;
/** Sub-blocks are at most 255 bytes, so nothing can be skipped and one long read serves best. */
const readAheadBytes = 65536;

/**
 * Walks the blocks of a GIF to its second frame. The size is the logical screen, grown to hold the first frame as
 * decoders do. Where the second frame is out of reach (a large first one, or a file that is cut off), the looping
 * extension decides whether the file counts as animated. GIF89a, sections 18 to 26.
 */
export async function readGifHeader(reader: HeaderReader): Promise<HeaderFacts> {
  const screen = await reader.at(0, screenBytes);
  let sides: { width: number; height: number } | undefined;
  let loops = false;
  let offset = screenBytes + colorTableBytes(screen[10]);
  try {
    // Every turn goes forward and takes a step of the reader's, which gives out.
    while (true) {
      const introducer = (await reader.at(offset, 1, readAheadBytes))[0];
      if (introducer === 0x21) {
        loops ||= await isLoopingExtension(reader, offset);
        offset = await skipSubBlocks(reader, offset + 2);
      } else if (introducer === 0x2c) {
        if (sides !== undefined) return { ...sides, animated: true };
        const frame = await reader.at(offset, imageDescriptorBytes, readAheadBytes);
        sides = {
          width: Math.max(screen.readUInt16LE(6), frame.readUInt16LE(1) + frame.readUInt16LE(5)),
          height: Math.max(screen.readUInt16LE(8), frame.readUInt16LE(3) + frame.readUInt16LE(7)),
        };
        offset = await skipSubBlocks(reader, offset + imageDescriptorBytes + colorTableBytes(frame[9]) + 1);
      } else {
        // The trailer, or junk where decoders stop as well.
        if (sides === undefined) throw malformedHeader('a GIF', 'has no frame');
        return { ...sides, animated: false };
      }
    }
  } catch (error) {
    if (sides === undefined || !isOutOfReach(error)) throw error;
    return { ...sides, animated: loops };
  }
}

async function skipSubBlocks(reader: HeaderReader, start: number): Promise<number> {
  let offset = start;
  while (true) {
    const [length = 0] = await reader.at(offset, 1, readAheadBytes);
    offset += 1 + length;
    if (length === 0) return offset;
  }
}

/** The application extension by which animations say how often they run. */
async function isLoopingExtension(reader: HeaderReader, offset: number): Promise<boolean> {
  const [, label, length] = await reader.at(offset, 3, readAheadBytes);
  if (label !== 0xff || length !== 11) return false;
  const name = (await reader.at(offset + 3, 11, readAheadBytes)).toString('latin1');
  return name === 'NETSCAPE2.0' || name === 'ANIMEXTS1.0';
}

function colorTableBytes(flags = 0): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 0x07) + 1);
}
