import { addConditions } from '../post-form.ts';
import { presign, send } from '../sign-request.ts';
import type { Probe, ProbeTarget } from './probe.ts';

const origin = 'https://a.example';
const allowed = '<AllowedOrigin>https://a.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod>';
const rule = (content: string): string => `<CORSRule>${content}</CORSRule>`;
const rules = [
  `${['https://a.example', 'https://*.cms.example'].map((name) => `<AllowedOrigin>${name}</AllowedOrigin>`).join('')}${[
    'POST',
    'GET',
    'PUT',
  ]
    .map((name) => `<AllowedMethod>${name}</AllowedMethod>`)
    .join(
      '',
    )}<AllowedHeader>content-type</AllowedHeader><AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><ExposeHeader>x-amz-request-id</ExposeHeader><MaxAgeSeconds>600</MaxAgeSeconds>`,
  '<ID>anybody</ID><AllowedOrigin>*</AllowedOrigin><AllowedMethod>HEAD</AllowedMethod>',
];
const configuration = (content: string): string => `<CORSConfiguration>${content}</CORSConfiguration>`;

/** Rules are put before each, so that probes need no order. */
async function withRules(target: ProbeTarget): Promise<void> {
  await target.onBucket('PUT', 'cors', configuration(rules.map(rule).join('')));
}

const puts = (name: string, content: string): Probe => ({
  name: `PutBucketCors: ${name}`,
  ask: (target) => target.onBucket('PUT', 'cors', content),
});

const preflight = (name: string, headers: Record<string, string>, path?: string): Probe => ({
  name: `preflight: ${name}`,
  async ask(target) {
    await withRules(target);
    return target.anonymous({ method: 'OPTIONS', path: path ?? target.at('cors/key'), headers });
  },
});

const asks = (name: string, from: string, method: string, headerNames?: string): Probe =>
  preflight(name, {
    origin: from,
    'access-control-request-method': method,
    ...(headerNames === undefined ? {} : { 'access-control-request-headers': headerNames }),
  });

const from = (name: string, ask: (target: ProbeTarget) => ReturnType<Probe['ask']>): Probe => ({
  name: `from a page: ${name}`,
  async ask(target) {
    await withRules(target);
    await target.put('cors/key');
    return ask(target);
  },
});

