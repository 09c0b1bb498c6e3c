import { open } from 'node:fs/promises';
import type { ImageFacts } from '@kuanary/shared/contract';
import { type ImageLimits, readImageHeader } from './image-header.ts';

/** Facts of a file on the server's own disk. @throws AppError saying why the content is not acceptable */
export async function readSpooledImageFacts(
  spooled: { file: string; bytes: number },
  limits: ImageLimits,
): Promise<ImageFacts> {
  const handle = await open(spooled.file, 'r');
  try {
    const read = async (start: number, length: number): Promise<Uint8Array> => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, start);
      return buffer.subarray(0, bytesRead);
    };
    return await readImageHeader({ totalBytes: spooled.bytes, read }, limits);
  } finally {
    await handle.close();
  }
}
