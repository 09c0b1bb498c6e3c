import type { Config } from '../config.ts';
import { describeAnswer } from './describe-answer.ts';
import { type ExpectedServer, explainForeignAnswer, type Trouble } from './foreign-answer.ts';
import type { HttpAnswer } from './http-probe.ts';

/** An answer, and how long it took. */
export interface TimedAnswer extends HttpAnswer {
  milliseconds: number;
}

/**
 * Which of imgproxy's answers this is. The body tells what the status does not: a short sentence, or in development mode
 * the whole reason and a stack.
 */
export type ImgproxyVerdict =
  | 'picture'
  | 'signature-refused'
  | 'source-refused'
  | 'source-unreachable'
  | 'address-refused'
  | 'no-route'
  | 'other';

export function readVerdict(answer: HttpAnswer): ImgproxyVerdict {
  const { status } = answer;
  const line = firstLine(answer);
  if (status === 200 && /^image\//.test(answer.headers.get('content-type') ?? '')) return 'picture';
  if (status === 403 && /^(Forbidden$|Invalid signature)/.test(line)) return 'signature-refused';
  if (status === 404 && /^Invalid source URL$|^Source URL is not allowed|source address is not allowed/.test(line)) {
    return 'source-refused';
  }
  if (/^(Source is unreachable$|can't download source image)/.test(line)) return 'source-unreachable';
  // In development mode: "Invalid width: x (expected …)", "Unknown processing option …", "Forbidden processing option …".
  if (status === 404 && /^(Invalid URL$|Invalid [\w .]+:|Unknown |Forbidden processing option)/.test(line)) {
    return 'address-refused';
  }
  if (status === 404 && line === '' && !answer.headers.has('location')) return 'no-route';
  return 'other';
}

/** The first line of the body; what follows in a long one is a stack. */
export function firstLine({ body }: HttpAnswer): string {
  return body.toString('utf8').trim().split('\n', 1)[0]?.trim() ?? '';
}

/** imgproxy gives up on a storage that refuses connections after three attempts; what it refuses by itself it answers at once. */
const connectionAttemptsMs = 1_000;

interface Row {
  applies(verdict: ImgproxyVerdict, answer: TimedAnswer): boolean;
  cause: string;
  remedy(config: Config): string;
}

const readTheLog = "Look at imgproxy's log, which has the whole reason (IMGPROXY_LOG_LEVEL=info).";

/** Why an address signed by us, of an object that exists, gives no picture. The first row that applies explains it. */
const rows: readonly Row[] = [
  {
    applies: (verdict) => verdict === 'signature-refused',
    cause:
      'A shorter address with the same key was accepted, so something in front changes the path: it decodes or collapses "s3://…", or takes a prefix off.',
    remedy: () =>
      'Have the proxy or CDN pass paths on as they come (in nginx: proxy_pass without a path behind the port).',
  },
  {
    applies: (verdict) => verdict === 'source-refused',
    cause: "IMGPROXY_ALLOWED_SOURCES at imgproxy does not allow this bucket's root objects.",
    remedy: ({ storage }) => `Set IMGPROXY_ALLOWED_SOURCES=s3://${storage.bucket}/*. at imgproxy, and restart it.`,
  },
  {
    applies: (verdict, { status }) => verdict === 'source-unreachable' && status === 403,
    cause:
      "The storage refuses imgproxy's own S3 key: it is wrong, may not read this bucket, is signed for another region, or that machine's clock is wrong.",
    remedy: ({ storage }) =>
      `At imgproxy set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a key that may read s3://${storage.bucket}, and IMGPROXY_S3_REGION=${storage.region}; then restart it.`,
  },
  {
    applies: (verdict, { status }) => verdict === 'source-unreachable' && status === 400,
    cause: 'The storage does not understand how imgproxy asks: another region, or http:// where it speaks https.',
    remedy: s3Remedy,
  },
  {
    applies: (verdict, { status, milliseconds }) =>
      verdict === 'source-unreachable' && status === 404 && milliseconds >= connectionAttemptsMs,
    cause:
      "imgproxy answered only after several attempts: it cannot connect to the storage. IMGPROXY_S3_ENDPOINT is wrong, lacks https://, or names what only another machine or container can reach (localhost is imgproxy's own container).",
    remedy: s3Remedy,
  },
  {
    applies: (verdict, { status }) => verdict === 'source-unreachable' && status === 404,
    cause:
      'imgproxy finds no such object: IMGPROXY_USE_S3 is not set there, IMGPROXY_S3_ENDPOINT is missing, cannot be reached or names another storage, the bucket is not there, or IMGPROXY_S3_ALLOWED_BUCKETS leaves it out.',
    remedy: (config) =>
      `${s3Remedy(config)} IMGPROXY_S3_ALLOWED_BUCKETS, if it is set there, must have ${config.storage.bucket}.`,
  },
  {
    applies: (verdict) => verdict === 'address-refused',
    cause:
      'imgproxy refuses the options of the address: IMGPROXY_ALLOWED_PROCESSING_OPTIONS or IMGPROXY_ONLY_PRESETS is set there, or it is older than version 3.',
    remedy: () =>
      'Remove IMGPROXY_ONLY_PRESETS and IMGPROXY_ALLOWED_PROCESSING_OPTIONS at imgproxy, or allow every option of your presets; use imgproxy 4.0.12 or newer.',
  },
  {
    applies: (verdict) => verdict === 'no-route',
    cause: 'imgproxy has no route for this path: IMGPROXY_PATH_PREFIX there and the path of IMGPROXY_URL here differ.',
    remedy: () =>
      'End IMGPROXY_URL with exactly the IMGPROXY_PATH_PREFIX of imgproxy (which begins with a slash and does not end with one), or remove both.',
  },
  {
    applies: (_verdict, { status }) => status === 422,
    cause:
      "imgproxy does not accept the picture: a limit there is lower than this picture (IMGPROXY_MAX_SRC_RESOLUTION, IMGPROXY_MAX_SRC_FILE_SIZE), or the storage's answer was cut short.",
    remedy: () => `Raise these limits at imgproxy to those of Kuanary. ${readTheLog}`,
  },
  {
    applies: (_verdict, { status }) => status === 429,
    cause: 'imgproxy, or a rate limit in front of it, has too many requests.',
    remedy: () => 'Raise IMGPROXY_REQUESTS_QUEUE_SIZE or the rate limit, or give imgproxy more processors.',
  },
  {
    applies: (verdict, { status }) => verdict === 'source-unreachable' && status === 504,
    cause: 'The storage did not answer imgproxy within IMGPROXY_DOWNLOAD_TIMEOUT (5 seconds by default).',
    remedy: s3Remedy,
  },
  {
    applies: (verdict, { status }) => verdict === 'source-unreachable' && status >= 500,
    cause: 'The storage answers imgproxy with server errors.',
    remedy: s3Remedy,
  },
  {
    applies: (_verdict, { status }) => status === 503,
    cause:
      'imgproxy did not finish within IMGPROXY_TIMEOUT (10 seconds by default): it has too little processor or too much to do.',
    remedy: () => 'Give imgproxy more processors, or raise IMGPROXY_TIMEOUT.',
  },
  {
    applies: (_verdict, { status }) => status === 500,
    cause: 'imgproxy failed while it worked on the picture: out of memory, or an error of its own.',
    remedy: () => `${readTheLog} Use imgproxy 4.0.12 or newer, and give it at least 512 MB of memory.`,
  },
];

function s3Remedy({ storage }: Config): string {
  return (
    `At imgproxy set IMGPROXY_USE_S3=true, IMGPROXY_S3_ENDPOINT=${storage.endpoint} (as imgproxy's machine reaches it, with https:// or http://, without the bucket), ` +
    `IMGPROXY_S3_REGION=${storage.region} and IMGPROXY_S3_ENDPOINT_USE_PATH_STYLE=${storage.forcePathStyle}; then restart it.`
  );
}

export function imgproxyServer(config: Config): ExpectedServer {
  return { setting: 'IMGPROXY_URL', name: 'imgproxy', address: config.imgproxy.url };
}

/** Explains an answer that is not the picture asked for. `asked` names that in words: "The probe picture". */
export function explainImgproxyAnswer(answer: TimedAnswer, asked: string, config: Config): Trouble {
  const foreign = explainForeignAnswer(answer, imgproxyServer(config));
  if (foreign !== undefined) return foreign;
  const found = `${asked} is answered with ${describeAnswer(answer)}.`;
  const verdict = readVerdict(answer);
  const row = rows.find(({ applies }) => applies(verdict, answer));
  if (row !== undefined) return { found, cause: row.cause, remedy: row.remedy(config) };
  return {
    found,
    cause: 'This is no answer of imgproxy that is known; something in front of it may have made it.',
    remedy: `Ask imgproxy directly, past the proxy or CDN, and compare. ${readTheLog}`,
  };
}
