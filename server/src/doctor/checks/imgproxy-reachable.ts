import type { Check, DoctorContext, Finding } from '../check.ts';
import { describeAnswer } from '../describe-answer.ts';
import { explainForeignAnswer, isFromImgproxy } from '../foreign-answer.ts';
import { explainImgproxyAnswer, firstLine, imgproxyServer, readVerdict, type TimedAnswer } from '../imgproxy-answer.ts';
import { askImgproxy, imgproxyAddress } from '../imgproxy-request.ts';

const healthTimeoutMs = 5_000;
/** What imgproxy answers at `/health`, which it serves under its path prefix. */
const healthy = 'imgproxy is running';

export const imgproxyReachableCheck: Check = {
  id: 'imgproxy-reachable',
  title: 'imgproxy answers at IMGPROXY_URL',
  needs: [],
  async run(context) {
    const { url } = context.config.imgproxy;
    if (/[?#\s]/.test(url)) {
      return {
        verdict: 'fail',
        found: 'IMGPROXY_URL has a query, a fragment or a space.',
        cause: 'Addresses of pictures are made by putting a path behind it.',
        remedy: 'Set IMGPROXY_URL to scheme, host, port and perhaps a path, such as https://img.example.com.',
      };
    }
    const asked = await askImgproxy(context, imgproxyAddress(context.config, '/health'), {
      timeoutMs: healthTimeoutMs,
    });
    if ('trouble' in asked) return { verdict: 'fail', ...asked.trouble };
    if (asked.answer.status === 200 && firstLine(asked.answer) === healthy) {
      return {
        verdict: 'pass',
        found: `imgproxy answers at ${url} after ${Math.round(asked.answer.milliseconds)} ms.`,
      };
    }
    return judgeWithoutHealth(context, asked.answer);
  },
};

/** A proxy may publish pictures only: an unsigned address then tells whether imgproxy is behind it. */
async function judgeWithoutHealth(context: DoctorContext, health: TimedAnswer): Promise<Finding> {
  const { config } = context;
  const path = `/unsigned/rs:fit:1:1/plain/s3://${config.storage.bucket}/image-none.png`;
  const asked = await askImgproxy(context, imgproxyAddress(config, path), { timeoutMs: healthTimeoutMs });
  if ('trouble' in asked) return { verdict: 'fail', ...asked.trouble };
  const verdict = readVerdict(asked.answer);
  const isPictureAnswer = verdict !== 'other' && verdict !== 'no-route';
  if (isPictureAnswer) {
    return {
      verdict: 'info',
      found: `imgproxy answers addresses of pictures; /health is not published there (${describeAnswer(health)}).`,
    };
  }
  const foreign = explainForeignAnswer(health, imgproxyServer(config));
  if (foreign !== undefined) return { verdict: 'fail', ...foreign };
  if (isFromImgproxy(health)) return { verdict: 'fail', ...explainImgproxyAnswer(health, '/health', config) };
  return {
    verdict: 'fail',
    found: `${imgproxyAddress(config, '/health')} answers ${describeAnswer(health)}; imgproxy says "${healthy}".`,
    cause:
      'Another program answers there, or the path of IMGPROXY_URL is not the one under which imgproxy is published.',
    remedy: 'Set IMGPROXY_URL to the host, port and path prefix of imgproxy, without anything behind it.',
  };
}