export const corsProbes: Probe[] = [
  {
    name: 'GetBucketCors without rules',
    async ask(target) {
      await target.onBucket('DELETE', 'cors');
      return target.onBucket('GET', 'cors');
    },
  },
  {
    name: 'preflight without rules',
    async ask(target) {
      await target.onBucket('DELETE', 'cors');
      const headers = { origin, 'access-control-request-method': 'POST' };
      return target.anonymous({ method: 'OPTIONS', path: target.at('cors/key'), headers });
    },
  },
  { name: 'DeleteBucketCors', ask: (target) => target.onBucket('DELETE', 'cors') },
  {
    name: 'GetBucketCors',
    async ask(target) {
      await target.onBucket(
        'PUT',
        'cors',
        configuration(rule(`<ID>one</ID>${allowed}<AllowedHeader>*</AllowedHeader><MaxAgeSeconds>5</MaxAgeSeconds>`)),
      );
      return target.onBucket('GET', 'cors');
    },
  },
  puts('right', configuration(rules.map(rule).join(''))),
  puts('no rule', configuration('')),
  puts('a rule without an origin', configuration(rule('<AllowedMethod>GET</AllowedMethod>'))),
  puts('a rule without a method', configuration(rule('<AllowedOrigin>*</AllowedOrigin>'))),
  puts('PATCH', configuration(rule('<AllowedOrigin>*</AllowedOrigin><AllowedMethod>PATCH</AllowedMethod>'))),
  puts(
    'two * in an origin',
    configuration(rule('<AllowedOrigin>*.a.*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>')),
  ),
  puts('two * in a header', configuration(rule(`${allowed}<AllowedHeader>*-a-*</AllowedHeader>`))),
  puts('a MaxAgeSeconds that is no number', configuration(rule(`${allowed}<MaxAgeSeconds>long</MaxAgeSeconds>`))),
  puts('an ID of 256 characters', configuration(rule(`${allowed}<ID>${'x'.repeat(256)}</ID>`))),
  puts('101 rules', configuration(rule(allowed).repeat(101))),
  puts('XML that is cut off', '<CORSConfiguration><CORSRule>'),
  puts('another document', '<LifecycleConfiguration/>'),
  puts('nothing', ''),
  {
    name: 'PutBucketCors: wrong Content-MD5',
    ask: (target) =>
      target.onBucket('PUT', 'cors', configuration(rule(allowed)), { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' }),
  },
  asks('right', origin, 'PUT', 'Content-Type, x-amz-meta-a'),
  asks('without headers', origin, 'POST'),
  asks('an origin by wildcard', 'https://x.cms.example', 'POST'),
  asks('an origin by *', 'https://q.example', 'HEAD'),
  asks('another origin', 'https://b.example', 'POST'),
  asks('an origin with a slash', `${origin}/`, 'POST'),
  asks('an origin in capitals', 'HTTPS://A.example', 'POST'),
  asks('the origin null', 'null', 'HEAD'),
  asks('another method', origin, 'DELETE'),
  asks('a method in small letters', origin, 'post'),
  asks('another header', origin, 'PUT', 'x-other'),
  asks('one header that is allowed and one that is not', origin, 'PUT', 'content-type,x-other'),
  preflight('without Origin', { 'access-control-request-method': 'PUT' }),
  preflight('without Access-Control-Request-Method', { origin }),
  preflight('of nothing', {}),
  preflight('of a missing bucket', { origin, 'access-control-request-method': 'PUT' }, '/kuanary-is-not-there/key'),
  {
    name: 'preflight: of the bucket',
    async ask(target) {
      await withRules(target);
      const headers = { origin, 'access-control-request-method': 'POST' };
      return target.anonymous({ method: 'OPTIONS', path: `/${target.bucket}`, headers });
    },
  },
  from('GET', (target) => target.get('cors/key', { origin })),
  from('GET of a missing key', (target) => target.get('cors/missing', { origin })),
  from('GET of another origin', (target) => target.get('cors/key', { origin: 'https://b.example' })),
  from('HEAD by the rule for anybody', (target) => target.head('cors/key', { origin: 'https://b.example' })),
  from('PUT', (target) => target.put('cors/key', 'x', { origin })),
  from('DELETE, which no rule allows', (target) => target.onKey('DELETE', 'cors/gone', { headers: { origin } })),
  from('anonymous GET', (target) =>
    target.anonymous({ method: 'GET', path: target.at('cors/key'), headers: { origin } }),
  ),
  from('presigned GET', (target) => target.presigned({ method: 'GET', path: target.at('cors/key') }, {}, { origin })),
  from('presigned PUT of a wrong signature', (target) => {
    const request = presign(target.address, { method: 'PUT', path: target.at('cors/key') }, { secretKey: 'other' });
    return send(target.address, { ...request, headers: { ...request.headers, origin }, body: 'x' });
  }),
  from('expired presigned GET', (target) =>
    target.presigned(
      { method: 'GET', path: target.at('cors/key') },
      { now: new Date(Date.now() - 3_600_000) },
      { origin },
    ),
  ),
  from('form', (target) => target.post({ headers: { origin } })),
  from('form of another origin', (target) => target.post({ headers: { origin: 'https://b.example' } })),
  from('form that is too large', (target) =>
    target.post({ form: (form) => addConditions(form, ['content-length-range', 0, 4]), headers: { origin } }),
  ),
  from('form of a wrong signature', (target) => target.post({ secretKey: 'other', headers: { origin } })),
  from('form that is malformed', (target) => target.post({ contentType: () => 'text/plain', headers: { origin } })),
  from('304', async (target) => {
    const { headers } = await target.head('cors/key');
    return target.get('cors/key', { origin, 'if-none-match': headers['etag'] ?? '' });
  }),
];
