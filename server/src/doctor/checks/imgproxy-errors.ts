import { randomUUID } from 'node:crypto';
import { maxAgeSeconds, servedFromCache } from '../cache-headers.ts';
import type { Check, DoctorContext, Finding } from '../check.ts';
import { describeAnswer } from '../describe-answer.ts';
import type { TimedAnswer } from '../imgproxy-answer.ts';
import { askImgproxy, imgproxyAddress, signedAddress, smallRendering } from '../imgproxy-request.ts';

/** imgproxy's bodies of errors are a few words; its development mode answers the reason and a stack. */
const maxErrorBodyCharacters = 200;

export const imgproxyErrorsCheck: Check = {
  id: 'imgproxy-errors',
  title: 'Errors of imgproxy are not cached and tell nothing',
  needs: ['imgproxy-signature'],
  async run(context) {
    const asked = await Promise.all([
      askTwice(context, unsignedAddress(context)),
      askTwice(context, missingAddress(context)),
    ]);
    const answers = asked.flatMap((outcome) => ('answers' in outcome ? outcome.answers : []));
    if (answers.length === 0)
      return { verdict: 'info', found: 'imgproxy did not answer, so no error could be looked at.' };
    const findings: Finding[] = [];
    const cached = findCached(answers);
    if (cached !== undefined) findings.push(cached);
    const talkative = findTalkative(answers, context);
    if (talkative !== undefined) findings.push(talkative);
    return findings.length > 0
      ? findings
      : { verdict: 'pass', found: 'Errors are short and carry no time to be kept.' };
  },
};

function unsignedAddress({ config }: DoctorContext): string {
  return imgproxyAddress(
    config,
    `/unsigned/${smallRendering}/plain/s3://${config.storage.bucket}/image-${randomUUID()}.png`,
  );
}

function missingAddress({ config }: DoctorContext): string {
  return signedAddress(config, smallRendering, `image-${randomUUID()}.png`);
}

/** The second answer shows whether something in front has kept the first. */
async function askTwice(context: DoctorContext, address: string) {
  const first = await askImgproxy(context, address);
  if ('trouble' in first) return first;
  const second = await askImgproxy(context, address);
  if ('trouble' in second) return second;
  return { answers: [first.answer, second.answer] };
}

function findCached(answers: readonly TimedAnswer[]): Finding | undefined {
  const kept = answers.find(
    (answer) => answer.status >= 400 && ((maxAgeSeconds(answer.headers) ?? 0) > 0 || servedFromCache(answer.headers)),
  );
  if (kept === undefined) return undefined;
  const seconds = maxAgeSeconds(kept.headers) ?? 0;
  const howLong = seconds > 0 ? `may be kept for ${seconds} s` : 'comes out of a cache';
  return {
    verdict: 'warn',
    found: `An error (${describeAnswer(kept)}) ${howLong}.`,
    cause:
      'imgproxy older than 4.0.6 lets errors be kept for a year, and so does a CDN that is told to cache everything: a picture that failed once stays broken.',
    remedy:
      'Use imgproxy 4.0.12 or newer, and have the CDN cache by the origin\'s Cache-Control, with statuses of 400 and more not at all (in Cloudflare: cache rule, status code TTL "no-store" for 400 to 599).',
  };
}

function findTalkative(answers: readonly TimedAnswer[], { config }: DoctorContext): Finding | undefined {
  const { bucket } = config.storage;
  const talkative = answers.find(({ body, headers, status }) => {
    const text = body.toString('utf8');
    if (status < 400 || /html/i.test(headers.get('content-type') ?? '')) return false;
    return text.length > maxErrorBodyCharacters || text.includes(bucket) || /\.go:\d+/.test(text);
  });
  if (talkative === undefined) return undefined;
  return {
    verdict: 'warn',
    found: `Errors tell everybody the reason: ${describeAnswer(talkative)}.`,
    cause:
      'IMGPROXY_DEVELOPMENT_ERRORS_MODE is on, which shows names of objects, the storage and parts of the program.',
    remedy: 'Set IMGPROXY_DEVELOPMENT_ERRORS_MODE=false at imgproxy, and restart it; its log has the reasons.',
  };
}
