import type { Check, Finding } from '../check.ts';
import { probePicture, signedAddress, smallRendering, smallResult } from '../imgproxy-request.ts';
import { renderPicture } from '../rendered-picture.ts';

export const imgproxyPictureCheck: Check = {
  id: 'imgproxy-picture',
  title: 'imgproxy reads the bucket and renders',
  needs: ['imgproxy-signature', 'object-permissions'],
  async run(context): Promise<Finding> {
    const key = await context.images.rootImage(probePicture);
    const rendered = await renderPicture(
      context,
      signedAddress(context.config, smallRendering, key),
      'The probe picture',
    );
    if ('trouble' in rendered) return { verdict: 'fail', ...rendered.trouble };
    const { facts, answer } = rendered;
    const wanted = `${smallResult.width} × ${smallResult.height} ${smallResult.format}`;
    if (facts === null) {
      return {
        verdict: 'fail',
        found: `The probe picture comes as ${answer.headers.get('content-type')} of ${answer.body.length} bytes that are no picture; ${wanted} was asked for.`,
        cause: 'Something between here and imgproxy changes or cuts off the bytes.',
        remedy: 'Turn off whatever changes pictures or compresses answers in the proxy or CDN in front.',
      };
    }
    const { width, height, format } = facts;
    if (width !== smallResult.width || height !== smallResult.height || format !== smallResult.format) {
      return {
        verdict: 'warn',
        found: `The probe picture comes as ${width} × ${height} ${format}; ${wanted} was asked for.`,
        cause:
          'imgproxy has settings that change every picture (a preset called "default", IMGPROXY_ENFORCE_WEBP and the like), or the CDN converts pictures.',
        remedy:
          'Remove the "default" preset and the ENFORCE settings at imgproxy, and turn off image optimisation at the CDN.',
      };
    }
    return {
      verdict: 'pass',
      found: `A picture from the bucket is rendered after ${Math.round(answer.milliseconds)} ms.`,
    };
  },
};
