import type { Config } from '../config.ts';
import { describeAnswer, htmlTitleOf, s3CodeOf } from './describe-answer.ts';
import { redirectTarget, type Trouble } from './foreign-answer.ts';
import type { HttpAnswer, HttpProbeError } from './http-probe.ts';

type Explanation = Pick<Trouble, 'cause' | 'remedy'>;

interface Row {
  applies(answer: HttpAnswer): boolean;
  explain(answer: HttpAnswer, config: Config): Explanation;
}

const storesWithForms = 'AWS S3, Ceph (Hetzner, DigitalOcean Spaces), Scaleway, MinIO and versitygw';
const storesWithoutForms = 'Cloudflare R2 and Backblaze B2';

/** Why a form that ought to be stored is not. The first row that applies explains it. */
const rows: readonly Row[] = [
  {
    applies: (answer) => answer.status === 413 && s3CodeOf(answer) === undefined,
    explain: (_answer, config) => explainBodyLimit(config.uploads.maxBytes),
  },
  {
    applies: (answer) =>
      answer.status === 501 ||
      answer.status === 405 ||
      answer.status === 412 ||
      ['NotImplemented', 'MethodNotAllowed'].includes(s3CodeOf(answer) ?? ''),
    explain: () => ({
      cause: `The storage takes no POST policies, or something in front lets no POST through. ${storesWithoutForms} have none: Kuanary does not support them.`,
      remedy: `Use a storage that takes forms: ${storesWithForms} do. If yours is one of them, point S3_PUBLIC_ENDPOINT at the storage itself, not at a CDN, a website endpoint or a read-only proxy, and let OPTIONS and POST through.`,
    }),
  },
  {
    applies: (answer) => redirectTarget(answer) !== undefined,
    explain: (answer, { storage }) => ({
      cause:
        'Browsers do not follow redirects of preflights. S3 redirects for another region; a proxy does from http to https or to another name.',
      remedy: `Set S3_PUBLIC_ENDPOINT to the address that answers by itself, for AWS the one of the region (https://s3.<region>.amazonaws.com), with S3_REGION to match (now ${storage.region}). The redirect leads to ${redirectTarget(answer)}.`,
    }),
  },
  {
    applies: (answer) => s3CodeOf(answer) === 'NoSuchBucket' || answer.status === 404,
    explain: (_answer, { storage }) => ({
      cause: `At S3_PUBLIC_ENDPOINT there is no bucket "${storage.bucket}": it is another storage than S3_ENDPOINT, or a proxy changes the path or the Host header.`,
      remedy: `Set S3_PUBLIC_ENDPOINT to the public address of the same storage, and check S3_FORCE_PATH_STYLE. In nginx: proxy_pass without a path, and proxy_set_header Host $host.`,
    }),
  },
  {
    applies: (answer) => s3CodeOf(answer) === 'InvalidAccessKeyId',
    explain: () => ({
      cause: 'The storage at S3_PUBLIC_ENDPOINT does not know the key that S3_ENDPOINT takes: they are two storages.',
      remedy: 'Set S3_PUBLIC_ENDPOINT to the public address of the storage that S3_ENDPOINT names.',
    }),
  },
  {
    applies: (answer) => ['EntityTooLarge', 'EntityTooSmall'].includes(s3CodeOf(answer) ?? ''),
    explain: () => ({
      cause:
        'The file has exactly the size that its policy allows, so the storage counts other bytes, has a lower limit of its own, or a proxy changes the body.',
      remedy:
        'Post to the storage without the proxy and compare. Old releases of Ceph counted wrongly: ask the provider for an upgrade.',
    }),
  },
  {
    applies: (answer) => answer.status === 411,
    explain: () => ({
      cause: 'The form arrived without its Content-Length: a proxy sends it on in chunks.',
      remedy:
        'Have the proxy keep the Content-Length (in nginx: proxy_request_buffering on, or proxy_http_version 1.1 with an unchanged body).',
    }),
  },
  {
    applies: (answer) => answer.status === 400 && s3CodeOf(answer) !== undefined,
    explain: (_answer, { storage }) => ({
      cause:
        'The storage does not accept the form: it is for another region than S3_REGION says, it insists on encryption settings, or a proxy has changed or dropped the body.',
      remedy: `Compare S3_REGION (now ${storage.region}) with the region that the provider's console shows. Then post to the storage without the proxy, and turn off whatever there rewrites bodies.`,
    }),
  },
  {
    applies: (answer) => answer.status === 403 && s3CodeOf(answer) !== undefined,
    explain: () => ({
      cause:
        'Requests signed in headers are allowed with this key, forms are not. A bucket policy or the rights of the key may forbid it (s3:PutObject on tmp/*), demand encryption headers or an ACL, or name source addresses; or S3_PUBLIC_ENDPOINT leads to another storage.',
      remedy:
        'Allow s3:PutObject on the whole bucket to the key of S3_ACCESS_KEY, without conditions that a browser cannot meet; on AWS, look at the bucket policy and use the default encryption of the bucket instead of a rule that demands headers.',
    }),
  },
  {
    applies: (answer) => answer.status >= 500 && s3CodeOf(answer) !== undefined,
    explain: () => ({
      cause: 'The storage is out of order, overloaded or full.',
      remedy: "Look at the storage's own state or the provider's status page, and run the doctor again.",
    }),
  },
  {
    applies: (answer) => htmlTitleOf(answer) !== undefined || s3CodeOf(answer) === undefined,
    explain: (answer) => ({
      cause:
        answer.status >= 502 && answer.status <= 504
          ? 'A proxy answers, because it got no answer of the storage to this form in time or the connection broke.'
          : 'This is not an answer of S3: a proxy, firewall or login page in front of the storage made it.',
      remedy:
        "Look at the proxy's error log. It must pass POST with its body on to the storage: in nginx, client_max_body_size above MAX_UPLOAD_BYTES, proxy_request_buffering off, proxy_read_timeout 300s. Take filters for forms (WAF, bot protection) off this host name.",
    }),
  },
];

