import type { CorsRead } from '../bucket-setup/read-bucket-rules.ts';
import type { CorsObstacle } from './cors-answer.ts';
import { type CorsRuleVerdict, judgeCorsRules } from './cors-near-miss.ts';
import { describeAnswer, quotable } from './describe-answer.ts';
import { redirectTarget, type Trouble } from './foreign-answer.ts';
import type { HttpAnswer } from './http-probe.ts';

/** The bucket's own rules, or why they could not be read. */
export type KnownCorsRules = CorsRead | { state: 'unreadable'; why: string };

export interface CorsFailure {
  obstacle: CorsObstacle;
  /** "The preflight", "The answer to a form that was stored" */
  subject: string;
  answer: HttpAnswer;
  origin: string;
  /** All origins of the settings. */
  meant: readonly string[];
}

type Explanation = Pick<Trouble, 'cause' | 'remedy'>;

const setUp =
  'Run `kuanary setup-bucket`: it adds a rule for ALLOWED_ORIGINS and ANONYMOUS_ORIGINS and keeps all others.';

/** `found` does not name the origin: several may have the same trouble. */
export function explainCorsFailure(failure: CorsFailure, rules: KnownCorsRules): Trouble {
  return { found: describe(failure), ...explain(failure, rules) };
}

function describe({ obstacle, subject, answer }: CorsFailure): string {
  const allowed = quotable(answer.headers.get('access-control-allow-origin') ?? '');
  switch (obstacle) {
    case 'missing':
      return `${subject} (${describeAnswer(answer)}) has no Access-Control-Allow-Origin`;
    case 'repeated':
      return `${subject} has Access-Control-Allow-Origin more than once: "${allowed}"`;
    case 'other-origin':
      return `${subject} has "Access-Control-Allow-Origin: ${allowed}", which is not the page's origin`;
    case 'status':
      return `${subject} is answered ${describeAnswer(answer)}, and browsers want a status from 200 to 299`;
    case 'header':
      return `${subject} does not allow the header Content-Type`;
  }
}

function explain({ obstacle, answer, origin, meant }: CorsFailure, rules: KnownCorsRules): Explanation {
  if (obstacle === 'repeated') {
    return {
      cause:
        'The storage answers with CORS headers, and a proxy in front of it adds its own. Browsers then refuse both.',
      remedy:
        'Let one of them do it. In nginx: remove add_header Access-Control-Allow-Origin for this host, or put proxy_hide_header Access-Control-Allow-Origin beside it.',
    };
  }
  if (redirectTarget(answer) !== undefined) {
    return {
      cause:
        'Browsers follow no redirect of a preflight. S3 redirects for another region, a proxy from http to https or to another name.',
      remedy: `Set S3_PUBLIC_ENDPOINT to the address that answers by itself: the redirect leads to ${redirectTarget(answer)}. For AWS it is that of the region, https://s3.<region>.amazonaws.com.`,
    };
  }
  if (obstacle === 'status' || obstacle === 'header') {
    return {
      cause:
        'A CORS rule of the bucket, or a proxy that answers preflights by itself, allows the origin but not the rest.',
      remedy: `Allow all headers in the rule (AllowedHeaders: *), and let a proxy pass OPTIONS on to the storage. ${setUp}`,
    };
  }
  switch (rules.state) {
    case 'unreadable':
      return withoutRules(`The CORS rules of the bucket could not be read (${rules.why}).`);
    case 'refused':
      return rules.refusal.reason === 'access_denied'
        ? withoutRules('The key may not read the CORS rules of the bucket.')
        : withoutBucketRules(origin);
    case 'read':
      return explainByRules(judgeCorsRules(rules.rules, origin, meant), origin);
  }
}

function withoutRules(sentence: string): Explanation {
  return {
    cause: `${sentence} Most likely there is none for this origin, or a proxy takes the headers off.`,
    remedy: `${setUp} It needs s3:GetBucketCORS and s3:PutBucketCORS: use the owner's key for it. In a console, allow the exact origin, the method POST and all headers.`,
  };
}

function withoutBucketRules(origin: string): Explanation {
  return {
    cause:
      'The storage has no CORS rules of buckets (501): it has one setting for all of them, which does not allow this origin.',
    remedy: `Set it on the server: MinIO has MINIO_API_CORS_ALLOW_ORIGIN=${origin} (several with commas between them). Otherwise have a proxy in front answer OPTIONS and add the headers.`,
  };
}

function explainByRules(verdict: CorsRuleVerdict, origin: string): Explanation {
  switch (verdict.kind) {
    case 'empty':
      return {
        cause: 'The bucket has no CORS configuration. The file is stored, but the page is told "network error".',
        remedy: setUp,
      };
    case 'near-miss':
      return {
        cause: `The CORS rules of the bucket have "${quotable(verdict.written)}", which never matches this origin: ${verdict.difference}.`,
        remedy: `Write exactly ${origin} in that rule. ${setUp}`,
      };
    case 'method-missing':
      return {
        cause: `A CORS rule of the bucket allows the origin, but only ${verdict.methods.join(', ')}; uploads are POST.`,
        remedy: `Add POST to that rule. ${setUp}`,
      };
    case 'not-listed':
      return { cause: 'No CORS rule of the bucket lists this origin.', remedy: setUp };
    case 'allowed':
      return {
        cause:
          'The CORS rules of the bucket allow it, so a proxy takes the headers off or answers by itself, or a change of the rules has not reached all servers of the storage yet.',
        remedy:
          'Wait a minute and run the doctor again. Otherwise let the proxy pass OPTIONS and the Origin header on to the storage and its Access-Control-* headers back: nginx does so unless it has add_header, proxy_hide_header or a location for OPTIONS.',
      };
  }
}
