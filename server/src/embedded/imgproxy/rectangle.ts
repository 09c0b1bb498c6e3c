import type { Gravity } from './gravity.ts';
import { roundToEven } from './rounding.ts';

export interface Size {
  width: number;
  height: number;
}

export interface Rectangle extends Size {
  left: number;
  top: number;
}

/** A turn by `angle` degrees clockwise (0, 90, 180, 270), then mirroring. */
export interface Turn {
  angle: number;
  flipHorizontally: boolean;
  flipVertically: boolean;
}

export function isSideways(angle: number): boolean {
  return angle % 180 !== 0;
}

export function turnSize({ width, height }: Size, angle: number): Size {
  return isSideways(angle) ? { width: height, height: width } : { width, height };
}

/** Where a rectangle of a picture of `size` lies after the picture has been turned. */
export function turnRectangle(rectangle: Rectangle, size: Size, turn: Turn): Rectangle {
  const turned = rotateRectangle(rectangle, size, turn.angle);
  return flipRectangle(turned, turnSize(size, turn.angle), turn);
}

/** The rectangle of a picture of `size` that lies at `rectangle` once the picture has been turned. */
export function turnRectangleBack(rectangle: Rectangle, size: Size, turn: Turn): Rectangle {
  const turnedSize = turnSize(size, turn.angle);
  return rotateRectangle(flipRectangle(rectangle, turnedSize, turn), turnedSize, (360 - turn.angle) % 360);
}

function rotateRectangle({ left, top, width, height }: Rectangle, size: Size, angle: number): Rectangle {
  const right = size.width - left - width;
  const bottom = size.height - top - height;
  if (angle === 90) return { left: bottom, top: left, width: height, height: width };
  if (angle === 180) return { left: right, top: bottom, width, height };
  if (angle === 270) return { left: top, top: right, width: height, height: width };
  return { left, top, width, height };
}

function flipRectangle(rectangle: Rectangle, size: Size, turn: Turn): Rectangle {
  return {
    ...rectangle,
    left: turn.flipHorizontally ? size.width - rectangle.left - rectangle.width : rectangle.left,
    top: turn.flipVertically ? size.height - rectangle.top - rectangle.height : rectangle.top,
  };
}

/** EXIF orientation 1 to 8 as the turn that shows the picture upright. */
export function exifTurn(orientation: number | undefined): Turn {
  const angles: Record<number, number> = { 3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270 };
  const mirrored = [2, 4, 5, 7].includes(orientation ?? 1);
  return { angle: angles[orientation ?? 1] ?? 0, flipHorizontally: mirrored, flipVertically: false };
}

/**
 * Places `inner` in (or, when it extends a picture, the picture in) `outer` by gravity, within the bounds. `offsetScale` scales offsets in
 * pixels: the device pixel ratio, or 1 before scaling. `sm` counts as the centre: it is decided by looking at pixels.
 */
export function placeByGravity(outer: Size, inner: Size, gravity: Gravity, offsetScale: number): Rectangle {
  const left = placeAlong(outer.width, inner.width, gravity.x, offsetScale, {
    isFocalPoint: gravity.type === 'fp',
    atStart: gravity.type.endsWith('we'),
    atEnd: gravity.type.endsWith('ea'),
  });
  const top = placeAlong(outer.height, inner.height, gravity.y, offsetScale, {
    isFocalPoint: gravity.type === 'fp',
    atStart: gravity.type.startsWith('no'),
    atEnd: gravity.type.startsWith('so'),
  });
  return { left, top, ...inner };
}

interface Anchor {
  isFocalPoint: boolean;
  atStart: boolean;
  atEnd: boolean;
}

function placeAlong(outer: number, inner: number, offset: number, offsetScale: number, anchor: Anchor): number {
  const start = startAlong(outer, inner, offset, offsetScale, anchor);
  return Number.isNaN(start) ? 0 : Math.max(0, Math.min(start, outer - inner));
}

function startAlong(outer: number, inner: number, offset: number, offsetScale: number, anchor: Anchor): number {
  if (anchor.isFocalPoint) return roundToEven(outer * offset) - Math.trunc(inner / 2);
  const pixels = Math.abs(offset) >= 1 ? roundToEven(offset * offsetScale) : roundToEven(outer * offset);
  if (anchor.atStart) return pixels;
  if (anchor.atEnd) return outer - inner - pixels;
  return roundToEven((outer - inner + 1) / 2) + pixels;
}
