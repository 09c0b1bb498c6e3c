import { centre, type Gravity } from './gravity.ts';
import type { ImageFormatName } from './image-formats.ts';
import type { Rgb } from './option-arguments.ts';

export const resizingTypes = ['fit', 'fill', 'fill-down', 'force', 'auto'] as const;
export type ResizingType = (typeof resizingTypes)[number];

export interface Extension {
  enabled: boolean;
  gravity: Gravity;
}

export interface Trim {
  threshold: number;
  /** Without one the colour of the first pixel is trimmed. */
  colour: Rgb | undefined;
}

/** What an address asks for, with imgproxy's defaults. Sides and paddings in pixels; 0 is "not set" for sides. */
export interface ProcessingOptions {
  resizingType: ResizingType;
  width: number;
  height: number;
  minWidth: number;
  minHeight: number;
  zoomX: number;
  zoomY: number;
  dpr: number;
  enlarge: boolean;
  extend: Extension;
  extendAspectRatio: Extension;
  gravity: Gravity;
  /** From 1 on pixels, below that a share of the side, 0 for the whole side. */
  cropWidth: number;
  cropHeight: number;
  /** Without one `gravity` decides. */
  cropGravity: Gravity | undefined;
  trim: Trim | undefined;
  trimEqualHorizontally: boolean;
  trimEqualVertically: boolean;
  padding: { top: number; right: number; bottom: number; left: number };
  autoRotate: boolean;
  /** Degrees clockwise, a multiple of 90. */
  rotate: number;
  flipHorizontally: boolean;
  flipVertically: boolean;
  background: Rgb | undefined;
  blur: number;
  sharpen: number;
  pixelate: number;
  stripMetadata: boolean;
  keepCopyright: boolean;
  stripColourProfile: boolean;
  /** 0 where the format's own default applies. */
  quality: number;
  formatQuality: Map<ImageFormatName, number>;
  maxBytes: number;
  format: ImageFormatName | undefined;
  skipProcessing: Set<ImageFormatName>;
  raw: boolean;
  /** Unix time in seconds; 0 or less is "never". */
  expiresAt: number;
  filename: string;
  asAttachment: boolean;
}

export function defaultProcessingOptions(): ProcessingOptions {
  return {
    resizingType: 'fit',
    width: 0,
    height: 0,
    minWidth: 0,
    minHeight: 0,
    zoomX: 1,
    zoomY: 1,
    dpr: 1,
    enlarge: false,
    extend: { enabled: false, gravity: centre },
    extendAspectRatio: { enabled: false, gravity: centre },
    gravity: centre,
    cropWidth: 0,
    cropHeight: 0,
    cropGravity: undefined,
    trim: undefined,
    trimEqualHorizontally: false,
    trimEqualVertically: false,
    padding: { top: 0, right: 0, bottom: 0, left: 0 },
    autoRotate: true,
    rotate: 0,
    flipHorizontally: false,
    flipVertically: false,
    background: undefined,
    blur: 0,
    sharpen: 0,
    pixelate: 0,
    stripMetadata: true,
    keepCopyright: true,
    stripColourProfile: true,
    quality: 0,
    formatQuality: new Map(),
    maxBytes: 0,
    format: undefined,
    skipProcessing: new Set(),
    raw: false,
    expiresAt: 0,
    filename: '',
    asAttachment: false,
  };
}
