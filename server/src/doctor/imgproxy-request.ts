import { performance } from 'node:perf_hooks';
import { buildSourceUrl, createImgproxySigner } from '@kuanary/shared/imgproxy-url';
import type { Config } from '../config.ts';
import type { DoctorContext } from './check.ts';
import { explainSilence, type Trouble } from './foreign-answer.ts';
import { HttpProbeError } from './http-probe.ts';
import { imgproxyServer, type TimedAnswer } from './imgproxy-answer.ts';

/** Longer than imgproxy's own `IMGPROXY_TIMEOUT` and attempts at the storage, so that its own answer is seen. */
const renderTimeoutMs = 30_000;

/** A small rendering that every imgproxy can do. */
export const smallRendering = 'rs:fit:16:16/f:png';
/** The picture that the checks of imgproxy share, and what `smallRendering` makes of it. */
export const probePicture = { width: 64, height: 48 } as const;
export const smallResult = { width: 16, height: 12, format: 'png' } as const;

/** A path under `IMGPROXY_URL`. */
export function imgproxyAddress(config: Config, path: string): string {
  return `${config.imgproxy.url.replace(/\/+$/, '')}${path}`;
}

/** The address of an object, signed as the API signs it. `options` as in "rs:fit:16:16/f:png". */
export function signedAddress(config: Config, options: string, key: string): string {
  return signedSourceAddress(config, options, buildSourceUrl(config.storage.bucket, key));
}

/** The same for a source that need not be an object of our bucket. */
export function signedSourceAddress({ imgproxy }: Config, options: string, source: string): string {
  const signer = createImgproxySigner({
    baseUrl: imgproxy.url,
    pairs: imgproxy.keyPairs,
    signatureSize: imgproxy.signatureSize,
  });
  return signer.imageUrl(`/${options}/plain/`, source);
}

/** Asks imgproxy; where no answer comes, `trouble` says why. */
export async function askImgproxy(
  { http, config }: Pick<DoctorContext, 'http' | 'config'>,
  address: string,
  request: RequestInit & { timeoutMs?: number } = {},
): Promise<{ answer: TimedAnswer } | { trouble: Trouble }> {
  const startedAt = performance.now();
  try {
    const answer = await http.send(address, { timeoutMs: renderTimeoutMs, ...request });
    return { answer: { ...answer, milliseconds: performance.now() - startedAt } };
  } catch (error) {
    if (!(error instanceof HttpProbeError)) throw error;
    return { trouble: explainSilence(error, imgproxyServer(config)) };
  }
}
