import { type Canvas, type CanvasTools, scale } from './canvas.ts';
import type { ProcessingOptions } from './processing-options.ts';

/** sharp's bounds for sigma. A weaker blur does not change a pixel; libvips, too, takes a stronger sharpening as its strongest. */
const minBlur = 0.3;
const minSharpen = 0.000001;
const maxSharpen = 10;

/** The slopes in flat and in jagged areas that imgproxy leaves to libvips; sharp's own defaults differ. */
const libvipsSharpening = { m1: 0, m2: 3 };

/** Blurs, sharpens, pixelates, in that order. Expects a settled canvas. */
export async function applyFilters(canvas: Canvas, tools: CanvasTools, options: ProcessingOptions): Promise<Canvas> {
  let { image } = canvas;
  if (options.blur >= minBlur) image = image.blur(options.blur);
  if (options.sharpen > 0) {
    image = image.sharpen({ ...libvipsSharpening, sigma: Math.min(maxSharpen, Math.max(minSharpen, options.sharpen)) });
  }
  const filtered = await tools.settle({ image, size: canvas.size });
  const block = Math.min(options.pixelate, Math.max(canvas.size.width, canvas.size.height));
  return block > 1 ? pixelate(filtered, tools, block) : filtered;
}

export function hasFilters({ blur, sharpen, pixelate }: ProcessingOptions): boolean {
  return blur >= minBlur || sharpen > 0 || pixelate > 1;
}

async function pixelate(canvas: Canvas, tools: CanvasTools, block: number): Promise<Canvas> {
  const { width, height } = canvas.size;
  const blocks = { width: Math.ceil(width / block), height: Math.ceil(height / block) };
  const padded = { width: blocks.width * block, height: blocks.height * block };
  const mirrored = canvas.image.extend({
    right: padded.width - width,
    bottom: padded.height - height,
    extendWith: 'mirror',
  });
  const averaged = await tools.settle(scale(await tools.settle({ image: mirrored, size: padded }), blocks));
  const zoomed = averaged.image
    .resize(padded.width, padded.height, { fit: 'fill', kernel: 'nearest' })
    .extract({ left: 0, top: 0, width, height });
  return tools.settle({ image: zoomed, size: canvas.size });
}
