/**
 * A request that ends in an error answer. `message` is the body that the client sees, as short as imgproxy's own;
 * `detail` says what exactly was wrong and goes to the log only.
 */
export class ImgproxyError extends Error {
  readonly status: number;
  readonly detail: string;

  constructor(status: number, publicMessage: string, detail = publicMessage, options: { cause?: unknown } = {}) {
    super(publicMessage, options);
    this.name = 'ImgproxyError';
    this.status = status;
    this.detail = detail;
  }
}

/** A mistake in the address: imgproxy answers all of them alike. */
export function invalidUrl(detail: string): ImgproxyError {
  return new ImgproxyError(404, 'Invalid URL', detail);
}

/** A source that imgproxy cannot read; `status` tells why. */
export function sourceUnreachable(status: number, detail: string, cause?: unknown): ImgproxyError {
  return new ImgproxyError(status, 'Source is unreachable', detail, { cause });
}

/** A source that is no picture, or a larger one than is allowed. */
export function invalidSource(detail: string): ImgproxyError {
  return new ImgproxyError(422, 'Invalid source image', detail);
}
