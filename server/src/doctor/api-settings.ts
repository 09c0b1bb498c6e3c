import { randomUUID } from 'node:crypto';
import { LimitsAnswer } from '@kuanary/shared/contract';
import { signImgproxyPath } from '@kuanary/shared/imgproxy-url';
import type { Config } from '../config.ts';
import { imageFilename } from '../uploads/object-keys.ts';
import { listMimeTypes } from '../uploads/upload-rules.ts';
import { readJson } from './api-health.ts';
import type { DoctorContext, Finding } from './check.ts';
import type { HttpAnswer } from './http-probe.ts';
import { imgproxyAddress } from './imgproxy-request.ts';

/** What the API says of its limits; null where it is no such answer. */
export function readLimits(answer: HttpAnswer): LimitsAnswer | null {
  return answer.status === 200 ? readJson(answer, LimitsAnswer) : null;
}

/** The settings that `/limits` shows must be those that the doctor judges. */
export function judgeSettings(limits: LimitsAnswer, { uploads }: Config): Finding[] {
  const types = listMimeTypes(uploads.allowedFormats).toSorted().join();
  const differing = [
    ...(limits.maxBytes === uploads.maxBytes ? [] : ['MAX_UPLOAD_BYTES']),
    ...(limits.maxPixels === uploads.maxPixels ? [] : ['MAX_IMAGE_PIXELS']),
    ...(limits.types.toSorted().join() === types ? [] : ['ALLOWED_TYPES']),
  ];
  if (differing.length === 0) return [];
  return [otherSettings(`The running API has another ${differing.join(', ')} than this configuration.`)];
}

function otherSettings(found: string): Finding {
  return {
    verdict: 'warn',
    found,
    cause:
      'It was started with other settings: the environment was changed since, or the doctor runs with another .env.',
    remedy:
      'Restart the API, and run `kuanary doctor` with the same environment (`docker compose run --rm kuanary doctor`).',
  };
}

/** Follows a link of an image that does not exist: the API asks nobody, and answers where imgproxy would be asked. */
export async function judgeLink(context: DoctorContext, publicUrl: string, preset: string): Promise<Finding> {
  const { config, http } = context;
  const link = `${publicUrl}/i/${preset}/${imageFilename(randomUUID(), 'png')}`;
  const answer = await http.send(link);
  const target = answer.headers.get('location');
  if (answer.status !== 302 || target === null) {
    return {
      verdict: 'fail',
      found: `A link (/i/${preset}/…) is answered with HTTP ${answer.status} instead of a redirect to imgproxy.`,
      cause: 'The proxy in front follows or replaces redirects, or passes only some paths on.',
      remedy: 'Pass /i/ on to the API, and its 302 answers back as they are.',
    };
  }
  const base = imgproxyAddress(config, '/');
  if (!target.startsWith(base))
    return otherSettings(`A link leads to ${target.slice(0, 80)}…, which is not under IMGPROXY_URL.`);
  if (!isSignedByUs(config, target.slice(base.length))) {
    return otherSettings(
      'A link has a signature that is not made with the imgproxy key and salt of this configuration.',
    );
  }
  return { verdict: 'pass', found: `Links lead to ${base}.` };
}

function isSignedByUs({ imgproxy }: Config, signed: string): boolean {
  const [pair] = imgproxy.keyPairs;
  const slash = signed.indexOf('/');
  if (pair === undefined || slash === -1) return false;
  return signImgproxyPath(signed.slice(slash), pair, imgproxy.signatureSize) === signed.slice(0, slash);
}
