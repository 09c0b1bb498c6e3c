import { type Canvas, type CanvasTools, extract, extractBySmartCrop, isWhole } from './canvas.ts';
import type { ProcessingOptions } from './processing-options.ts';
import { placeByGravity, type Rectangle, type Size, type Turn, turnRectangleBack, turnSize } from './rectangle.ts';
import type { RenderPlan } from './render-plan.ts';
import { minNonZero } from './rounding.ts';

/** Cuts the trimmed part, and the crop inside it, out of the whole picture. `part` is in the pixels of `whole`. */
export async function cropBeforeScaling(
  whole: Canvas,
  tools: CanvasTools,
  part: Rectangle,
  user: Turn,
  plan: RenderPlan,
  options: ProcessingOptions,
): Promise<Canvas> {
  const displayed = turnSize(part, user.angle);
  const inner = within(plan.crop, displayed);
  if (isWhole({ left: 0, top: 0, ...inner }, displayed)) return extract(whole, part);
  const gravity = options.cropGravity ?? options.gravity;
  if (gravity.type === 'sm') {
    return tools.settle(extractBySmartCrop(extract(whole, part), turnSize(inner, user.angle)));
  }
  const crop = turnRectangleBack(placeByGravity(displayed, inner, gravity, 1), part, user);
  return extract(whole, { ...crop, left: part.left + crop.left, top: part.top + crop.top });
}

/** The part of a picture that `crop` leaves, where 0 stands for a whole side. */
function within(crop: Size, size: Size): Size {
  return {
    width: Math.min(minNonZero(crop.width, size.width), size.width),
    height: Math.min(minNonZero(crop.height, size.height), size.height),
  };
}

/** Cuts a scaled and turned picture down to the size that was asked for. */
export async function cropToResult(
  canvas: Canvas,
  tools: CanvasTools,
  plan: RenderPlan,
  options: ProcessingOptions,
): Promise<Canvas> {
  const inner = within(plan.resultCrop, canvas.size);
  if (isWhole({ left: 0, top: 0, ...inner }, canvas.size)) return canvas;
  if (options.gravity.type !== 'sm') {
    return extract(canvas, placeByGravity(canvas.size, inner, options.gravity, plan.dprScale));
  }
  return tools.settle(extractBySmartCrop(await tools.settle(canvas), inner));
}
