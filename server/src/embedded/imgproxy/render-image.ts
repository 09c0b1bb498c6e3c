import type { Sharp } from 'sharp';
import { applyFilters, hasFilters } from './apply-filters.ts';
import { type Canvas, type CanvasTools, createCanvasTools, scale } from './canvas.ts';
import { cropBeforeScaling, cropToResult } from './crop-canvas.ts';
import { effectiveQuality, encodeToFit, withEncoder, withMetadata } from './encode-image.ts';
import { extendCanvas, extendsCanvas } from './extend-canvas.ts';
import { findTrim } from './find-trim.ts';
import { type ImageFormatName, imageFormatTable } from './image-formats.ts';
import { ImgproxyError } from './imgproxy-error.ts';
import { chooseOutputFormat, fallBackForSmallSides, shrinkToFitFormat } from './output-format.ts';
import type { ProcessingOptions } from './processing-options.ts';
import { brokenImage, readSourceImage, type SourceImage } from './read-source-image.ts';
import { type Turn, turnRectangle, turnSize } from './rectangle.ts';
import { planRendering, type RenderPlan } from './render-plan.ts';
import { round } from './rounding.ts';
import type { SharpModule } from './sharp-loader.ts';
import { turnCanvas } from './turn-canvas.ts';

export interface RenderLimits {
  /** Pixels of a source; more is a 422. */
  maxSourcePixels: number;
  /** The longest side of a result in pixels; larger ones are scaled down silently. 0 for no limit. */
  maxResultSide: number;
}

export interface RenderedImage {
  bytes: Buffer;
  format: ImageFormatName;
}

/** Of any picture on the way to a result: it is held in memory at four bytes a pixel. */
const maxResultPixels = 100_000_000;

const upright: Turn = { angle: 0, flipHorizontally: false, flipVertically: false };

/**
 * Renders a source as its options say, in imgproxy's fixed order of steps: trim, crop, scale, rotate and flip, crop to the result, filters,
 * extend, pad, flatten, encode. `deadline` is a time of `Date.now()`.
 * Throws an `ImgproxyError`: 422 for what cannot be decoded or is too large, 500 for what the options make impossible, 503 after the deadline.
 */
export async function renderImage(
  sharp: SharpModule,
  bytes: Buffer,
  options: ProcessingOptions,
  limits: RenderLimits,
  deadline: number,
): Promise<RenderedImage> {
  const source = await readSourceImage(sharp, bytes, limits.maxSourcePixels);
  const format = options.format ?? source.format;
  if (options.skipProcessing.has(source.format) && format === source.format) return { bytes, format };
  const tools = createCanvasTools(sharp, {
    deadline,
    maxPixels: Math.max(maxResultPixels, limits.maxSourcePixels),
    keepMetadata: !options.stripMetadata || !options.stripColourProfile,
  });
  try {
    return await renderSource(sharp, source, options, limits, tools);
  } catch (error) {
    throw toImgproxyError(error);
  }
}

async function renderSource(
  sharp: SharpModule,
  source: SourceImage,
  options: ProcessingOptions,
  limits: RenderLimits,
  tools: CanvasTools,
): Promise<RenderedImage> {
  const format = chooseOutputFormat(source.format, source.hasAlpha, options);
  const exif = options.autoRotate ? source.turn : upright;
  const trimmed = options.trim && (await findTrim(sharp, tools, source, options.trim, options));
  const part = turnRectangle(trimmed ?? { left: 0, top: 0, ...source.size }, source.size, exif);
  const user = userTurn(options);
  const displayed = turnSize(part, user.angle);
  const shrinksOnLoad = trimmed ? 'never' : loadingManner(source.format);
  const plan = planRendering({ ...displayed, shrinksOnLoad }, options, limits.maxResultSide);
  assertRenderable(plan);

  const opened = sharp(source.bytes, { failOn: 'none', limitInputPixels: limits.maxSourcePixels });
  const oriented = options.autoRotate ? opened.autoOrient() : opened;
  const whole = { image: oriented, size: turnSize(source.size, exif.angle) };
  const cut = await cropBeforeScaling(whole, tools, part, user, plan, options);
  const turned = await turnCanvas(scale(cut, turnSize(plan.scaled, user.angle)), tools, user);
  let canvas = await cropToResult(turned, tools, plan, options);
  if (hasFilters(options)) canvas = await applyFilters(await tools.settle(canvas), tools, options);
  if (extendsCanvas(options)) canvas = await extendCanvas(await tools.settle(canvas), tools, plan, options);
  canvas = await fitFormat(canvas, tools, format);
  return encode(canvas, tools, format, source, options);
}

