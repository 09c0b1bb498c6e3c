import { listCdnHeaders, maxAgeSeconds } from '../cache-headers.ts';
import type { Check, Finding } from '../check.ts';
import { judgeTransport } from '../delivery-transport.ts';
import type { TimedAnswer } from '../imgproxy-answer.ts';
import { probePicture, signedAddress, smallRendering, smallResult } from '../imgproxy-request.ts';
import { type RenderedPicture, renderPicture } from '../rendered-picture.ts';

const secondsPerDay = 86_400;
/** What a browser of today sends for an <img>. */
const browserAccept = 'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8';

export const deliveryCacheCheck: Check = {
  id: 'delivery-cache',
  title: 'Pictures can be cached on their way',
  needs: ['imgproxy-picture'],
  async run(context) {
    const address = signedAddress(context.config, smallRendering, await context.images.rootImage(probePicture));
    const pictures: RenderedPicture[] = [];
    for (let request = 0; request < 2; request += 1) {
      const rendered = await renderPicture(context, address, 'The probe picture', {
        headers: { Accept: browserAccept },
      });
      if ('trouble' in rendered) return { verdict: 'fail', ...rendered.trouble };
      pictures.push(rendered);
    }
    const answers = pictures.map(({ answer }) => answer);
    const [, second] = answers;
    if (second === undefined) throw new Error('imgproxy was not asked');
    return [
      ...judgeFormat(pictures),
      judgeAge(second),
      ...judgeVary(second),
      ...judgeCookie(answers),
      describeCdn(second),
      ...(await judgeTransport(new URL(context.config.imgproxy.url), context.signal, new Date())),
    ];
  },
};

/** Asked without a browser's Accept, imgproxy has given the right format already. */
function judgeFormat(pictures: readonly RenderedPicture[]): Finding[] {
  const other = pictures.map(({ facts }) => facts?.format).find((format) => format !== smallResult.format);
  if (other === undefined) return [];
  return [
    {
      verdict: 'info',
      found: `Browsers get ${other} where the address says ${smallResult.format}: IMGPROXY_ENFORCE_… is set there, or the CDN converts pictures.`,
    },
  ];
}

function judgeAge({ headers }: TimedAnswer): Finding {
  const said = headers.get('cache-control') ?? 'nothing';
  const age = maxAgeSeconds(headers);
  if (age !== undefined && age >= secondsPerDay) {
    return {
      verdict: 'pass',
      found: `Pictures may be kept for ${Math.floor(age / secondsPerDay)} days (Cache-Control: ${said}).`,
    };
  }
  return {
    verdict: 'warn',
    found: `Pictures may be kept for ${age ?? 0} s only (Cache-Control: ${said}).`,
    cause:
      "IMGPROXY_TTL is low there, IMGPROXY_CACHE_CONTROL_PASSTHROUGH passes the storage's header on, or the CDN writes its own: every view costs a rendering.",
    remedy:
      "Remove IMGPROXY_TTL (a year is the default) and have the CDN keep the origin's Cache-Control. An address never changes its picture, so a year is right.",
  };
}

function judgeVary({ headers }: TimedAnswer): Finding[] {
  const names = (headers.get('vary') ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const costly = names.filter((name) => ['*', 'cookie', 'user-agent', 'origin', 'referer'].includes(name));
  if (costly.length > 0) {
    return [
      {
        verdict: 'warn',
        found: `Pictures come with Vary: ${costly.join(', ')}.`,
        cause: 'A proxy in front adds it, and caches then keep one copy for every value, or none.',
        remedy: 'Remove that header from answers of imgproxy in the proxy; only Accept may stand there.',
      },
    ];
  }
  if (!names.includes('accept')) return [];
  return [
    {
      verdict: 'info',
      found:
        'Pictures come with Vary: Accept, because imgproxy chooses formats by the browser (IMGPROXY_AUTO_… or IMGPROXY_ENFORCE_…). A CDN must keep one copy per format; many ignore Vary.',
    },
  ];
}

function judgeCookie(answers: readonly TimedAnswer[]): Finding[] {
  const cookie = answers.map(({ headers }) => headers.get('set-cookie')).find((value) => value !== null);
  if (cookie === undefined) return [];
  // Its value is nobody's business.
  const [name = ''] = cookie.split('=', 1);
  return [
    {
      verdict: 'warn',
      found: `Pictures come with a cookie (${name.slice(0, 80)}).`,
      cause:
        'The proxy or CDN in front sets it (load balancing, protection against bots). Most caches keep no answer that sets a cookie.',
      remedy: 'Turn cookies off for the host name of imgproxy.',
    },
  ];
}

function describeCdn({ headers }: TimedAnswer): Finding {
  const seen = listCdnHeaders(headers);
  if (seen.length > 0) return { verdict: 'info', found: `A cache or CDN is in front (${seen.join(', ')}).` };
  return {
    verdict: 'info',
    found:
      'No CDN shows itself in front. imgproxy keeps nothing, so every view without a CDN or a caching proxy is rendered anew.',
  };
}
