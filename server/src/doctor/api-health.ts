import { z } from 'zod';
import type { DoctorContext, Finding } from './check.ts';
import { describeAnswer } from './describe-answer.ts';
import { explainForeignAnswer } from './foreign-answer.ts';
import type { HttpAnswer } from './http-probe.ts';

const Alive = z.object({ status: z.literal('ok') });
const Ready = z.object({ ready: z.boolean(), remedies: z.array(z.string()) });

/** The JSON of an answer, in this shape; null where it is anything else. */
export function readJson<Shape>(answer: HttpAnswer, shape: z.ZodType<Shape>): Shape | null {
  try {
    const parsed = shape.safeParse(JSON.parse(answer.body.toString('utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Whether Kuanary answers at all. @throws HttpProbeError where nothing does */
export async function judgeAlive({ http }: DoctorContext, publicUrl: string): Promise<Finding> {
  const answer = await http.send(`${publicUrl}/healthz`);
  if (answer.status === 200 && readJson(answer, Alive) !== null) {
    return { verdict: 'pass', found: `The API answers at ${publicUrl}.` };
  }
  const foreign = explainForeignAnswer(answer, { setting: 'PUBLIC_URL', name: 'the API', address: publicUrl });
  if (foreign === undefined) {
    return {
      verdict: 'fail',
      found: `${publicUrl}/healthz is answered with ${describeAnswer(answer)}; the API answers {"status":"ok"}.`,
      cause:
        'Another program answers there, or the path of PUBLIC_URL is not the one under which the API is published.',
      remedy: 'Set PUBLIC_URL to the address of the API without anything behind it.',
    };
  }
  // What a proxy says when nothing runs behind it: before the first start this is as it should be.
  const isNotRunning = [502, 503, 504].includes(answer.status);
  if (isNotRunning) return { verdict: 'warn', ...foreign, cause: `The API may not be running yet. ${foreign.cause}` };
  return { verdict: 'fail', ...foreign };
}

/** Repeats what the API itself says of its readiness. */
export async function judgeReady({ http }: DoctorContext, publicUrl: string): Promise<Finding> {
  const answer = await http.send(`${publicUrl}/readyz`);
  const report = readJson(answer, Ready);
  if (report === null) {
    return {
      verdict: 'warn',
      found: `${publicUrl}/readyz is answered with ${describeAnswer(answer)}.`,
      cause: 'The proxy in front hides it or replaces its answer.',
      remedy: 'Let load balancers and monitoring reach /readyz, with the answer as it is.',
    };
  }
  if (report.ready && report.remedies.length === 0) return { verdict: 'pass', found: 'The API says that it is ready.' };
  return {
    verdict: report.ready ? 'warn' : 'fail',
    found: report.ready ? 'The API is ready, with a reservation.' : 'The API says that it is not ready.',
    cause: 'What it found when it asked the storage and imgproxy from its own place, with its own settings.',
    remedy: report.remedies.join(' ') || 'It is shutting down: ask again when it has started.',
  };
}
