import { randomUUID } from 'node:crypto';
import type { Check, DoctorContext, Finding } from '../check.ts';
import { describeAnswer } from '../describe-answer.ts';
import { readVerdict, type TimedAnswer } from '../imgproxy-answer.ts';
import { askImgproxy, probePicture, signedAddress, signedSourceAddress, smallRendering } from '../imgproxy-request.ts';
import { createPng } from '../png-writer.ts';

export const imgproxySourcesCheck: Check = {
  id: 'imgproxy-sources',
  title: 'imgproxy shows root objects of the bucket only',
  needs: ['imgproxy-picture'],
  async run(context) {
    const findings = await Promise.all([judgeTmp(context), judgeElsewhere(context)]);
    return findings.flat();
  },
};

/** Under `tmp/` lies what nobody has verified. Its names are secret and never signed; this is the second lock on that door. */
async function judgeTmp(context: DoctorContext): Promise<Finding> {
  const { config, storage, probes } = context;
  const key = probes.reserveKey('.png');
  await storage.put(key, createPng(probePicture), { contentType: 'image/png', metadata: {} });
  const asked = await askImgproxy(context, signedAddress(config, smallRendering, key));
  if ('trouble' in asked) return { verdict: 'warn', ...asked.trouble };
  const { answer } = asked;
  if (answer.status === 403 || answer.status === 404)
    return { verdict: 'pass', found: 'Objects under tmp/ are refused.' };
  const remedy = `Set IMGPROXY_ALLOWED_SOURCES=s3://${config.storage.bucket}/*. at imgproxy (the star stands for anything but a slash), and restart it.`;
  if (readVerdict(answer) !== 'picture') {
    return {
      verdict: 'warn',
      found: `An object under tmp/ is answered with ${describeAnswer(answer)}; it ought to be refused with 404.`,
      cause: 'imgproxy tried to read it, so IMGPROXY_ALLOWED_SOURCES allows folders.',
      remedy,
    };
  }
  return {
    verdict: 'warn',
    found: 'imgproxy can read tmp/, where uploads lie that nobody has verified.',
    cause: `IMGPROXY_ALLOWED_SOURCES is not set there, or allows folders (as s3://${config.storage.bucket}/ does). Whoever gets hold of the key could have them shown.`,
    remedy,
  };
}

interface Elsewhere {
  what: string;
  source: string;
}

async function judgeElsewhere(context: DoctorContext): Promise<Finding> {
  const name = randomUUID();
  const places: Elsewhere[] = [
    { what: 'another bucket', source: `s3://${context.config.storage.bucket.slice(0, 20)}-${name}/probe.png` },
    // The port that nothing may use: a server that tries it reaches nothing.
    { what: 'its own machine over http', source: `http://127.0.0.1:1/${name}.png` },
    { what: 'its own disk', source: `local:///${name}.png` },
  ];
  const answers = await Promise.all(
    places.map(async ({ what, source }) => ({
      what,
      asked: await askImgproxy(context, signedSourceAddress(context.config, smallRendering, source)),
    })),
  );
  const tried = answers.flatMap(({ what, asked }) => ('answer' in asked && !isRefused(asked.answer) ? [what] : []));
  if (tried.length === 0) return { verdict: 'pass', found: 'Other buckets, http and local files are refused.' };
  return {
    verdict: 'warn',
    found: `imgproxy does not refuse ${tried.join(', ')} as a source.`,
    cause:
      'IMGPROXY_ALLOWED_SOURCES is not set there, or is too wide. Whoever gets hold of the key could have it fetch from there.',
    remedy: `Set IMGPROXY_ALLOWED_SOURCES=s3://${context.config.storage.bucket}/*. at imgproxy, and restart it.`,
  };
}

/**
 * "Source is unreachable" says that the list of sources let it through. That it then found nothing is luck, or other
 * settings (IMGPROXY_S3_ALLOWED_BUCKETS) that nothing here can see. An unknown 403 or 404 is a CDN's own error page.
 */
function isRefused(answer: TimedAnswer): boolean {
  return (answer.status === 403 || answer.status === 404) && readVerdict(answer) !== 'source-unreachable';
}
