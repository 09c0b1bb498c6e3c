import { judgeLimitsCors, judgePreflight } from '../api-cors.ts';
import { judgeAlive, judgeReady } from '../api-health.ts';
import { judgeLink, judgeSettings, readLimits } from '../api-settings.ts';
import type { Check, DoctorContext, Finding } from '../check.ts';
import { explainSilence } from '../foreign-answer.ts';
import { HttpProbeError } from '../http-probe.ts';

export const apiCheck: Check = {
  id: 'api',
  title: 'The running API answers as it is configured here',
  needs: [],
  async run(context) {
    const { publicUrl } = context.config.http;
    if (publicUrl === undefined) {
      return {
        verdict: 'info',
        found: 'PUBLIC_URL is not set: the running API is not looked at, and links in answers are paths.',
      };
    }
    try {
      const alive = await judgeAlive(context, publicUrl);
      if (alive.verdict !== 'pass') return alive;
      return [
        alive,
        await judgeReady(context, publicUrl),
        ...(await judgeLimits(context, publicUrl)),
        ...(await judgePreflight(context, publicUrl)),
      ];
    } catch (error) {
      if (!(error instanceof HttpProbeError)) throw error;
      const trouble = explainSilence(error, { setting: 'PUBLIC_URL', name: 'the API', address: publicUrl });
      return { verdict: 'warn', ...trouble, cause: `The API may not be running yet. Otherwise: ${trouble.cause}` };
    }
  },
};

async function judgeLimits(context: DoctorContext, publicUrl: string): Promise<Finding[]> {
  const answer = await context.http.send(`${publicUrl}/limits`, { headers: { Origin: new URL(publicUrl).origin } });
  const limits = readLimits(answer);
  if (limits === null) {
    return [
      {
        verdict: 'fail',
        found: `${publicUrl}/limits is answered with HTTP ${answer.status}, which is not what Kuanary answers.`,
        cause: 'The proxy in front passes only some paths on, or another version of Kuanary runs there.',
        remedy: 'Pass every path on to the API, and run the same version here and there.',
      },
    ];
  }
  return [
    judgeLimitsCors(answer),
    ...judgeSettings(limits, context.config),
    await judgeLink(context, publicUrl, limits.defaultPreset),
  ];
}