/** Explains why a form that ought to be stored was refused. */
export function explainFormRefusal(answer: HttpAnswer, config: Config): Trouble {
  const row = rows.find(({ applies }) => applies(answer));
  return {
    found: `A form that ought to be stored is answered ${describeAnswer(answer)}.`,
    ...(row?.explain(answer, config) ?? {
      cause: 'This answer is not known.',
      remedy: "Look at the storage's log, or ask the provider why this POST Object request was refused.",
    }),
  };
}

/** Explains that a form was not answered at all. */
export function explainFormSilence(error: HttpProbeError, { uploads }: Config): Trouble {
  return {
    found: `A form gets no answer: ${error.message}.`,
    cause:
      'Other requests are answered, so something between here and the storage swallows posted forms: a proxy that waits for the storage, a firewall that inspects bodies, or the storage itself hangs on POST.',
    remedy: `Post to the storage without the proxy and compare. In nginx: client_max_body_size ${toMegabytes(uploads.maxBytes)}m, proxy_request_buffering off, proxy_http_version 1.1. Take filters for forms off this host name.`,
  };
}

export function explainBodyLimit(maxBytes: number): Explanation {
  return {
    cause:
      'A proxy or CDN in front of the storage has a lower limit for bodies. S3 itself would have answered with an XML document.',
    remedy: `Raise the limit for S3_PUBLIC_ENDPOINT: in nginx, client_max_body_size ${toMegabytes(maxBytes)}m; in Caddy, request_body max_size; Cloudflare's free plan stops at 100 MB, so turn its proxy off for this host name (DNS only). Or lower MAX_UPLOAD_BYTES.`,
  };
}

const bytesPerMegabyte = 1_048_576;

/** With room for the other fields of the form. */
function toMegabytes(bytes: number): number {
  return Math.ceil(bytes / bytesPerMegabyte) + 1;
}
