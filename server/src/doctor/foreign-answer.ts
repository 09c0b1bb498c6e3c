import { describeAnswer, htmlTitleOf } from './describe-answer.ts';
import type { HttpAnswer, HttpProbeError } from './http-probe.ts';

/** What a finding that warns or fails says besides its verdict. */
export interface Trouble {
  found: string;
  cause: string;
  remedy: string;
}

/** The setting that named the address, and what ought to answer there: "imgproxy", "the API". */
export interface ExpectedServer {
  setting: string;
  name: string;
  address: string;
}

/** Where a redirect leads, without its query (which may hold credentials); undefined where the answer is none. */
export function redirectTarget(answer: HttpAnswer): string | undefined {
  const location = answer.headers.get('location');
  if (![301, 302, 303, 307, 308].includes(answer.status) || location === null) return undefined;
  return location.split(/[?#]/, 1)[0] ?? '';
}

const cdnStatuses: Readonly<Record<number, string>> = {
  520: 'got an answer that it could not read',
  521: 'was refused a connection',
  522: 'got no connection in time',
  523: 'found no way to the host',
  524: 'got no answer in time',
  525: 'could not agree on TLS',
  526: 'does not trust the TLS certificate',
  530: 'could not resolve the name',
};

interface Row {
  applies(answer: HttpAnswer, expected: ExpectedServer): boolean;
  explain(answer: HttpAnswer, expected: ExpectedServer): { cause: string; remedy: string };
}

/** The first row that applies explains the answer. */
const rows: readonly Row[] = [
  {
    applies: (answer, { address }) =>
      redirectTarget(answer)?.startsWith('https://') === true && isSameHost(answer, address),
    explain: (_answer, { setting, address }) => ({
      cause: 'Something in front forces https (a CDN\'s "always use HTTPS"), so that every request is made twice.',
      remedy: `Write the address with https: ${setting}=${address.replace(/^http:/, 'https:')}, and start again.`,
    }),
  },
  {
    applies: (answer) => redirectTarget(answer) !== undefined,
    explain: (_answer, { setting, name }) => ({
      cause: 'Something in front sends callers elsewhere: a login page, another host name, or a moved service.',
      remedy: `Set ${setting} to the address where ${name} answers by itself, and let its requests past any login.`,
    }),
  },
  {
    applies: (answer, { name }) =>
      name !== 'the storage' &&
      (answer.headers.has('x-amz-request-id') ||
        /<Error>|<ListAllMyBucketsResult|<ListBucketResult/.test(answer.body.toString('utf8'))),
    explain: (_answer, { setting, name }) => ({
      cause: `An S3 server answers at this address, not ${name}.`,
      remedy: `The address of the storage belongs in S3_ENDPOINT. Set ${setting} to the address of ${name}.`,
    }),
  },
  {
    applies: (answer, { name }) =>
      name !== 'the API' && /^\{.*"success":false.*"requestId":/s.test(answer.body.toString('utf8')),
    explain: (_answer, { setting, name }) => ({
      cause: `Kuanary itself answers at this address, not ${name}.`,
      remedy: `Set ${setting} to the address of ${name}; Kuanary's own address belongs in PUBLIC_URL.`,
    }),
  },
  {
    applies: ({ status }) => status in cdnStatuses,
    explain: ({ status }, { name }) => ({
      cause: `The CDN in front ${cdnStatuses[status]} when it asked ${name}.`,
      remedy: `See that ${name} runs, that the CDN's origin has the right host, port and scheme, and that a firewall lets the CDN in.`,
    }),
  },
  {
    applies: (answer) => answer.headers.get('cf-mitigated') !== null,
    explain: (_answer, { name }) => ({
      cause:
        'The protection against bots in front asks for a challenge, which neither programs nor <img> tags can solve.',
      remedy: `Make an exception for the host name of ${name} (in Cloudflare: a WAF rule that skips it).`,
    }),
  },
  {
    applies: ({ status }) => status === 401 || status === 407,
    explain: (_answer, { name }) => ({
      cause: 'Something in front asks for a password.',
      remedy: `Browsers of visitors have none: take the password off for the host name of ${name}.`,
    }),
  },
  {
    applies: (answer) => [502, 503, 504].includes(answer.status) && !isFromImgproxy(answer),
    explain: (_answer, { name }) => ({
      cause: `A proxy answers, but ${name} behind it does not: it is not running, listens on another port, or is too slow.`,
      remedy: `Start ${name} and look at its log, then compare its port with the one that the proxy forwards to.`,
    }),
  },
  {
    applies: (answer) => htmlTitleOf(answer) !== undefined,
    explain: (_answer, { setting, name }) => ({
      cause: `A web page comes from this address, so another program answers there, not ${name}.`,
      remedy: `Set ${setting} to the host and port of ${name}; behind a reverse proxy, check which server its host name leads to.`,
    }),
  },
];

/** Explains answers that come from something else than the server that ought to be there; undefined for all others. */
export function explainForeignAnswer(answer: HttpAnswer, expected: ExpectedServer): Trouble | undefined {
  const row = rows.find(({ applies }) => applies(answer, expected));
  if (row === undefined) return undefined;
  const found = `${expected.address} answers ${describeAnswer(answer)}.`;
  return { found, ...row.explain(answer, expected) };
}

function isSameHost(answer: HttpAnswer, address: string): boolean {
  try {
    return new URL(answer.headers.get('location') ?? '', address).hostname === new URL(address).hostname;
  } catch {
    return false;
  }
}

/** imgproxy says its name, and where a proxy takes that away its policy is left. */
export function isFromImgproxy({ headers }: HttpAnswer): boolean {
  return (
    headers.get('server') === 'imgproxy' ||
    headers.get('content-security-policy') === "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
  );
}

/** Explains that no answer came at all. */
export function explainSilence(error: HttpProbeError, { setting, name, address }: ExpectedServer): Trouble {
  const { hostname } = new URL(address);
  const found = `${new URL(address).origin}: ${error.reason}.`;
  if (/does not resolve/.test(error.reason)) {
    return {
      found,
      cause: `No DNS record has the name ${hostname}, or only another network knows it (names of Docker services exist in their own network only).`,
      remedy: `Correct ${setting}, or add the DNS record. It must be a name that the browsers of visitors can resolve.`,
    };
  }
  if (/TLS|certificate/.test(error.reason)) {
    return {
      found,
      cause: 'Browsers refuse such a connection as well.',
      remedy: `Give ${hostname} a valid certificate for its name, with the whole chain, or correct the scheme in ${setting}.`,
    };
  }
  if (/refused/.test(error.reason)) {
    const inside = isLoopback(hostname) ? ' Inside a container this address is the container itself.' : '';
    return {
      found,
      cause: `${atSentenceStart(name)} is not running, or listens on another port or interface.${inside}`,
      remedy: `Start ${name}, see which port it publishes, and set ${setting} to the address under which browsers reach it.`,
    };
  }
  return {
    found,
    cause: `A firewall drops the packets, ${name} hangs, or another program listens at that port.`,
    remedy: `Open the port for this machine, restart ${name} and look at its log; then compare ${setting} with the port.`,
  };
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || /^127\./.test(hostname) || hostname === '[::1]';
}

/** Names of products stay as they are written: imgproxy. */
function atSentenceStart(name: string): string {
  return name.replace(/^the /, 'The ');
}
