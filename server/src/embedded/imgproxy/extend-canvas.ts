import { type Canvas, type CanvasTools, extract } from './canvas.ts';
import type { Gravity } from './gravity.ts';
import type { ProcessingOptions } from './processing-options.ts';
import { placeByGravity, type Size } from './rectangle.ts';
import type { RenderPlan } from './render-plan.ts';

const transparent = { r: 0, g: 0, b: 0, alpha: 0 };

/** Adds what `extend`, `extend_aspect_ratio` and `padding` ask for: transparent pixels. Expects a settled canvas, returns one. */
export async function extendCanvas(
  canvas: Canvas,
  tools: CanvasTools,
  plan: RenderPlan,
  options: ProcessingOptions,
): Promise<Canvas> {
  const { extend, extendAspectRatio } = options;
  let extended = canvas;
  if (extend.enabled) extended = await fillUp(extended, tools, plan.target, extend.gravity, plan.dprScale);
  if (extendAspectRatio.enabled && plan.aspectExtension.width > 0) {
    extended = await fillUp(extended, tools, plan.aspectExtension, extendAspectRatio.gravity, plan.dprScale);
  }
  return hasPadding(options) ? embed(extended, tools, plan.padding) : extended;
}

export function extendsCanvas(options: ProcessingOptions): boolean {
  return options.extend.enabled || options.extendAspectRatio.enabled || hasPadding(options);
}

export function hasPadding({ padding }: ProcessingOptions): boolean {
  return padding.top + padding.right + padding.bottom + padding.left > 0;
}

async function fillUp(
  canvas: Canvas,
  tools: CanvasTools,
  target: Size,
  gravity: Gravity,
  dprScale: number,
): Promise<Canvas> {
  if (target.width <= canvas.size.width && target.height <= canvas.size.height) return canvas;
  const outer = { width: target.width || canvas.size.width, height: target.height || canvas.size.height };
  // Filling up one side cuts the other where the picture is longer than was asked for: imgproxy does that too.
  const inner = {
    width: Math.min(outer.width, canvas.size.width),
    height: Math.min(outer.height, canvas.size.height),
  };
  const cut = extract(canvas, { left: 0, top: 0, ...inner });
  const { left, top } = placeByGravity(outer, inner, gravity, dprScale);
  return embed(await tools.settle(cut), tools, {
    left,
    top,
    right: outer.width - inner.width - left,
    bottom: outer.height - inner.height - top,
  });
}

function embed(canvas: Canvas, tools: CanvasTools, margins: RenderPlan['padding']): Promise<Canvas> {
  const size = {
    width: canvas.size.width + margins.left + margins.right,
    height: canvas.size.height + margins.top + margins.bottom,
  };
  return tools.settle({ image: canvas.image.ensureAlpha().extend({ ...margins, background: transparent }), size });
}
