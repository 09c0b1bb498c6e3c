import {
  type Argument,
  type Arguments,
  anyGravity,
  compassArguments,
  decimal,
  flag,
  followedByGravity,
  formatName,
  formatQualities,
  fraction,
  hexColour,
  maxBlurSigma,
  maxPaddingPixels,
  maxPixelatePixels,
  maxResultBytes,
  maxSharpenSigma,
  offset,
  oneOf,
  outputFormats,
  placedGravity,
  positional,
  quality,
  rgbColour,
  sourceSide,
  token,
  wholeNumber,
} from './imgproxy-option-arguments.ts';

/** Preset fields that an imgproxy option of the same meaning could contradict. */
export type OptionField =
  | 'enlarge'
  | 'extend'
  | 'gravity'
  | 'crop'
  | 'cropArea'
  | 'rotate'
  | 'background'
  | 'blur'
  | 'sharpen'
  | 'quality'
  | 'format';

/** One option under all its names, the canonical one first. */
export interface OptionRule {
  names: readonly [string, ...string[]];
  /** The arguments, in words. */
  takes: string;
  args: Arguments;
  /** The preset fields that say the same. */
  fields?: readonly OptionField[];
}

const gravityWords =
  'ce, no, so, ea, we, noea, nowe, soea or sowe with offsets x:y, or fp:x:y with x and y from 0 to 1';
const sided = `with sides from 0 to 1000000 (below 1 a share of the side)`;

/**
 * Every open-source option a preset may pass on, in the order in which they are written into URLs. Options apply left
 * to right and none of these touches what another one sets, so the order changes no picture, only cache hits.
 */
export const openSourceRules: readonly OptionRule[] = [
  { names: ['el', 'enlarge'], takes: '1 or 0', args: positional(1, flag), fields: ['enlarge'] },
  {
    names: ['ex', 'extend'],
    takes: `1 or 0, then perhaps ${gravityWords}`,
    args: followedByGravity(1, positional(1, flag), placedGravity),
    fields: ['extend'],
  },
  {
    names: ['exar', 'extend_ar', 'extend_aspect_ratio'],
    takes: `1 or 0, then perhaps ${gravityWords}`,
    args: followedByGravity(1, positional(1, flag), placedGravity),
  },
  { names: ['g', 'gravity'], takes: `${gravityWords}, or sm`, args: anyGravity, fields: ['gravity', 'crop'] },
  {
    names: ['c', 'crop'],
    takes: `width:height ${sided}, then perhaps ${gravityWords}, or sm`,
    args: followedByGravity(2, positional(2, sourceSide, sourceSide), anyGravity),
    fields: ['cropArea'],
  },
  {
    names: ['t', 'trim'],
    takes: 'a threshold from 0 to 255, then perhaps a colour of 3 or 6 hexadecimal digits and two of 1 or 0',
    args: positional(1, decimal(0, 255), hexColour, flag, flag),
  },
  {
    names: ['pd', 'padding'],
    takes: `one to four whole numbers from 0 to ${maxPaddingPixels} (top:right:bottom:left)`,
    args: positional(1, ...Array<Argument>(4).fill(wholeNumber(0, maxPaddingPixels))),
  },
  {
    names: ['rot', 'rotate'],
    takes: '0, 90, 180 or 270',
    args: positional(1, oneOf('0', '90', '180', '270')),
    fields: ['rotate'],
  },
  { names: ['fl', 'flip'], takes: '1 or 0 for horizontally, then for vertically', args: positional(1, flag, flag) },
  {
    names: ['bg', 'background'],
    takes: '3 or 6 hexadecimal digits without #, or red:green:blue from 0 to 255',
    args: (args) => positional(1, hexColour)(args) ?? rgbColour(args),
    fields: ['background'],
  },
  {
    names: ['bl', 'blur'],
    takes: `0 to ${maxBlurSigma}`,
    args: positional(1, decimal(0, maxBlurSigma)),
    fields: ['blur'],
  },
  {
    names: ['sh', 'sharpen'],
    takes: `0 to ${maxSharpenSigma}`,
    args: positional(1, decimal(0, maxSharpenSigma)),
    fields: ['sharpen'],
  },
  {
    names: ['pix', 'pixelate'],
    takes: `a whole number from 0 to ${maxPixelatePixels}`,
    args: positional(1, wholeNumber(0, maxPixelatePixels)),
  },
  {
    names: ['wm', 'watermark'],
    takes: 'opacity 0 to 1, then perhaps a position (ce … sowe, re), offsets x and y, and a scale from 0 to 1',
    args: positional(1, fraction, oneOf(...compassArguments, 're'), offset, offset, fraction),
  },
  { names: ['ar', 'auto_rotate'], takes: '1 or 0', args: positional(1, flag) },
  { names: ['sm', 'strip_metadata'], takes: '1 or 0', args: positional(1, flag) },
  { names: ['kcr', 'keep_copyright'], takes: '1 or 0', args: positional(1, flag) },
  { names: ['scp', 'strip_color_profile'], takes: '1 or 0', args: positional(1, flag) },
  { names: ['ph', 'preserve_hdr'], takes: '1 or 0', args: positional(1, flag) },
  { names: ['eth', 'enforce_thumbnail'], takes: '1 or 0', args: positional(1, flag) },
  { names: ['q', 'quality'], takes: 'a whole number from 1 to 100', args: positional(1, quality), fields: ['quality'] },
  {
    names: ['fq', 'format_quality'],
    takes: 'pairs of a format and a quality from 1 to 100',
    args: formatQualities,
    fields: ['quality'],
  },
  {
    names: ['mb', 'max_bytes'],
    takes: `a whole number from 1 to ${maxResultBytes}`,
    args: positional(1, wholeNumber(1, maxResultBytes)),
  },
  {
    names: ['f', 'format', 'ext'],
    takes: outputFormats.join(', '),
    args: positional(1, formatName),
    fields: ['format'],
  },
  { names: ['att', 'return_attachment'], takes: '1 or 0', args: positional(1, flag) },
  { names: ['cb', 'cachebuster'], takes: '1 to 64 of A-Z a-z 0-9 . _ -', args: positional(1, token) },
];

