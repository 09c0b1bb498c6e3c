import { presetToOptions } from '@kuanary/shared/imgproxy-options';
import { type Preset, presetSides } from '@kuanary/shared/presets';
import type { DoctorContext, Finding } from './check.ts';
import type { Trouble } from './foreign-answer.ts';
import { readVerdict } from './imgproxy-answer.ts';
import { probePicture, signedAddress, smallRendering } from './imgproxy-request.ts';
import { type RenderedPicture, renderPicture } from './rendered-picture.ts';

/** Small enough for the lowest limits, with a ratio that every box has to do something about. */
const presetPicture = { width: 800, height: 600 } as const;
const parallelRenderings = 4;
/** Of one rendering without `--deep`: longer than imgproxy's own IMGPROXY_TIMEOUT (10 s). */
const shallow = { timeoutMs: 15_000 };
/** After so long no further rendering is begun without `--deep`: with the last ones it stays within the limit of a check. */
const defaultBudgetMs = 40_000;
/** Of the rendering that shows whether imgproxy renders at all. */
const controlTimeoutMs = 5_000;
/** Of one document, without `--deep`. */
const maxShallowRenderings = 200;
const maxNamesShown = 10;

/** One address that a preset makes. */
interface Rendering {
  name: string;
  preset: Preset;
  /** `"hero"`, or `"hero" at 800` for one of its widths. */
  label: string;
  options: string;
  box: { width: number | undefined; height: number | undefined };
}

interface Judged {
  label: string;
  verdict: 'warn' | 'fail';
  trouble: Trouble;
}

/** Has imgproxy render every address that the presets make. Where it renders nothing at all, that is another check's trouble. */
export async function renderPresets(
  context: DoctorContext,
  presets: ReadonlyMap<string, Preset>,
  { budgetMs = defaultBudgetMs }: { budgetMs?: number } = {},
): Promise<Finding[]> {
  const startedAt = performance.now();
  const control = await renderPicture(
    context,
    signedAddress(context.config, smallRendering, await context.images.rootImage(probePicture)),
    'The probe picture',
    { timeoutMs: controlTimeoutMs },
  );
  if ('trouble' in control) {
    return [
      { verdict: 'info', found: 'The presets were not rendered, because imgproxy does not render the probe picture.' },
    ];
  }
  const all = listRenderings(presets, context.config.imgproxy.edition);
  const key = await context.images.rootImage(presetPicture);
  const judged: Judged[] = [];
  const isOver = (tried: number): boolean =>
    !context.deep && (tried >= maxShallowRenderings || (tried > 0 && performance.now() - startedAt >= budgetMs));
  let tried = 0;
  while (tried < all.length && !isOver(tried)) {
    context.signal.throwIfAborted();
    const some = all.slice(tried, tried + parallelRenderings);
    judged.push(...(await Promise.all(some.map((rendering) => judgeRendering(context, rendering, key)))).flat());
    tried += some.length;
  }
  return summarise(judged, { all, tried, milliseconds: performance.now() - startedAt });
}

function summarise(
  judged: readonly Judged[],
  { all, tried, milliseconds }: { all: readonly Rendering[]; tried: number; milliseconds: number },
): Finding[] {
  const findings = groupByCause(judged);
  if (findings.length === 0) {
    const names = new Set(all.slice(0, tried).map(({ name }) => name));
    findings.push({ verdict: 'pass', found: `${names.size} presets render, at ${tried} addresses.` });
  }
  if (tried < all.length) {
    findings.push({
      verdict: 'info',
      found: `These ${tried} took ${(milliseconds / 1000).toFixed(1)} s. ${all.length - tried} further addresses are tried with --deep only.`,
    });
  }
  return findings;
}

/** Every preset once, then those with widths at each of them: where not all are tried, each preset has been. */
function listRenderings(presets: ReadonlyMap<string, Preset>, edition: 'oss' | 'pro'): Rendering[] {
  const renderings = [...presets].flatMap(([name, preset]) =>
    [undefined, ...(preset.widths ?? [])].map((width) => ({
      name,
      width,
      preset,
      label: width === undefined ? `"${name}"` : `"${name}" at ${width}`,
      options: presetToOptions(preset, edition, width),
      box: presetSides(preset, width),
    })),
  );
  return [
    ...renderings.filter(({ width }) => width === undefined),
    ...renderings.filter(({ width }) => width !== undefined),
  ];
}

