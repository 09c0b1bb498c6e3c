/** The smallest bytes that a header parser takes for a PNG of a size; `shade` makes others that look the same. */
export function tinyPng(width: number, height: number, shade: number): Uint8Array {
  const header = Buffer.alloc(25);
  header.writeUInt32BE(13, 0);
  header.write('IHDR', 4, 'latin1');
  header.writeUInt32BE(width, 8);
  header.writeUInt32BE(height, 12);
  header.set([8, 0, 0, 0, 0], 16);
  const data = Buffer.from([0, 0, 0, 1, 0x49, 0x44, 0x41, 0x54, shade, 0, 0, 0, 0]);
  const end = Buffer.from([0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]);
  return new Uint8Array(
    Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), header, data, end]),
  );
}