/** Options of imgproxy Pro that only change the picture. Their arguments are checked for safe characters alone. */
export const proNames: readonly (readonly [string, ...string[]])[] = [
  ['ra', 'resizing_algorithm'],
  ['op', 'obj_pos', 'objects_position'],
  ['car', 'crop_ar', 'crop_aspect_ratio'],
  ['crop_objects'],
  ['bga', 'background_alpha'],
  ['a', 'adjust'],
  ['br', 'brightness'],
  ['co', 'contrast'],
  ['sa', 'saturation'],
  ['mc', 'monochrome'],
  ['dt', 'duotone'],
  ['ush', 'unsharp_masking'],
  ['ba', 'blur_areas'],
  ['bd', 'blur_detections'],
  ['col', 'colorize'],
  ['gr', 'gradient'],
  ['dpi'],
  ['aq', 'autoquality'],
  ['jpgo', 'jpeg_options'],
  ['pngo', 'png_options'],
  ['webpo', 'webp_options'],
  ['avifo', 'avif_options'],
  ['pg', 'page'],
  ['pgs', 'pages'],
  ['da', 'disable_animation'],
];
export const maxProArguments = 24;
const useFields = 'write it as a field of the preset (resize, width, height, minWidth, minHeight, dpr)';
const bypassesProcessing = 'it sends the original past all processing, metadata included';
const liftsLimits = "it lifts the limits of imgproxy's own configuration";
const otherSource = 'it makes imgproxy read another address';
const perFile = 'it belongs to one file or one moment, not to a preset';

/** Option names that are never passed on, and why. */
export const refusedNames: ReadonlyMap<string, string> = new Map(
  (
    [
      [useFields, 'rs resize s size rt resizing_type w width h height mw min-width mh min-height dpr z zoom'],
      [bypassesProcessing, 'raw skp skip_processing'],
      [
        liftsLimits,
        'msr max_src_resolution msfs max_src_file_size maf max_animation_frames mafr max_animation_frame_resolution mrd max_result_dimension',
      ],
      [otherSource, 'wmu watermark_url fiu fallback_image_url'],
      [perFile, 'exp expires fn filename hs hashsum'],
      ['presets of imgproxy itself can hold any option; write those options out', 'pr preset'],
      ['it injects styles into pictures', 'st style'],
    ] as const
  ).flatMap(([reason, names]) => names.split(' ').map((name) => [name, reason] as const)),
);
