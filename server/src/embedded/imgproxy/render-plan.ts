import type { ProcessingOptions } from './processing-options.ts';
import type { Size } from './rectangle.ts';
import { minNonZero, round, roundToEven } from './rounding.ts';
import { type PlannedSource, type Scales, scaledAfterLoading } from './shrink-on-load.ts';

/** The sides that a rendering goes through, in pixels, as displayed (after every rotation). */
export interface RenderPlan {
  /** The device pixel ratio that is left when enlarging is not allowed; scales offsets and paddings. */
  dprScale: number;
  /** Cut out before scaling; 0 for a whole side. */
  crop: Size;
  /** The size after scaling. */
  scaled: Size;
  /** Cut out after scaling; 0 for a whole side. */
  resultCrop: Size;
  /** The size that was asked for, which `extend` fills up to; 0 where none was. */
  target: Size;
  /** What `extend_aspect_ratio` fills up to; 0 where the ratio fits already. */
  aspectExtension: Size;
  padding: { top: number; right: number; bottom: number; left: number };
}

/**
 * Works out every size of a rendering by imgproxy's rules, so that a picture comes out with exactly the sides that imgproxy gives it.
 * `maxResultSide` scales larger results down silently, as `IMGPROXY_MAX_RESULT_DIMENSION` does; 0 for no limit.
 */
export function planRendering(source: PlannedSource, options: ProcessingOptions, maxResultSide: number): RenderPlan {
  const crop = {
    width: cropSide(source.width, options.cropWidth),
    height: cropSide(source.height, options.cropHeight),
  };
  const toScale = { width: minNonZero(crop.width, source.width), height: minNonZero(crop.height, source.height) };
  const scales = limitScales(calculateScales(toScale, options), toScale, options, maxResultSide);
  const sizes = calculateSizes(toScale, scales, options);
  return {
    ...sizes,
    dprScale: scales.dprScale,
    crop,
    scaled: scaledAfterLoading(source, crop, scales),
    padding: scalePadding(options, scales.dprScale),
  };
}

function cropSide(side: number, crop: number): number {
  if (crop === 0) return 0;
  return crop >= 1 ? Math.trunc(crop) : Math.max(1, round(side * crop));
}

function calculateScales(source: Size, options: ProcessingOptions): Scales {
  let { x: shrinkX, y: shrinkY } = shrinksForType(source, options);
  shrinkX /= options.zoomX;
  shrinkY /= options.zoomY;
  let dprScale = options.dpr;
  if (!options.enlarge) {
    const smallest = Math.min(shrinkX, shrinkY);
    if (smallest < 1) {
      shrinkX /= smallest;
      shrinkY /= smallest;
      // A smaller ratio would shrink a picture that is too small already. An extended picture keeps its composition at every ratio.
      if (!options.extend.enabled) dprScale /= smallest;
    }
    dprScale = Math.min(dprScale, shrinkX, shrinkY);
  }
  ({ x: shrinkX, y: shrinkY } = atLeastMinimum({ x: shrinkX, y: shrinkY }, source, options));
  return {
    x: 1 / Math.min(shrinkX / dprScale, source.width),
    y: 1 / Math.min(shrinkY / dprScale, source.height),
    dprScale,
  };
}

interface Shrinks {
  x: number;
  y: number;
}

function shrinksForType(source: Size, options: ProcessingOptions): Shrinks {
  const width = options.width === 0 ? source.width : options.width;
  const height = options.height === 0 ? source.height : options.height;
  const x = source.width / width;
  const y = source.height / height;
  const type = options.resizingType === 'auto' ? resolveAutoType(source, { width, height }) : options.resizingType;
  if (type === 'force') return { x, y };
  if (options.width === 0) return { x: y, y };
  if (options.height === 0) return { x, y: x };
  const both = type === 'fit' ? Math.max(x, y) : Math.min(x, y);
  return { x: both, y: both };
}

