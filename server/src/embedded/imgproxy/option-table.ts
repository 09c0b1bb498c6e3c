import {
  applyCrop,
  applyEnlarge,
  applyExtend,
  applyExtension,
  applyFlip,
  applyGravity,
  applyHeight,
  applyPadding,
  applyResize,
  applyResizingType,
  applyRotate,
  applySize,
  applyTrim,
  applyWidth,
  applyZoom,
} from './geometry-options.ts';
import { invalidUrl } from './imgproxy-error.ts';
import { onlyArgument, parseNonNegative, parsePositive } from './option-arguments.ts';
import { type Apply, boolean, number, percentage, wholeFromZero } from './option-fields.ts';
import {
  applyBackground,
  applyExpires,
  applyFilename,
  applyFormatQuality,
  checkBoolean,
  checkWatermark,
  parseFormat,
  refusePreset,
  refuseSecurityOption,
} from './output-options.ts';
import { defaultProcessingOptions, type ProcessingOptions } from './processing-options.ts';
import type { UrlOption } from './url-path.ts';

/** Every processing option of open-source imgproxy: its names, and what it does. https://docs.imgproxy.net/usage/processing */
const optionTable: readonly (readonly [names: string, apply: Apply])[] = [
  ['resize rs', applyResize],
  ['size s', applySize],
  ['resizing_type rt', applyResizingType],
  ['width w', applyWidth],
  ['height h', applyHeight],
  ['min-width mw', number('minWidth', wholeFromZero)],
  ['min-height mh', number('minHeight', wholeFromZero)],
  ['zoom z', applyZoom],
  ['dpr', number('dpr', parsePositive)],
  ['enlarge el', applyEnlarge],
  ['extend ex', applyExtend],
  ['extend_aspect_ratio extend_ar exar', applyExtension('extendAspectRatio')],
  ['gravity g', applyGravity],
  ['crop c', applyCrop],
  ['trim t', applyTrim],
  ['padding pd', applyPadding],
  ['auto_rotate ar', boolean('autoRotate')],
  ['rotate rot', applyRotate],
  ['flip fl', applyFlip],
  ['background bg', applyBackground],
  ['blur bl', number('blur', parseNonNegative)],
  ['sharpen sh', number('sharpen', parseNonNegative)],
  ['pixelate pix', number('pixelate', wholeFromZero)],
  ['watermark wm', checkWatermark],
  ['strip_metadata sm', boolean('stripMetadata')],
  ['keep_copyright kcr', boolean('keepCopyright')],
  ['strip_color_profile scp', boolean('stripColourProfile')],
  ['preserve_hdr ph', checkBoolean],
  ['enforce_thumbnail eth', checkBoolean],
  ['quality q', number('quality', percentage)],
  ['format_quality fq', applyFormatQuality],
  ['max_bytes mb', number('maxBytes', wholeFromZero)],
  [
    'format f ext',
    (options, args, name) => {
      options.format = parseFormat(name, onlyArgument(name, args));
    },
  ],
  [
    'skip_processing skp',
    (options, args, name) => {
      for (const format of args) options.skipProcessing.add(parseFormat(name, format));
    },
  ],
  ['raw', boolean('raw')],
  [
    'cachebuster cb',
    (_options, args, name) => {
      onlyArgument(name, args);
    },
  ],
  ['expires exp', applyExpires],
  ['filename fn', applyFilename],
  ['return_attachment att', boolean('asAttachment')],
  ['preset pr', refusePreset],
  ['max_src_resolution msr', refuseSecurityOption],
  ['max_src_file_size msfs', refuseSecurityOption],
  ['max_animation_frames maf', refuseSecurityOption],
  ['max_animation_frame_resolution mafr', refuseSecurityOption],
  ['max_result_dimension mrd', refuseSecurityOption],
];

const applyByName: ReadonlyMap<string, Apply> = new Map(
  optionTable.flatMap(([names, apply]) => names.split(' ').map((name) => [name, apply] as const)),
);

/**
 * Applies options from left to right; later ones win.
 * Throws an `ImgproxyError`: 404 for what imgproxy does not know or take, 403 for a security option.
 */
export function parseProcessingOptions(urlOptions: readonly UrlOption[]): ProcessingOptions {
  const options = defaultProcessingOptions();
  for (const { name, args } of urlOptions) {
    const apply = applyByName.get(name);
    if (apply === undefined) throw invalidUrl(`${name} is no option of open-source imgproxy`);
    apply(options, args, name);
  }
  return options;
}

/** Lets the extension behind a source have the last word on the format. */
export function applySourceExtension(options: ProcessingOptions, extension: string | undefined): void {
  if (extension !== undefined && !options.raw) options.format = parseFormat('the extension of the source', extension);
}
