import { createHash } from 'node:crypto';
import type { Probe, ProbeTarget } from './probe.ts';

const content = '0123456789abcdef';
const etag = createHash('md5').update(content).digest('hex');
const otherEtag = 'd41d8cd98f00b204e9800998ecf8427e';
const past = 'Wed, 01 Jan 2020 00:00:00 GMT';
const future = 'Tue, 01 Jan 2047 00:00:00 GMT';

async function putSource(target: ProbeTarget, key = 'copy/source'): Promise<void> {
  await target.put(key, content, {
    'content-type': 'image/jpeg',
    'x-amz-meta-a': '1',
    'cache-control': 'max-age=5',
    'x-amz-tagging': 'a=1',
  });
}

const copies = (
  name: string,
  headers: Record<string, string> = {},
  source: (target: ProbeTarget) => string = (target) => target.at('copy/source'),
): Probe => ({
  name: `CopyObject: ${name}`,
  async ask(target) {
    await putSource(target);
    return target.put(`copy/target of ${name}`, '', { 'x-amz-copy-source': source(target), ...headers });
  },
});

/** Copies, and reads the copy. */
const makes = (name: string, headers: Record<string, string> = {}): Probe => ({
  name: `CopyObject then HEAD: ${name}`,
  async ask(target) {
    await putSource(target);
    const key = `copy/made of ${name}`;
    await target.put(key, '', { 'x-amz-copy-source': target.at('copy/source'), ...headers });
    return target.head(key);
  },
});

/** RadosGW answers 304 with a body, which breaks HTTP: what counts is that there is no copy. */
const makesNothing = (name: string, headers: Record<string, string>): Probe => {
  return {
    name: `CopyObject then HEAD: ${name}`,
    async ask(target) {
      await putSource(target);
      const key = `copy/made of ${name}`;
      await target.put(key, '', { 'x-amz-copy-source': target.at('copy/source'), ...headers }).catch(() => undefined);
      return target.head(key);
    },
  };
};

const onto = (name: string, headers: Record<string, string>): Probe => ({
  name: `CopyObject onto a key that is there: ${name}`,
  async ask(target) {
    await putSource(target);
    await target.put('copy/there', 'there');
    return target.put('copy/there', '', { 'x-amz-copy-source': target.at('copy/source'), ...headers });
  },
});

const ontoItself = (name: string, headers: Record<string, string>): Probe => ({
  name: `CopyObject onto itself: ${name}`,
  async ask(target) {
    await putSource(target, 'copy/self');
    return target.put('copy/self', '', { 'x-amz-copy-source': target.at('copy/self'), ...headers });
  },
});

export const copyProbes: Probe[] = [
  copies('plain'),
  copies('source without a slash before it', {}, (target) => target.at('copy/source').slice(1)),
  copies('missing source', {}, (target) => target.at('copy/missing')),
  copies('missing bucket', {}, () => '/kuanary-is-not-there/key'),
  copies('source that is only a bucket', {}, (target) => `/${target.bucket}`),
  copies('empty source', {}, () => ''),
  copies('source with versionId=null', {}, (target) => `${target.at('copy/source')}?versionId=null`),
  copies('source If-Match, same ETag', { 'x-amz-copy-source-if-match': `"${etag}"` }),
  copies('source If-Match, same ETag without quotes', { 'x-amz-copy-source-if-match': etag }),
  copies('source If-Match, another ETag', { 'x-amz-copy-source-if-match': otherEtag }),
  copies('source If-None-Match, another ETag', { 'x-amz-copy-source-if-none-match': otherEtag }),
  copies('source If-Unmodified-Since the past', { 'x-amz-copy-source-if-unmodified-since': past }),
  copies('source If-Unmodified-Since the future', { 'x-amz-copy-source-if-unmodified-since': future }),
  copies('source If-Modified-Since the past', { 'x-amz-copy-source-if-modified-since': past }),
  copies('metadata directive that is none', { 'x-amz-metadata-directive': 'MERGE' }),
  copies('tagging directive that is none', { 'x-amz-tagging-directive': 'MERGE' }),
  onto('If-None-Match *', { 'if-none-match': '*' }),
  onto('If-Match of another ETag', { 'if-match': otherEtag }),
  ontoItself('no change', {}),
  ontoItself('REPLACE', { 'x-amz-metadata-directive': 'REPLACE', 'content-type': 'image/png' }),
  makesNothing('source If-None-Match, same ETag', { 'x-amz-copy-source-if-none-match': etag }),
  makesNothing('source If-Modified-Since the future', { 'x-amz-copy-source-if-modified-since': future }),
  makes('plain'),
  makes('content type given with COPY', { 'content-type': 'text/plain' }),
  makes('REPLACE', { 'x-amz-metadata-directive': 'REPLACE', 'content-type': 'image/webp', 'x-amz-meta-b': '2' }),
  makes('REPLACE without a content type', { 'x-amz-metadata-directive': 'REPLACE' }),
  makes('tagging REPLACE', { 'x-amz-tagging-directive': 'REPLACE', 'x-amz-tagging': 'b=1&c=2' }),
  {
    name: 'CopyObject: from another bucket',
    async ask(target) {
      await target.signed({ method: 'PUT', path: `/${target.otherBucket}/source`, body: content });
      await target.put('copy/other', '', { 'x-amz-copy-source': `/${target.otherBucket}/source` });
      return target.get('copy/other');
    },
  },
  ...['a b', 'a+b', 'ü', 'a%2Fb'].map(
    (name): Probe => ({
      name: `CopyObject then GET: source ${JSON.stringify(name)}`,
      async ask(target) {
        await target.put(`copy/keys/${name}`, content);
        await target.put(`copy/keys/copied ${name}`, '', { 'x-amz-copy-source': target.at(`copy/keys/${name}`) });
        return target.get(`copy/keys/copied ${name}`);
      },
    }),
  ),
  {
    name: 'CopyObject: source with a raw +',
    async ask(target) {
      await target.put('copy/keys/a+b', content);
      return target.put('copy/keys/plus', '', { 'x-amz-copy-source': `/${target.bucket}/copy/keys/a+b` });
    },
  },
];
