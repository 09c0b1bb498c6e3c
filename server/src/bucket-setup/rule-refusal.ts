import { S3ServiceException } from '@aws-sdk/client-s3';
import { describeCause, statusOf } from '../storage/s3-errors.ts';

/** The storage does not do this, or not for these credentials. Anything else that goes wrong is thrown. */
export interface RuleRefusal {
  /** - `not_implemented`: 501, 405, or the code NotImplemented (MinIO on CORS) - `access_denied`: 401 or 403 */
  reason: 'not_implemented' | 'access_denied';
  /** Status and code, for people. */
  detail: string;
  error: Error;
}

/** `null` for an error that is no refusal: no answer, a missing bucket, a mistake in what was sent. */
export function toRuleRefusal(error: unknown): RuleRefusal | null {
  if (!(error instanceof Error)) return null;
  const status = statusOf(error);
  const named = (name: string) => error instanceof S3ServiceException && error.name === name;
  const reason =
    status === 501 || status === 405 || named('NotImplemented')
      ? 'not_implemented'
      : status === 401 || status === 403
        ? 'access_denied'
        : null;
  // A wrong key is refused everywhere alike: that is a failure to report as such, not a missing permission.
  if (reason === null || named('InvalidAccessKeyId') || named('SignatureDoesNotMatch')) return null;
  if (named('RequestTimeTooSkewed')) return null;
  return { reason, detail: describeCause(error), error };
}
