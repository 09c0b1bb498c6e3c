import type { Config } from '../config.ts';
import type { Trouble } from './foreign-answer.ts';
import type { S3Refusal } from './s3-refusal.ts';

type Explanation = (refusal: S3Refusal, config: Config) => Omit<Trouble, 'found'>;

const wrongRegion: Explanation = ({ region, endpoint }, { storage }) => ({
  cause:
    region === undefined
      ? `The storage does not take signatures for the region "${storage.region}".`
      : `The bucket is in the region "${region}", S3_REGION is "${storage.region}".`,
  remedy:
    region === undefined
      ? `Set S3_REGION to the region of the bucket, as the console of your storage shows it${endpoint === undefined ? '' : `; it names the endpoint ${endpoint}`}.`
      : `Set S3_REGION=${region}, at imgproxy too (IMGPROXY_S3_REGION=${region}), and S3_ENDPOINT to the endpoint of that region.`,
});

const wrongKey: Explanation = () => ({
  cause: 'S3_ACCESS_KEY is not known there: a typing mistake, a deleted key, or a key of another provider or location.',
  remedy:
    'Copy the access key again from the console of your storage, or make a new pair of keys, and set S3_ACCESS_KEY and S3_SECRET_KEY both.',
});

const wrongSecret: Explanation = () => ({
  cause:
    'The access key is known, but S3_SECRET_KEY does not belong to it: cut off when it was copied, or of another key. If the key works elsewhere, a proxy in front of the storage changes the Host header or the path.',
  remedy:
    'Copy the secret key again, whole; a lost one cannot be shown again, so make a new pair of keys. Behind a proxy pass the host on as it came (nginx: proxy_set_header Host $http_host).',
});

const expiredToken: Explanation = () => ({
  cause: 'These are temporary keys, which end by themselves and need a session token besides.',
  remedy: 'Make a pair of keys that does not expire, for this service only.',
});

const wrongClock: Explanation = () => ({
  cause: "This machine's clock and the storage's are more than 15 minutes apart, so the signature counts as expired.",
  remedy:
    'Turn on time synchronisation on this machine: `timedatectl set-ntp true`, or chrony; in a container, on its host.',
});

const blockedAccount: Explanation = () => ({
  cause: 'The account is suspended, or has unpaid bills.',
  remedy: 'Look into the console of your storage, or ask its support.',
});

const overloaded: Explanation = () => ({
  cause: 'The storage, or a proxy in front of it, is overloaded or in trouble.',
  remedy: 'Try again in some minutes; then look at the status page of your storage, or at its log.',
});

const byCode: Readonly<Record<string, Explanation>> = {
  InvalidAccessKeyId: wrongKey,
  InvalidAccessKey: wrongKey,
  Unauthorized: wrongKey,
  // versitygw, with HTTP 404.
  XAdminUserNotFound: wrongKey,
  SignatureDoesNotMatch: wrongSecret,
  ExpiredToken: expiredToken,
  InvalidToken: expiredToken,
  RequestTimeTooSkewed: wrongClock,
  RequestExpired: wrongClock,
  AuthorizationHeaderMalformed: wrongRegion,
  IllegalLocationConstraintException: wrongRegion,
  PermanentRedirect: wrongRegion,
  TemporaryRedirect: wrongRegion,
  AccountProblem: blockedAccount,
  UserSuspended: blockedAccount,
  SlowDown: overloaded,
  ServiceUnavailable: overloaded,
  InternalError: overloaded,
};

/** Why the storage refused to open the bucket, by code first and by status where there is none. */
export function explainRefusal(refusal: S3Refusal, config: Config): Trouble {
  const found = `The storage refuses the key or the request: ${refusal.text}.`;
  const { code, status } = refusal;
  const explanation = code !== undefined && Object.hasOwn(byCode, code) ? byCode[code] : undefined;
  if (explanation !== undefined) return { found, ...explanation(refusal, config) };
  if (refusal.region !== undefined || status === 301 || status === 307)
    return { found, ...wrongRegion(refusal, config) };
  if (status === undefined) {
    return {
      found: `The storage does not answer a signed request: ${refusal.text}.`,
      cause: 'It answers requests without a signature, so it hangs or a proxy holds signed requests back.',
      remedy: 'Look at the log of the storage and of the proxy in front of it.',
    };
  }
  if (status >= 500) return { found, ...overloaded(refusal, config) };
  return {
    found,
    cause: 'The storage does not understand the request, or a proxy in front of it refuses signed requests.',
    remedy:
      'Look at the log of the storage or of the proxy for this moment. The proxy must pass on Host, Authorization and all x-amz-* headers as they came.',
  };
}
