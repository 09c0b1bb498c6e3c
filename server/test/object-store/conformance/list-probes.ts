import type { Probe } from './probe.ts';

const keys = ['a', 'b/c', 'b/d', 'e f', 'ü', "x!'()*~-_.", 'z&<>"'];

/** Lists seven objects below a prefix of their own. */
const lists = (name: string, query: Record<string, string>, version: '1' | '2' = '2'): Probe => ({
  name: `list v${version}: ${name}`,
  async ask(target) {
    for (const key of keys) await target.put(`list/${key}`, key);
    return target.list({ ...(version === '2' ? { 'list-type': '2' } : {}), prefix: 'list%2F', ...query });
  },
});

const lifecycle = (name: string, xml: string): Probe => ({
  name: `PutBucketLifecycle: ${name}`,
  ask: (target) => target.onBucket('PUT', 'lifecycle', `<LifecycleConfiguration>${xml}</LifecycleConfiguration>`),
});
const lifecycleRule = (content: string, id = 'one'): string =>
  `<Rule><ID>${id}</ID><Status>Enabled</Status>${content}</Rule>`;
const filter = '<Filter><Prefix>lifecycle/</Prefix></Filter>';
const expiration = '<Expiration><Days>1</Days></Expiration>';

const deletes = (name: string, xml: string, headers: Record<string, string> = {}): Probe => ({
  name: `DeleteObjects: ${name}`,
  async ask(target) {
    await target.put('delete/a');
    return target.onBucket('POST', 'delete', xml, headers);
  },
});

export const listProbes: Probe[] = [
  lists('all', {}),
  lists('all', {}, '1'),
  lists('delimiter', { delimiter: '%2F' }),
  lists('delimiter', { delimiter: '%2F' }, '1'),
  lists('url encoding', { 'encoding-type': 'url' }),
  lists('url encoding', { 'encoding-type': 'url', delimiter: '%2F' }, '1'),
  lists('an encoding that is none', { 'encoding-type': 'base64' }),
  lists('max-keys 2', { 'max-keys': '2' }),
  lists('max-keys 2', { 'max-keys': '2' }, '1'),
  lists('max-keys 2, delimiter', { 'max-keys': '2', delimiter: '%2F' }, '1'),
  lists('max-keys 0', { 'max-keys': '0' }),
  lists('max-keys 5000', { 'max-keys': '5000' }),
  lists('max-keys -1', { 'max-keys': '-1' }),
  lists('max-keys x', { 'max-keys': 'x' }),
  lists('start-after', { 'start-after': 'list%2Fb%2Fc' }),
  lists('start-after, delimiter', { 'start-after': 'list%2Fb%2Fc', delimiter: '%2F' }),
  lists('marker', { marker: 'list%2Fb%2Fc' }, '1'),
  lists('marker, delimiter', { marker: 'list%2Fb%2F', delimiter: '%2F' }, '1'),
  lists('fetch-owner', { 'fetch-owner': 'true', 'max-keys': '1' }),
  lists('a prefix of nothing', { prefix: 'nothing%2F' }),
  lists('a prefix of nothing', { prefix: 'nothing%2F' }, '1'),
  lists('a token that is none', { 'continuation-token': 'nothing' }),
  {
    name: 'list v2: second page',
    async ask(target) {
      for (const key of keys) await target.put(`list/${key}`, key);
      const query = { 'list-type': '2', prefix: 'list%2F', 'max-keys': '3' };
      const first = await target.list(query);
      const token = /<NextContinuationToken>([^<]+)</.exec(first.body.toString())?.[1] ?? '';
      return target.list({ ...query, 'continuation-token': encodeURIComponent(token) });
    },
  },
  lists('versions', { versions: '' }, '1'),
  {
    name: 'GetBucketLifecycle without rules',
    async ask(target) {
      await target.onBucket('DELETE', 'lifecycle');
      return target.onBucket('GET', 'lifecycle');
    },
  },
  { name: 'DeleteBucketLifecycle', ask: (target) => target.onBucket('DELETE', 'lifecycle') },
  lifecycle('expiry of a prefix', lifecycleRule(filter + expiration)),
  lifecycle('a prefix without a filter', lifecycleRule(`<Prefix>lifecycle/</Prefix>${expiration}`)),
  lifecycle('a filter by tag', lifecycleRule(`<Filter><Tag><Key>a</Key><Value>b</Value></Tag></Filter>${expiration}`)),
  lifecycle(
    'abort of uploads',
    lifecycleRule(
      `<Filter/><AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>`,
    ),
  ),
  lifecycle('0 days', lifecycleRule(`${filter}<Expiration><Days>0</Days></Expiration>`)),
  lifecycle('-1 days', lifecycleRule(`${filter}<Expiration><Days>-1</Days></Expiration>`)),
  lifecycle('days that are no number', lifecycleRule(`${filter}<Expiration><Days>x</Days></Expiration>`)),
  lifecycle('no filter', lifecycleRule(expiration)),
  lifecycle('no action', lifecycleRule(filter)),
  lifecycle('no status', `<Rule><ID>a</ID>${filter}${expiration}</Rule>`),
  lifecycle('a status that is none', `<Rule><ID>a</ID><Status>On</Status>${filter}${expiration}</Rule>`),
  lifecycle('one ID twice', lifecycleRule(filter + expiration).repeat(2)),
  lifecycle('an ID of 256 characters', lifecycleRule(filter + expiration, 'x'.repeat(256))),
  lifecycle('no rule', ''),
  {
    name: 'PutBucketLifecycle: wrong Content-MD5',
    ask: (target) =>
      target.onBucket(
        'PUT',
        'lifecycle',
        `<LifecycleConfiguration>${lifecycleRule(filter + expiration)}</LifecycleConfiguration>`,
        { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' },
      ),
  },
  {
    name: 'HEAD of an object that a rule will remove',
    async ask(target) {
      await target.onBucket(
        'PUT',
        'lifecycle',
        `<LifecycleConfiguration>${lifecycleRule(filter + expiration)}</LifecycleConfiguration>`,
      );
      await target.put('lifecycle/object');
      const answer = await target.head('lifecycle/object');
      await target.onBucket('DELETE', 'lifecycle');
      return answer;
    },
  },
  {
    name: 'PutBucketLifecycle: another document',
    ask: (target) => target.onBucket('PUT', 'lifecycle', '<CORSConfiguration/>'),
  },
  deletes('one key', '<Delete><Object><Key>delete/a</Key></Object></Delete>'),
  deletes('a key that is missing', '<Delete><Object><Key>delete/b</Key></Object></Delete>'),
  deletes('two keys, quiet', `<Delete><Quiet>true</Quiet>${'<Object><Key>delete/a</Key></Object>'.repeat(2)}</Delete>`),
  deletes('quiet', '<Delete><Quiet>true</Quiet><Object><Key>delete/a</Key></Object></Delete>'),
  deletes('no key', '<Delete></Delete>'),
  deletes('an empty key', '<Delete><Object><Key></Key></Object></Delete>'),
  deletes('1001 keys', `<Delete>${'<Object><Key>delete/a</Key></Object>'.repeat(1001)}</Delete>`),
  deletes('XML that is cut off', '<Delete><Object>'),
  deletes('wrong Content-MD5', '<Delete><Object><Key>delete/a</Key></Object></Delete>', {
    'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==',
  }),
];
