import type { Finding } from './check.ts';
import { isLoopback } from './foreign-answer.ts';
import { readCertificateEnd } from './tls-certificate.ts';

/** Certificates of 90 days are renewed 30 days before; one that is closer to its end has missed that. */
const minCertificateDays = 14;
const millisecondsPerDay = 86_400_000;

/** Plain http, or a certificate that ends soon. That it is trusted has been shown by the requests before. */
export async function judgeTransport(url: URL, signal: AbortSignal, now: Date): Promise<Finding[]> {
  if (url.protocol === 'http:') {
    if (isLoopback(url.hostname)) return [];
    return [
      {
        verdict: 'warn',
        found: `Pictures come over plain http from ${url.host}.`,
        cause: 'Pages served over https do not show them, or ask for them over https.',
        remedy: 'Put TLS in front of imgproxy (a CDN, nginx or Caddy), and set IMGPROXY_URL to its https address.',
      },
    ];
  }
  const end = await readCertificateEnd(url, signal);
  if (end === null) return [];
  const days = Math.floor((end.getTime() - now.getTime()) / millisecondsPerDay);
  if (days >= minCertificateDays)
    return [{ verdict: 'pass', found: `Its TLS certificate is valid for ${days} more days.` }];
  return [
    {
      verdict: 'warn',
      found: `The TLS certificate of ${url.host} ends in ${days} days, on ${end.toISOString().slice(0, 10)}.`,
      cause: 'It ought to have been renewed by now; the renewal fails or nobody does it.',
      remedy: 'Renew it, and see why that did not happen by itself (certbot renew --dry-run, or the log of Caddy).',
    },
  ];
}
