import { ImageFacts } from '@kuanary/shared/contract';

/** The facts of an image as user metadata of its object, so that the bucket is the only database. */

export function buildImageMetadata(uploadId: string, facts: ImageFacts): Record<string, string> {
  return {
    'kuanary-upload': uploadId,
    'kuanary-width': String(facts.width),
    'kuanary-height': String(facts.height),
    'kuanary-format': facts.format,
    'kuanary-animated': String(facts.animated),
  };
}

/** The upload that made an object; `undefined` for objects of older versions. */
export function uploadIdOf(metadata: Record<string, string>): string | undefined {
  return metadata['kuanary-upload'];
}

/** The facts in an object's metadata; `null` where they are missing or not ours (objects of older versions). */
export function parseImageMetadata(metadata: Record<string, string>, totalBytes: number): ImageFacts | null {
  const parsed = ImageFacts.safeParse({
    width: Number(metadata['kuanary-width']),
    height: Number(metadata['kuanary-height']),
    format: metadata['kuanary-format'],
    animated: metadata['kuanary-animated'] === 'true',
    bytes: totalBytes,
  });
  return parsed.success ? parsed.data : null;
}
