import type { Sharp } from 'sharp';
import type { Rectangle, Size } from './rectangle.ts';
import type { SharpModule } from './sharp-loader.ts';

/**
 * A picture on its way through the pipeline. sharp applies its operations in an order of its own; `settle` ends one run of them, so that
 * the next ones come after it.
 */
export interface Canvas {
  image: Sharp;
  size: Size;
}

export interface CanvasTools {
  /** Carries out what is pending, without loss. Metadata go along where they are to be kept. */
  settle(canvas: Canvas): Promise<Canvas>;
  /** Runs the pending operations of `image` within the time that is left. */
  run(image: Sharp): Promise<Buffer>;
}

/** `deadline` is a time of `Date.now()`; `maxPixels` bounds every intermediate picture. */
export function createCanvasTools(
  sharp: SharpModule,
  { deadline, maxPixels, keepMetadata }: { deadline: number; maxPixels: number; keepMetadata: boolean },
): CanvasTools {
  const run = (image: Sharp): Promise<Buffer> => {
    const secondsLeft = Math.max(1, Math.ceil((deadline - Date.now()) / 1000));
    return image.timeout({ seconds: secondsLeft }).toBuffer();
  };
  return {
    run,
    async settle({ image, size }) {
      const uncompressed = image.png({ compressionLevel: 0 });
      const bytes = await run(keepMetadata ? uncompressed.keepMetadata() : uncompressed);
      return { image: sharp(bytes, { limitInputPixels: maxPixels }), size };
    },
  };
}

export function isWhole(rectangle: Rectangle, size: Size): boolean {
  return rectangle.width === size.width && rectangle.height === size.height;
}

/** Cuts `rectangle` out, after everything that is pending. */
export function extract(canvas: Canvas, rectangle: Rectangle): Canvas {
  if (isWhole(rectangle, canvas.size)) return canvas;
  const { left, top, width, height } = rectangle;
  return { image: canvas.image.extract({ left, top, width, height }), size: { width, height } };
}

/** Scales to exactly `size`. */
export function scale(canvas: Canvas, size: Size): Canvas {
  if (size.width === canvas.size.width && size.height === canvas.size.height) return canvas;
  return { image: canvas.image.resize(size.width, size.height, { fit: 'fill' }), size };
}

/**
 * Cuts out the part that draws most attention (edges, saturation, skin tones), as libvips does for imgproxy's `sm`. Nothing else may be
 * pending but a first cut, and the result must be settled before it is scaled.
 */
export function extractBySmartCrop(canvas: Canvas, size: Size): Canvas {
  const image = canvas.image.resize(size.width, size.height, {
    fit: 'cover',
    position: 'attention',
    // Without this sharp would first scale the picture down to the part's size.
    withoutReduction: true,
  });
  return { image, size };
}