async function judgeRendering(context: DoctorContext, rendering: Rendering, key: string): Promise<Judged[]> {
  const { label, options } = rendering;
  const rendered = await renderPicture(
    context,
    signedAddress(context.config, options, key),
    'It',
    context.deep ? {} : shallow,
  );
  if (!('trouble' in rendered)) return judgeResult(rendering, rendered);
  const refused = rendered.answer !== undefined && readVerdict(rendered.answer) === 'address-refused';
  if (!refused) return [{ label, verdict: 'fail', trouble: rendered.trouble }];
  return [
    {
      label,
      verdict: 'fail',
      trouble: { found: `${rendered.trouble.found} Its options are ${options}.`, ...explainRefusal(context) },
    },
  ];
}

function explainRefusal({ config }: DoctorContext): { cause: string; remedy: string } {
  if (config.imgproxy.edition === 'pro') {
    return {
      cause:
        'IMGPROXY_EDITION=pro makes addresses with options of imgproxy Pro (object gravity for "crop": "face"), and the imgproxy that answers does not know them: it is the open-source one.',
      remedy:
        'Set IMGPROXY_EDITION=oss here, or run the Pro image of imgproxy (with object detection configured) at IMGPROXY_URL.',
    };
  }
  return {
    cause:
      'imgproxy does not know one of the options or does not allow it: IMGPROXY_ALLOWED_PROCESSING_OPTIONS leaves it out, or imgproxy is older than 4.',
    remedy: 'Allow every option that the preset uses, in its short spelling, or use imgproxy 4.0.12 or newer.',
  };
}

function judgeResult({ preset, label, box }: Rendering, { facts }: RenderedPicture): Judged[] {
  if (facts === null) return [];
  const judged: Judged[] = [];
  const dpr = preset.dpr ?? 1;
  // Minimum sides, turns and further options such as padding change the box in ways of their own.
  const isBoxFinal =
    preset.minWidth === undefined && preset.minHeight === undefined && preset.options === undefined && !preset.rotate;
  const tooWide = box.width !== undefined && facts.width > Math.ceil(box.width * dpr);
  const tooHigh = box.height !== undefined && facts.height > Math.ceil(box.height * dpr);
  if (isBoxFinal && (tooWide || tooHigh)) {
    judged.push({
      label,
      verdict: 'warn',
      trouble: {
        found: `It comes as ${facts.width} × ${facts.height}; at most ${box.width ?? 'any'} × ${box.height ?? 'any'} was asked for.`,
        cause: 'A preset called "default" at imgproxy, or the CDN, changes the size.',
        remedy: 'Remove the "default" preset at imgproxy, and turn off image optimisation at the CDN.',
      },
    });
  }
  const wanted = preset.format === 'jpg' ? 'jpeg' : preset.format;
  if (wanted !== undefined && wanted !== 'auto' && facts.format !== wanted) {
    judged.push({
      label,
      verdict: 'warn',
      trouble: {
        found: `It comes as ${facts.format}; ${wanted} was asked for.`,
        cause: `imgproxy cannot write ${wanted} at this size, its ENFORCE settings say otherwise, or the CDN converts pictures.`,
        remedy:
          'Remove the ENFORCE settings at imgproxy and turn off image optimisation at the CDN, or choose another format.',
      },
    });
  }
  return judged;
}

/** One finding for all presets with the same trouble. */
function groupByCause(judged: readonly Judged[]): Finding[] {
  const groups = new Map<string, Judged[]>();
  for (const one of judged) {
    const key = `${one.verdict} ${one.trouble.cause}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const labels = group.slice(0, maxNamesShown).map(({ label }) => label);
    const rest = group.length > maxNamesShown ? ` and ${group.length - maxNamesShown} more` : '';
    const plural = group.length > 1 ? 's' : '';
    return [
      {
        verdict: first.verdict,
        found: `Preset${plural} ${labels.join(', ')}${rest}: ${first.trouble.found}`,
        cause: first.trouble.cause,
        remedy: first.trouble.remedy,
      },
    ];
  });
}
