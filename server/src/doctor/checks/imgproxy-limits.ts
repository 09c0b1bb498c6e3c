import type { Check, DoctorContext, Finding } from '../check.ts';
import { probePicture, signedAddress, smallRendering } from '../imgproxy-request.ts';
import { renderPicture } from '../rendered-picture.ts';

/** Larger pictures and files are made and sent only when the owner asks for `--deep`; a PNG of one bit a pixel is an eighth of it in memory. */
const maxShallowPixels = 200_000_000;
/** Beyond this nothing is tried: the file is made in memory. */
const maxProbeBytes = 1_073_741_824;
/** How much larger a picture is that imgproxy ought to refuse. */
const clearlyLarger = 1.25;
/** The other side of a picture that is as wide as allowed. */
const stripPixels = 16;

interface Size {
  width: number;
  height: number;
  bytes?: number;
}

export const imgproxyLimitsCheck: Check = {
  id: 'imgproxy-limits',
  title: 'imgproxy renders everything that may be uploaded',
  needs: ['imgproxy-picture'],
  async run(context) {
    const { maxPixels, maxSide, maxBytes } = context.config.uploads;
    const findings: Finding[] = [];
    if (!context.deep && maxPixels > maxShallowPixels) {
      findings.push({
        verdict: 'info',
        found: `MAX_IMAGE_PIXELS=${maxPixels} is not tried without --deep: the picture would need ${Math.ceil(maxPixels / 8_000_000)} MB here.`,
      });
    } else findings.push(...(await judgePixels(context, largestSize(maxPixels, maxSide))));
    findings.push(await judgeSide(context, maxSide));
    findings.push(await judgeBytes(context, maxBytes));
    return findings;
  },
};

/** The largest picture that Kuanary accepts: of exactly `maxPixels` where that can be split into two sides. */
export function largestSize(maxPixels: number, maxSide: number): { width: number; height: number } {
  const root = Math.floor(Math.sqrt(maxPixels));
  if (root >= maxSide) return { width: maxSide, height: maxSide };
  for (let width = root; width * maxSide >= maxPixels; width -= 1) {
    if (maxPixels % width === 0) return { width, height: maxPixels / width };
  }
  return { width: root, height: Math.min(maxSide, Math.floor(maxPixels / root)) };
}

async function judgePixels(context: DoctorContext, size: { width: number; height: number }): Promise<Finding[]> {
  const { maxPixels } = context.config.uploads;
  const pixels = size.width * size.height;
  const rendered = await render(context, size);
  if ('trouble' in rendered) {
    const megapixels = Math.ceil(maxPixels / 1_000_000);
    if (rendered.answer?.status !== 422) return [{ verdict: 'fail', ...rendered.trouble }];
    return [
      {
        verdict: 'fail',
        found: rendered.trouble.found,
        cause: `IMGPROXY_MAX_SRC_RESOLUTION there is lower than MAX_IMAGE_PIXELS=${maxPixels} here: such a picture is accepted and then never shown.`,
        remedy: `Set IMGPROXY_MAX_SRC_RESOLUTION=${megapixels} (megapixels) at imgproxy, or lower MAX_IMAGE_PIXELS here.`,
      },
    ];
  }
  const findings: Finding[] = [
    { verdict: 'pass', found: `A picture of ${size.width} × ${size.height}, ${pixels} pixels, is rendered.` },
  ];
  const larger = await render(context, { ...size, height: Math.ceil(size.height * clearlyLarger) });
  if (!('trouble' in larger)) {
    findings.push({
      verdict: 'info',
      found: `imgproxy also renders pictures larger than MAX_IMAGE_PIXELS; IMGPROXY_MAX_SRC_RESOLUTION=${Math.ceil(maxPixels / 1_000_000)} would keep older objects from costing more.`,
    });
  }
  return findings;
}

async function judgeSide(context: DoctorContext, maxSide: number): Promise<Finding> {
  const { maxPixels } = context.config.uploads;
  const width = Math.min(maxSide, maxPixels);
  const height = Math.max(1, Math.min(stripPixels, Math.floor(maxPixels / width)));
  const rendered = await render(context, { width, height });
  if (!('trouble' in rendered)) return { verdict: 'pass', found: `A picture of ${width} × ${height} is rendered.` };
  if (rendered.answer?.status !== 422) return { verdict: 'fail', ...rendered.trouble };
  return {
    verdict: 'fail',
    found: rendered.trouble.found,
    cause: `MAX_IMAGE_SIDE=${maxSide} accepts pictures with longer sides than imgproxy can read.`,
    remedy: 'Lower MAX_IMAGE_SIDE here; 16384 is what imgproxy renders with its own defaults.',
  };
}

async function judgeBytes(context: DoctorContext, maxBytes: number): Promise<Finding> {
  if (!context.deep) {
    return { verdict: 'info', found: `A file of MAX_UPLOAD_BYTES=${maxBytes} is tried with --deep only.` };
  }
  if (maxBytes > maxProbeBytes) {
    return { verdict: 'info', found: `MAX_UPLOAD_BYTES=${maxBytes} is too large for a probe; it is not tried.` };
  }
  const rendered = await render(context, { ...probePicture, bytes: maxBytes }).catch((error: unknown) => {
    if (error instanceof RangeError) return null;
    throw error;
  });
  if (rendered === null) {
    return {
      verdict: 'info',
      found: `MAX_UPLOAD_BYTES=${maxBytes} is smaller than any probe picture; it is not tried.`,
    };
  }
  if (!('trouble' in rendered)) return { verdict: 'pass', found: `A file of ${maxBytes} bytes is rendered.` };
  if (rendered.answer?.status !== 422) return { verdict: 'fail', ...rendered.trouble };
  return {
    verdict: 'fail',
    found: rendered.trouble.found,
    cause: `IMGPROXY_MAX_SRC_FILE_SIZE there is lower than MAX_UPLOAD_BYTES=${maxBytes} here: such a file is accepted and then never shown.`,
    remedy: `Set IMGPROXY_MAX_SRC_FILE_SIZE=${maxBytes} at imgproxy, or lower MAX_UPLOAD_BYTES here.`,
  };
}

async function render(context: DoctorContext, size: Size) {
  const key = await context.images.rootImage(size);
  const asked =
    size.bytes === undefined ? `A picture of ${size.width} × ${size.height}` : `A file of ${size.bytes} bytes`;
  return renderPicture(context, signedAddress(context.config, smallRendering, key), asked);
}
