import type { Size } from './rectangle.ts';
import { round, roundToEven } from './rounding.ts';

/** A source picture as displayed, and how its decoder can shrink while it loads, which moves imgproxy's roundings. */
export interface PlannedSource extends Size {
  shrinksOnLoad: 'in-powers-of-two' | 'freely' | 'never';
}

/** Factors that a picture is scaled by, and the device pixel ratio that is part of them. */
export interface Scales {
  x: number;
  y: number;
  dprScale: number;
}

/**
 * The size after scaling. imgproxy lets JPEG and WebP decoders shrink first and rounds the crop to the smaller picture, so a cropped
 * picture may come out a pixel larger or smaller than the scale alone would have it.
 */
export function scaledAfterLoading(source: PlannedSource, crop: Size, scales: Scales): Size {
  const shrink = shrinkOnLoad(source, scales);
  return {
    width: scaledSide(source.width, crop.width, scales.x, loadedSide(source.width, shrink, source.shrinksOnLoad)),
    height: scaledSide(source.height, crop.height, scales.y, loadedSide(source.height, shrink, source.shrinksOnLoad)),
  };
}

function shrinkOnLoad(source: PlannedSource, scales: Scales): number {
  const shrink = Math.min(
    source.width / round(source.width * scales.x),
    source.height / round(source.height * scales.y),
  );
  if (source.shrinksOnLoad === 'never' || !(shrink > 1)) return 1;
  if (source.shrinksOnLoad === 'freely') return shrink;
  return [8, 4, 2].find((power) => shrink >= power) ?? 1;
}

function loadedSide(side: number, shrink: number, manner: PlannedSource['shrinksOnLoad']): number {
  if (shrink === 1) return side;
  return manner === 'freely' ? roundToEven(side / shrink) : Math.max(1, Math.floor(side / shrink));
}

function scaledSide(side: number, crop: number, scale: number, loaded: number): number {
  const shrunkBy = side / loaded;
  const remaining = scale * shrunkBy;
  const cropped = crop === 0 ? loaded : Math.min(loaded, loaded === side ? crop : Math.max(1, round(crop / shrunkBy)));
  const isExact = loaded !== side && round(loaded * remaining) === loaded;
  if (isExact) return cropped;
  // libvips divides when it reduces and multiplies when it enlarges: at a half that decides which way it rounds.
  const scaled = remaining < 1 ? cropped / (1 / remaining) : cropped * remaining;
  return Math.max(1, Math.floor(scaled + 0.5));
}
