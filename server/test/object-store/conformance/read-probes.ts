import { createHash } from 'node:crypto';
import type { Probe, ProbeTarget } from './probe.ts';

const content = '0123456789abcdef';
const etag = createHash('md5').update(content).digest('hex');
const otherEtag = 'd41d8cd98f00b204e9800998ecf8427e';
const past = 'Wed, 01 Jan 2020 00:00:00 GMT';
const future = 'Tue, 01 Jan 2047 00:00:00 GMT';

type Read = { headers?: Record<string, string>; query?: Record<string, string>; method?: 'GET' | 'HEAD' };

/** Reads an object of 16 bytes. */
const reads = (name: string, { headers = {}, query = {}, method = 'GET' }: Read): Probe => ({
  name: `${method}: ${name}`,
  async ask(target) {
    await target.put('objects/sixteen', content, { 'content-type': 'image/jpeg', 'x-amz-meta-uuid': 'U1' });
    return target.onKey(method, 'objects/sixteen', { headers, query });
  },
});

const onMissing = (method: string, subresource = ''): Probe => ({
  name: `${method} of a missing key${subresource === '' ? '' : ` ?${subresource}`}`,
  ask: (target: ProbeTarget) =>
    target.onKey(method, 'objects/missing', subresource === '' ? {} : { query: { [subresource]: '' } }),
});

const objectCall = (method: string, subresource: string): Probe => ({
  name: `object: ${method} ?${subresource}`,
  async ask(target) {
    await target.put('objects/called', content);
    return target.onKey(method, 'objects/called', { query: { [subresource]: '' } });
  },
});

const ranges = [
  '0-3',
  '10-',
  '-4',
  '-100',
  '4-999',
  '16-',
  '100-200',
  '5-2',
  '-0',
  '0-1,3-4',
  'a-b',
  '0-0',
  '15-15',
  ' 0-3',
  '-',
  '',
];
export const readProbes: Probe[] = [
  reads('whole', {}),
  reads('whole', { method: 'HEAD' }),
  ...ranges.map((range) => reads(`Range bytes=${range}`, { headers: { range: `bytes=${range}` } })),
  reads('Range lines=0-3', { headers: { range: 'lines=0-3' } }),
  ...['0-3', '16-', '5-2'].map((range) =>
    reads(`Range bytes=${range}`, { method: 'HEAD', headers: { range: `bytes=${range}` } }),
  ),
  reads('Range and If-Range of the same ETag', { headers: { range: 'bytes=0-3', 'if-range': `"${etag}"` } }),
  reads('Range and If-Range of another ETag', { headers: { range: 'bytes=0-3', 'if-range': `"${otherEtag}"` } }),
  {
    name: 'GET: Range of an empty object',
    async ask(target) {
      await target.put('objects/empty', '');
      return target.get('objects/empty', { range: 'bytes=0-0' });
    },
  },
  {
    name: 'GET: an empty object',
    async ask(target) {
      await target.put('objects/empty', '');
      return target.get('objects/empty');
    },
  },
  reads('If-None-Match, same ETag', { headers: { 'if-none-match': `"${etag}"` } }),
  reads('If-None-Match, same ETag', { method: 'HEAD', headers: { 'if-none-match': `"${etag}"` } }),
  reads('If-None-Match, same ETag without quotes', { headers: { 'if-none-match': etag } }),
  reads('If-None-Match, weak ETag', { headers: { 'if-none-match': `W/"${etag}"` } }),
  reads('If-None-Match, a list', { headers: { 'if-none-match': `"${otherEtag}", "${etag}"` } }),
  reads('If-None-Match *', { headers: { 'if-none-match': '*' } }),
  reads('If-None-Match, another ETag', { headers: { 'if-none-match': `"${otherEtag}"` } }),
  reads('If-Match, same ETag', { headers: { 'if-match': `"${etag}"` } }),
  reads('If-Match, same ETag without quotes', { headers: { 'if-match': etag } }),
  reads('If-Match, another ETag', { headers: { 'if-match': `"${otherEtag}"` } }),
  reads('If-Match, another ETag', { method: 'HEAD', headers: { 'if-match': `"${otherEtag}"` } }),
  reads('If-Match *', { headers: { 'if-match': '*' } }),
  reads('If-Modified-Since the past', { headers: { 'if-modified-since': past } }),
  reads('If-Modified-Since the future', { headers: { 'if-modified-since': future } }),
  reads('If-Modified-Since no date', { headers: { 'if-modified-since': 'yesterday' } }),
  reads('If-Unmodified-Since the past', { headers: { 'if-unmodified-since': past } }),
  reads('If-Unmodified-Since the future', { headers: { 'if-unmodified-since': future } }),
  reads('If-Match same, If-Unmodified-Since the past', {
    headers: { 'if-match': `"${etag}"`, 'if-unmodified-since': past },
  }),
  reads('If-None-Match other, If-Modified-Since the future', {
    headers: { 'if-none-match': `"${otherEtag}"`, 'if-modified-since': future },
  }),
  reads('response-* parameters', {
    query: {
      'response-content-type': 'text%2Fcss',
      'response-content-disposition': 'attachment%3B%20filename%3D%22a%22',
      'response-cache-control': 'no-cache',
      'response-content-language': 'de',
      'response-content-encoding': 'identity',
      'response-expires': 'never',
    },
  }),
  reads('versionId=null', { query: { versionId: 'null' } }),
  reads('versionId of nothing', { query: { versionId: 'abcdefghijklmnopqrstuvwxyz012345' } }),
  reads('partNumber=1', { query: { partNumber: '1' } }),
  onMissing('GET'),
  onMissing('HEAD'),
  onMissing('DELETE'),
  onMissing('GET', 'tagging'),
  onMissing('PUT', 'uploadId'),
  objectCall('GET', 'acl'),
  objectCall('GET', 'retention'),
  objectCall('GET', 'legal-hold'),
  objectCall('GET', 'torrent'),
  objectCall('PATCH', 'x'),
];
