import { crc32, deflateSync } from 'node:zlib';

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Length, type and checksum around the data of a chunk. */
const chunkOverheadBytes = 12;
const bitsPerByte = 8;

/**
 * A grey picture, one bit a pixel, so that the largest sizes stay some kilobytes. `bytes`, when given, is the exact size
 * of the file: a private chunk that decoders pass over fills it up.
 *
 * @throws RangeError when `bytes` is too small for the picture
 * @see https://www.w3.org/TR/png-3/
 */
export function createPng({ width, height, bytes }: { width: number; height: number; bytes?: number }): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([1, 0, 0, 0, 0], 8);
  // Each row begins with the number of its filter.
  const rows = Buffer.alloc((1 + Math.ceil(width / bitsPerByte)) * height);
  const parts = [signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows, { level: 9 })), chunk('IEND')];
  const missing = bytes === undefined ? 0 : bytes - parts.reduce((sum, part) => sum + part.length, 0);
  if (missing === 0) return Buffer.concat(parts);
  if (missing < chunkOverheadBytes) throw new RangeError(`a PNG of ${width} × ${height} does not fit ${bytes} bytes`);
  parts.splice(2, 0, chunk('kuFi', Buffer.alloc(missing - chunkOverheadBytes)));
  return Buffer.concat(parts);
}

function chunk(type: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}
