import { type KeyPair, verifyImgproxyPath } from '@kuanary/shared/imgproxy-url';
import type { ConcurrencyLimit } from './concurrency-limit.ts';
import { ImgproxyError, invalidUrl } from './imgproxy-error.ts';
import { applySourceExtension, parseProcessingOptions } from './option-table.ts';
import { assertWritable } from './output-format.ts';
import { type ProcessingOptions, resizingTypes } from './processing-options.ts';
import { type RenderLimits, renderImage } from './render-image.ts';
import { cacheControl, commonHeaders, imageHeaders, rawHeaders } from './response-headers.ts';
import type { SharpModule } from './sharp-loader.ts';
import { type Conditions, resolveSource, type SourceObject, type SourceStore } from './source-download.ts';
import { decodeSource, splitOptions, splitRequestTarget } from './url-path.ts';

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array | string;
}

export interface ImageRequest {
  /** The path and query as they came over the wire. */
  target: string;
  conditions: Conditions;
  /** A time of `Date.now()`. */
  deadline: number;
  /** Aborted when the client goes away or the deadline passes. */
  signal: AbortSignal;
}

export interface Rendering {
  sharp: SharpModule;
  store: SourceStore;
  bucket: string;
  keyPairs: readonly KeyPair[];
  signatureSize: number;
  limits: RenderLimits;
  concurrency: ConcurrencyLimit;
}

interface ParsedAddress {
  options: ProcessingOptions;
  source: SourceObject;
  sourceUrl: string;
}

/** Answers a GET of an image. Throws an `ImgproxyError` for every other outcome. */
export async function answerImageRequest(rendering: Rendering, request: ImageRequest): Promise<Answer> {
  const address = parseAddress(rendering, request.target);
  if (!address.options.raw) assertWritable(address.options.format);
  const work = rendering.concurrency.run(() => produceAnswer(rendering, request, address));
  if (work === undefined) throw new ImgproxyError(429, 'Too many requests', 'too many renderings are waiting');
  return work;
}

/** Verifies and reads an address: signature first, then options, then the source. */
function parseAddress({ keyPairs, signatureSize, bucket }: Rendering, target: string): ParsedAddress {
  const { signature, path } = splitRequestTarget(target);
  if (!verifyImgproxyPath(signature, `/${path}`, keyPairs, signatureSize)) {
    throw new ImgproxyError(403, 'Forbidden', 'the signature does not match the path, the key and the salt');
  }
  const { options: urlOptions, sourceSegments } = splitOptions(path);
  if (resizingTypes.some((type) => path.startsWith(`${type}/`))) {
    throw invalidUrl('this is the address form of imgproxy 2: options are written as rs:fit:300:300 now');
  }
  const options = parseProcessingOptions(urlOptions);
  const sourceAddress = decodeSource(sourceSegments);
  applySourceExtension(options, sourceAddress.extension);
  return { options, source: resolveSource(sourceAddress, bucket), sourceUrl: sourceAddress.url };
}

async function produceAnswer(rendering: Rendering, request: ImageRequest, address: ParsedAddress): Promise<Answer> {
  request.signal.throwIfAborted();
  const { options, sourceUrl } = address;
  const source = await rendering.store.download(address.source, request.conditions, request.signal);
  if (source === 'not-modified') {
    return {
      status: 304,
      headers: { ...commonHeaders, 'cache-control': cacheControl(options.expiresAt, Date.now()) },
      body: '',
    };
  }
  if (options.raw) return { status: 200, headers: rawHeaders(sourceUrl, source, options), body: source.bytes };
  const image = await renderImage(rendering.sharp, source.bytes, options, rendering.limits, request.deadline);
  return { status: 200, headers: imageHeaders(image, sourceUrl, source, options), body: image.bytes };
}
