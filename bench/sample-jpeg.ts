const startOfImage = [0xff, 0xd8];
const endOfImage = [0xff, 0xd9];
/** Baseline, 8 bits, 3000 × 4000 pixels, three components. */
const frameHeader = [0xff, 0xc0, 0, 17, 8, 0x0f, 0xa0, 0x0b, 0xb8, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
const scanHeader = [0xff, 0xda, 0, 12, 3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0];

/** A JPEG of `bytes` bytes with everything that the server looks at; nobody will decode what stands for its pixels. */
export function buildSampleJpeg(bytes: number): Buffer<ArrayBuffer> {
  const head = Buffer.from([...startOfImage, ...frameHeader, ...scanHeader]);
  const pixels = Buffer.alloc(bytes - head.length - endOfImage.length, 0x5a);
  return Buffer.concat([head, pixels, Buffer.from(endOfImage)]);
}
