import type { CanvasTools } from './canvas.ts';
import type { ProcessingOptions, Trim } from './processing-options.ts';
import type { SourceImage } from './read-source-image.ts';
import type { Rectangle } from './rectangle.ts';
import type { SharpModule } from './sharp-loader.ts';

/** What imgproxy puts behind transparent pixels before it looks for borders. */
const transparentStandIn = { r: 255, g: 0, b: 255 };

/**
 * The part of a source inside its plain borders, as stored (before any rotation). The whole where all of it is plain. Pictures of less than
 * 3 pixels a side cannot be trimmed: libvips fails, here as in imgproxy.
 */
export async function findTrim(
  sharp: SharpModule,
  tools: CanvasTools,
  source: SourceImage,
  trim: Trim,
  options: ProcessingOptions,
): Promise<Rectangle> {
  const flat = await tools.settle({
    image: sharp(source.bytes, { failOn: 'none' }).flatten({ background: transparentStandIn }).removeAlpha(),
    size: source.size,
  });
  const threshold = Number.isFinite(trim.threshold) ? Math.max(0, trim.threshold) : 0;
  const { info } = await flat.image
    .trim({ threshold, ...(trim.colour === undefined ? {} : { background: trim.colour }) })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const found = { left: -(info.trimOffsetLeft ?? 0), top: -(info.trimOffsetTop ?? 0), width, height };
  return withEqualMargins(found, source, options);
}

/** Makes opposite margins equal, where that is asked for, by widening the part to the smaller of the two. */
function withEqualMargins(part: Rectangle, { size }: SourceImage, options: ProcessingOptions): Rectangle {
  const horizontal = Math.min(part.left, size.width - part.left - part.width);
  const vertical = Math.min(part.top, size.height - part.top - part.height);
  return {
    ...(options.trimEqualHorizontally
      ? { left: horizontal, width: size.width - 2 * horizontal }
      : { left: part.left, width: part.width }),
    ...(options.trimEqualVertically
      ? { top: vertical, height: size.height - 2 * vertical }
      : { top: part.top, height: part.height }),
  };
}
