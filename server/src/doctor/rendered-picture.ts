import { type ImageFacts, imageFormats } from '@kuanary/shared/contract';
import { AppError } from '../errors.ts';
import { readImageHeader } from '../images/image-header.ts';
import type { DoctorContext } from './check.ts';
import type { Trouble } from './foreign-answer.ts';
import { explainImgproxyAnswer, readVerdict, type TimedAnswer } from './imgproxy-answer.ts';
import { askImgproxy } from './imgproxy-request.ts';

const anyPicture = {
  maxPixels: Number.MAX_SAFE_INTEGER,
  maxSide: Number.MAX_SAFE_INTEGER,
  allowedFormats: new Set(imageFormats),
};

export interface RenderedPicture {
  answer: TimedAnswer;
  /** From the picture's own header; null for formats that Kuanary does not read (such as BMP). */
  facts: ImageFacts | null;
}

/** Has imgproxy render, and takes a picture for an answer; `trouble` explains everything else. `asked` as in "The probe picture". */
export async function renderPicture(
  context: Pick<DoctorContext, 'http' | 'config'>,
  address: string,
  asked: string,
  request: { headers?: Record<string, string>; timeoutMs?: number } = {},
): Promise<RenderedPicture | { trouble: Trouble; answer?: TimedAnswer }> {
  const outcome = await askImgproxy(context, address, request);
  if ('trouble' in outcome) return outcome;
  const { answer } = outcome;
  if (readVerdict(answer) !== 'picture')
    return { trouble: explainImgproxyAnswer(answer, asked, context.config), answer };
  return { answer, facts: await readFacts(answer.body) };
}

async function readFacts(bytes: Buffer): Promise<ImageFacts | null> {
  const source = {
    totalBytes: bytes.length,
    read: async (start: number, length: number) => bytes.subarray(start, start + length),
  };
  return readImageHeader(source, anyPicture).catch((error: unknown) => {
    if (error instanceof AppError) return null;
    throw error;
  });
}
