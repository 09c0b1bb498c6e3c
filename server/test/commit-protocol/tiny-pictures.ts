import type { ImageFacts } from '@kuanary/shared/contract';
import { tinyPng } from './tiny-png.ts';

/** What somebody with a policy may send: always as many bytes as were signed. */
export interface Content {
  name: string;
  bytes: Uint8Array;
  /** `null` for what is no picture. */
  facts: ImageFacts | null;
}

const pictureBytes = tinyPng(10, 10, 0).length;

/** A picture, another one that has the same facts, two whose facts differ, and no picture at all. */
export const contents: readonly Content[] = [
  png('a picture', 10, 10, 1),
  png('another picture with the same facts', 10, 10, 2),
  png('a wider picture', 20, 10, 3),
  { name: 'a GIF', bytes: tinyGif(10, 10), facts: factsOf(10, 10, 'gif') },
  { name: 'garbage', bytes: new Uint8Array(pictureBytes).fill(0x7f), facts: null },
];

export const signedBytes = pictureBytes;

/** What the API itself receives: verified before it is stored. */
export const receivedContent = { bytes: tinyPng(30, 30, 4), facts: factsOf(30, 30, 'png') };

function png(name: string, width: number, height: number, shade: number): Content {
  return { name, bytes: tinyPng(width, height, shade), facts: factsOf(width, height, 'png') };
}

function factsOf(width: number, height: number, format: ImageFacts['format']): ImageFacts {
  return { width, height, format, bytes: pictureBytes, animated: false };
}

/** One frame of one sub-block. What follows the trailer fills it up to the size. */
function tinyGif(width: number, height: number): Uint8Array {
  const gif = Buffer.alloc(pictureBytes);
  gif.write('GIF89a', 'latin1');
  gif.writeUInt16LE(width, 6);
  gif.writeUInt16LE(height, 8);
  gif[13] = 0x2c;
  gif.writeUInt16LE(width, 18);
  gif.writeUInt16LE(height, 20);
  gif.set([2, 1, 0x44, 0, 0x3b], 23);
  return new Uint8Array(gif);
}
