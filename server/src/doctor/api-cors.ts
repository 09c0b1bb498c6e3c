import type { Config } from '../config.ts';
import type { DoctorContext, Finding } from './check.ts';
import type { HttpAnswer } from './http-probe.ts';

/** `/limits` may be read by every page. */
export function judgeLimitsCors({ headers }: HttpAnswer): Finding {
  const allowed = headers.get('access-control-allow-origin');
  if (allowed === '*') return { verdict: 'pass', found: 'Pages of any origin can read /limits.' };
  return allowed?.includes(',') === true ? repeatedHeader(allowed) : strippedHeader(allowed);
}

function repeatedHeader(allowed: string): Finding {
  return {
    verdict: 'fail',
    found: `The API's answers have Access-Control-Allow-Origin twice (${allowed}).`,
    cause: 'The proxy in front adds CORS headers to those of the API, and browsers refuse two.',
    remedy:
      'Remove the CORS headers (add_header Access-Control-… in nginx, header in Caddy) from the proxy; the API sets them.',
  };
}

function strippedHeader(allowed: string | null): Finding {
  return {
    verdict: 'fail',
    found: `GET /limits comes with ${allowed === null ? 'no Access-Control-Allow-Origin' : `Access-Control-Allow-Origin: ${allowed}`}; the API says *.`,
    cause: 'The proxy or CDN in front takes CORS headers away or replaces them.',
    remedy: 'Pass the headers of the API on unchanged, and cache its answers with all of them.',
  };
}

/** Asks, as a browser does before `POST /sign-upload`, whether pages of the first allowed origin may. */
export async function judgePreflight({ http, config }: DoctorContext, publicUrl: string): Promise<Finding[]> {
  const origin = firstOrigin(config);
  if (origin === undefined) return [];
  const { headers, status } = await http.send(`${publicUrl}/sign-upload`, {
    method: 'OPTIONS',
    headers: {
      Origin: origin,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization,content-type',
    },
  });
  const allowedOrigin = headers.get('access-control-allow-origin');
  const allowedHeaders = (headers.get('access-control-allow-headers') ?? '').toLowerCase();
  const allowsHeaders = allowedHeaders.includes('authorization') && allowedHeaders.includes('content-type');
  if (status < 300 && (allowedOrigin === origin || allowedOrigin === '*') && allowsHeaders) {
    return [{ verdict: 'pass', found: `Pages of ${origin} may call the API.` }];
  }
  if (allowedOrigin?.includes(',') === true) return [repeatedHeader(allowedOrigin)];
  return [
    {
      verdict: 'fail',
      found: `The API does not let pages of ${origin} call it: the preflight of /sign-upload is answered with HTTP ${status}, Access-Control-Allow-Origin: ${allowedOrigin ?? 'none'}.`,
      cause:
        'The API runs with other ALLOWED_ORIGINS than those here (a restart is due), or a proxy answers OPTIONS by itself.',
      remedy: 'Restart the API with these settings, and pass OPTIONS requests on to it.',
    },
  ];
}

function firstOrigin({ access }: Config): string | undefined {
  return [...access.allowedOrigins, ...access.anonymousOrigins].find((origin) => origin !== '*');
}