function resolveAutoType(source: Size, target: Size): 'fill' | 'fit' {
  return source.width >= source.height === target.width >= target.height ? 'fill' : 'fit';
}

function atLeastMinimum({ x, y }: Shrinks, source: Size, { minWidth, minHeight }: ProcessingOptions): Shrinks {
  let shrinks = { x, y };
  const limitX = minWidth > 0 ? source.width / minWidth : Infinity;
  if (limitX < shrinks.x) shrinks = { x: limitX, y: shrinks.y / (shrinks.x / limitX) };
  const limitY = minHeight > 0 ? source.height / minHeight : Infinity;
  if (limitY < shrinks.y) shrinks = { x: shrinks.x / (shrinks.y / limitY), y: limitY };
  return shrinks;
}

type Sizes = Pick<RenderPlan, 'scaled' | 'resultCrop' | 'target' | 'aspectExtension'>;

function calculateSizes(source: Size, scales: Scales, options: ProcessingOptions): Sizes {
  const target = {
    width: round(options.width * scales.dprScale * options.zoomX),
    height: round(options.height * scales.dprScale * options.zoomY),
  };
  const scaled = { width: round(source.width * scales.x), height: round(source.height * scales.y) };
  const resultCrop = options.resizingType === 'fill-down' && !options.enlarge ? fillDownCrop(target, scaled) : target;
  return { target, scaled, resultCrop, aspectExtension: calculateAspectExtension(target, scaled, resultCrop, options) };
}

/** The largest part of a picture that is too small, in the proportions that were asked for. */
function fillDownCrop(target: Size, scaled: Size): Size {
  const x = target.width / scaled.width;
  const y = target.height / scaled.height;
  if (x > y && x > 1) {
    return { width: scaled.width, height: round(scaled.width * (target.height / target.width)) };
  }
  if (y > x && y > 1) {
    return { width: round(scaled.height * (target.width / target.height)), height: scaled.height };
  }
  return target;
}

function calculateAspectExtension(target: Size, scaled: Size, resultCrop: Size, options: ProcessingOptions): Size {
  const none = { width: 0, height: 0 };
  if (!options.extendAspectRatio.enabled || target.width <= 0 || target.height <= 0) return none;
  const width = minNonZero(scaled.width, resultCrop.width);
  const height = minNonZero(scaled.height, resultCrop.height);
  const x = target.width / width;
  const y = target.height / height;
  if (y > x) return { width, height: round(width * (target.height / target.width)) };
  if (x > y) return { width: round(height * (target.width / target.height)), height };
  return none;
}

function limitScales(scales: Scales, source: Size, options: ProcessingOptions, maxResultSide: number): Scales {
  if (maxResultSide <= 0) return scales;
  const { width, height } = resultSize(calculateSizes(source, scales, options), scales, options);
  const longest = Math.max(width, height);
  if (longest <= maxResultSide) return scales;
  const factor = maxResultSide / longest;
  return {
    x: Math.max(scales.x * factor, 1 / source.width),
    y: Math.max(scales.y * factor, 1 / source.height),
    dprScale: scales.dprScale * factor,
  };
}

function resultSize(sizes: Sizes, scales: Scales, options: ProcessingOptions): Size {
  const padding = scalePadding(options, scales.dprScale);
  const width = minNonZero(sizes.scaled.width, sizes.resultCrop.width);
  const height = minNonZero(sizes.scaled.height, sizes.resultCrop.height);
  const extension = options.extend.enabled ? sizes.target : sizes.aspectExtension;
  return {
    width: Math.max(width, extension.width) + padding.left + padding.right,
    height: Math.max(height, extension.height) + padding.top + padding.bottom,
  };
}

function scalePadding({ padding }: ProcessingOptions, dprScale: number): RenderPlan['padding'] {
  return {
    top: roundToEven(padding.top * dprScale),
    right: roundToEven(padding.right * dprScale),
    bottom: roundToEven(padding.bottom * dprScale),
    left: roundToEven(padding.left * dprScale),
  };
}
