import { z } from 'zod';
import {
  compassCodes,
  maxBlurSigma,
  maxDpr,
  maxSharpenSigma,
  maxSidePixels,
  outputFormats,
} from './imgproxy-option-arguments.ts';
import { parseOptions } from './imgproxy-option-grammar.ts';

/** Most entries of `widths`. */
export const maxWidths = 20;
/** Longest `options`, in characters. */
export const maxOptionsLength = 500;

const compassNames = Object.keys(compassCodes) as (keyof typeof compassCodes)[];
const pixels = z.int().min(1).max(maxSidePixels);
const offset = z.number().min(-maxSidePixels).max(maxSidePixels);
const fraction = z.number().min(0).max(1);
const compassName = z.enum(compassNames);
const placed = z.strictObject({ position: compassName, x: offset.optional(), y: offset.optional() });
const focalPoint = z.strictObject({ x: fraction, y: fraction });
const sourceSide = z.number().min(0).max(1e6);
const sourceOffset = z.number().min(0).max(1e6);
const Gravity = z.union([compassName, z.enum(['sm', 'smart']), placed, focalPoint]);
export type Gravity = z.infer<typeof Gravity>;

const compassList =
  'center, north, south, east, west, north-east, north-west, south-east, south-west (or ce, no, …, sowe)';
const placedList = `${compassList}, {"position": one of these, "x": offset, "y": offset} or a focal point {"x": 0 to 1, "y": 0 to 1}`;
const pixelRange = `a whole number of pixels from 1 to ${maxSidePixels}`;

/** Each description says what the field allows; error messages and the JSON schema both use it. */
export const presetFields = {
  resize: z
    .enum(['fit', 'fill', 'fill-down', 'force', 'auto'])
    .describe(
      'fit (the default: whole picture inside the box), fill (covers the box, the rest is cut off), fill-down, force or auto',
    ),
  width: pixels.describe(`${pixelRange}; left out, it follows from the height`),
  height: pixels.describe(`${pixelRange}; left out, it follows from the width`),
  minWidth: pixels.describe(pixelRange),
  minHeight: pixels.describe(pixelRange),
  widths: z
    .array(pixels)
    .min(1)
    .max(maxWidths)
    .refine((widths) => new Set(widths).size === widths.length)
    .describe(
      `1 to ${maxWidths} different whole numbers of pixels from 1 to ${maxSidePixels}, for srcset; the height scales along`,
    ),
  dpr: z.number().min(0.1).max(maxDpr).describe(`a number from 0.1 to ${maxDpr}`),
  enlarge: z.boolean().describe('true or false: whether small pictures are scaled up'),
  extend: z
    .union([z.boolean(), compassName, placed, focalPoint])
    .describe(`true, false, or where the picture sits in the extended box: ${placedList}`),
  gravity: Gravity.describe(`which part of the picture is kept: ${placedList}, or sm (smart)`),
  crop: z.literal('face').describe('"face" only; a rectangle is written as cropArea'),
  cropArea: z
    .strictObject({
      width: sourceSide,
      height: sourceSide,
      x: sourceOffset.optional(),
      y: sourceOffset.optional(),
      gravity: Gravity.optional(),
    })
    .describe(
      'a rectangle of the original, cut out before resizing: {"width", "height"} and perhaps {"x", "y"} from its upper left corner or a "gravity"; from 1 on in pixels, below 1 as a share, 0 is the full side',
    ),
  rotate: z.union([z.literal(0), z.literal(90), z.literal(180), z.literal(270)]).describe('0, 90, 180 or 270 degrees'),
  background: z
    .union([z.string().regex(/^#?(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$/), z.array(z.int().min(0).max(255)).length(3)])
    .describe('a colour: "#ff8800", "ff8800", "#f80" or [red, green, blue] from 0 to 255'),
  blur: z.number().min(0).max(maxBlurSigma).describe(`a number from 0 to ${maxBlurSigma}`),
  sharpen: z.number().min(0).max(maxSharpenSigma).describe(`a number from 0 to ${maxSharpenSigma}`),
  quality: z.int().min(1).max(100).describe('a whole number from 1 to 100'),
  format: z
    .enum([...outputFormats, 'auto'])
    .describe(`${outputFormats.join(', ')}, or auto (imgproxy chooses by the Accept header)`),
  keepMetadata: z.boolean().describe('true or false: whether EXIF data of the original (place, camera) is served'),
  options: z
    .string()
    .max(maxOptionsLength)
    .superRefine((text, context) => {
      if (context.issues.length > 0) return;
      for (const message of parseOptions(text).problems) context.addIssue({ code: 'custom', message });
    })
    .describe(`further imgproxy options, "pd:10/sh:0.5", at most ${maxOptionsLength} characters`),
};