function loadingManner(format: ImageFormatName): 'in-powers-of-two' | 'freely' | 'never' {
  if (format === 'jpeg') return 'in-powers-of-two';
  return format === 'webp' ? 'freely' : 'never';
}

function userTurn(options: ProcessingOptions): Turn {
  // -360 and its multiples are no turn at all; imgproxy fails on other negative angles.
  const angle = options.rotate % 360;
  if (angle < 0) throw new ImgproxyError(500, 'Internal error', `rotating by ${options.rotate} fails in imgproxy`);
  return {
    angle: Math.abs(angle),
    flipHorizontally: options.flipHorizontally,
    flipVertically: options.flipVertically,
  };
}

function assertRenderable(plan: RenderPlan): void {
  const width = Math.max(plan.scaled.width, plan.target.width) + plan.padding.left + plan.padding.right;
  const height = Math.max(plan.scaled.height, plan.target.height) + plan.padding.top + plan.padding.bottom;
  if (!Number.isSafeInteger(width * height)) throw new ImgproxyError(500, 'Internal error', 'the size is not a number');
  if (width * height > maxResultPixels) {
    throw new ImgproxyError(
      422,
      `This imgproxy stand-in renders at most ${maxResultPixels} pixels. Ask for a smaller picture.`,
      `the result would have ${width} × ${height} pixels`,
    );
  }
}

async function fitFormat(canvas: Canvas, tools: CanvasTools, format: ImageFormatName): Promise<Canvas> {
  const { width, height } = canvas.size;
  const factor = shrinkToFitFormat(format, width, height);
  if (factor === 1) return canvas;
  const size = { width: Math.max(1, round(width * factor)), height: Math.max(1, round(height * factor)) };
  return scale(await tools.settle(canvas), size);
}

async function encode(
  canvas: Canvas,
  tools: CanvasTools,
  format: ImageFormatName,
  source: SourceImage,
  options: ProcessingOptions,
): Promise<RenderedImage> {
  const flattens = options.background !== undefined || !imageFormatTable[format].supportsAlpha;
  const hasAlpha = !flattens && (source.hasAlpha || extendsCanvas(options));
  const written = fallBackForSmallSides(format, canvas.size.width, canvas.size.height, hasAlpha);
  const flat = (image: Sharp): Sharp =>
    flattens || !imageFormatTable[written].supportsAlpha
      ? image.flatten({ background: options.background ?? { r: 255, g: 255, b: 255 } })
      : image;
  const inColourspace = (image: Sharp): Sharp => (staysGrey(source, options) ? image.toColourspace('b-w') : image);
  const encodeOnce = (image: Sharp, quality: number): Promise<Buffer> => {
    const encoded = withEncoder(inColourspace(flat(image)), written, quality, source.paletteColours);
    return tools.run(withMetadata(encoded, written, options, source.copyright));
  };
  const quality = effectiveQuality(written, options);
  if (options.maxBytes === 0 || !imageFormatTable[written].supportsQuality) {
    return { bytes: await encodeOnce(canvas.image, quality), format: written };
  }
  const { image } = await tools.settle(canvas);
  const bytes = await encodeToFit(quality, options.maxBytes, (attempt) => encodeOnce(image.clone(), attempt));
  return { bytes, format: written };
}

/** A grey source gives a grey picture, unless a colour shows through or is laid around it, or a filter needs all three channels. */
function staysGrey(source: SourceImage, options: ProcessingOptions): boolean {
  if (!source.isGrey || options.blur > 0 || options.sharpen > 0 || options.pixelate > 1) return false;
  return options.background === undefined || !(source.hasAlpha || extendsCanvas(options));
}

/** libvips names the loader that failed; everything else is the fault of the options. */
const decodingFailures = /load(_buffer)?:|2vips|VipsJpeg|heif:|corrupt|unsupported image/i;

function toImgproxyError(error: unknown): ImgproxyError {
  if (error instanceof ImgproxyError) return error;
  const text = String(error);
  if (/\btimeout\b/.test(text)) return new ImgproxyError(503, 'Timeout', text, { cause: error });
  if (decodingFailures.test(text)) return brokenImage(error);
  return new ImgproxyError(500, 'Internal error', text, { cause: error });
}
