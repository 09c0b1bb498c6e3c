import { createHash } from 'node:crypto';
import type { RawAnswer } from '../sign-request.ts';
import type { Probe, ProbeTarget } from './probe.ts';

const fiveMebibytes = Buffer.alloc(5 * 1024 * 1024, 'a');
const etagOf = (body: string | Uint8Array): string => createHash('md5').update(body).digest('hex');

/** An upload of its own, with small parts of those numbers. */
const withUpload = (
  name: string,
  partNumbers: readonly number[],
  ask: (target: ProbeTarget, key: string, uploadId: string) => Promise<RawAnswer>,
): Probe => ({
  name: `multipart: ${name}`,
  async ask(target) {
    const key = `multipart/${name}`;
    const uploadId = await target.beginUpload(key, { 'content-type': 'image/tiff', 'x-amz-meta-u': '1' });
    for (const number of partNumbers) await target.uploadPart(key, uploadId, number, `part ${number}`);
    return ask(target, key, uploadId);
  },
});

const part = (number: number): readonly [number, string] => [number, etagOf(`part ${number}`)];
const ofUpload = (target: ProbeTarget, method: string, key: string, uploadId: string, more: object = {}) =>
  target.onKey(method, key, { query: { uploadId: encodeURIComponent(uploadId), ...more } });

export const multipartProbes: Probe[] = [
  { name: 'multipart: begin', ask: (target) => target.onKey('POST', 'multipart/begun', { query: { uploads: '' } }) },
  withUpload('part', [], (target, key, id) => target.uploadPart(key, id, 1)),
  ...[0, 10_000, 10_001, 'abc', '-1', ''].map((number) =>
    withUpload(`part number ${JSON.stringify(number)}`, [], (target, key, id) => target.uploadPart(key, id, number)),
  ),
  withUpload('part of an unknown upload', [], (target, key) => target.uploadPart(key, 'unknown', 1)),
  withUpload('part of another key', [], (target, _key, id) => target.uploadPart('multipart/other', id, 1)),
  withUpload('part with an unsigned x-amz-copy-source', [], async (target, key, id) => {
    await target.put('multipart/source', 'source');
    const answer = await target.presigned(
      { method: 'PUT', path: target.at(key), query: { partNumber: '1', uploadId: encodeURIComponent(id) }, body: '' },
      {},
      { 'x-amz-copy-source': target.at('multipart/source') },
    );
    // Its document is that of UploadPartCopy below.
    return { ...answer, headers: {}, body: Buffer.alloc(0) };
  }),
  withUpload('list of no parts', [], (target, key, id) => ofUpload(target, 'GET', key, id)),
  withUpload('list of parts', [1, 3], (target, key, id) => ofUpload(target, 'GET', key, id)),
  withUpload('list of parts, page by page', [1, 2, 3], (target, key, id) =>
    ofUpload(target, 'GET', key, id, { 'max-parts': '1', 'part-number-marker': '1' }),
  ),
  withUpload('list of parts of an unknown upload', [], (target, key) => ofUpload(target, 'GET', key, 'unknown')),
  withUpload('abort', [1], (target, key, id) => ofUpload(target, 'DELETE', key, id)),
  withUpload('abort again', [1], async (target, key, id) => {
    await ofUpload(target, 'DELETE', key, id);
    return ofUpload(target, 'DELETE', key, id);
  }),
  withUpload('list of parts after abort', [1], async (target, key, id) => {
    await ofUpload(target, 'DELETE', key, id);
    return ofUpload(target, 'GET', key, id);
  }),
  withUpload('part after abort', [1], async (target, key, id) => {
    await ofUpload(target, 'DELETE', key, id);
    return target.uploadPart(key, id, 1);
  }),
  withUpload('object before completion', [1], (target, key) => target.head(key)),
  withUpload('complete', [1], (target, key, id) => target.completeUpload(key, id, [part(1)])),
  withUpload('complete with quoted ETags, then HEAD', [1], async (target, key, id) => {
    await target.completeUpload(key, id, [[1, `&quot;${part(1)[1]}&quot;`]]);
    return target.head(key);
  }),
  withUpload('complete again', [1], async (target, key, id) => {
    await target.completeUpload(key, id, [part(1)]);
    return target.completeUpload(key, id, [part(1)]);
  }),
  withUpload('list of parts after completion', [1], async (target, key, id) => {
    await target.completeUpload(key, id, [part(1)]);
    return ofUpload(target, 'GET', key, id);
  }),
  withUpload('complete with a wrong ETag', [1], (target, key, id) =>
    target.completeUpload(key, id, [[1, etagOf('x')]]),
  ),
  withUpload('complete with a part that was never uploaded', [1], (target, key, id) =>
    target.completeUpload(key, id, [part(1), part(2)]),
  ),
  withUpload('complete with one of two parts', [1, 2], (target, key, id) => target.completeUpload(key, id, [part(1)])),
  withUpload('complete with a small first part', [1, 2], (target, key, id) =>
    target.completeUpload(key, id, [part(1), part(2)]),
  ),
  withUpload('complete with no parts', [1], (target, key, id) => target.completeUpload(key, id, [])),
  withUpload('complete with another document', [1], (target, key, id) =>
    target.onKey('POST', key, { query: { uploadId: encodeURIComponent(id) }, body: '<a/>' }),
  ),
  withUpload('complete an unknown upload', [], (target, key) => target.completeUpload(key, 'unknown', [part(1)])),
  withUpload('two parts, out of order in the list, then HEAD', [], async (target, key, id) => {
    await target.uploadPart(key, id, 1, fiveMebibytes);
    await target.uploadPart(key, id, 2, 'part 2');
    await target.completeUpload(key, id, [part(2), [1, etagOf(fiveMebibytes)]]);
    return target.head(key);
  }),
  withUpload('two parts, then a Range over their border', [], async (target, key, id) => {
    await target.uploadPart(key, id, 1, fiveMebibytes);
    await target.uploadPart(key, id, 2, 'part 2');
    await target.completeUpload(key, id, [[1, etagOf(fiveMebibytes)], part(2)]);
    return target.get(key, { range: `bytes=${fiveMebibytes.length - 2}-${fiveMebibytes.length + 2}` });
  }),
  withUpload('UploadPartCopy', [], async (target, key, id) => {
    await target.put('multipart/source', '0123456789abcdef');
    return target.onKey('PUT', key, {
      query: { partNumber: '1', uploadId: encodeURIComponent(id) },
      headers: { 'x-amz-copy-source': target.at('multipart/source'), 'x-amz-copy-source-range': 'bytes=0-3' },
    });
  }),
  withUpload('UploadPartCopy beyond the end', [], async (target, key, id) => {
    await target.put('multipart/source', '0123456789abcdef');
    return target.onKey('PUT', key, {
      query: { partNumber: '1', uploadId: encodeURIComponent(id) },
      headers: { 'x-amz-copy-source': target.at('multipart/source'), 'x-amz-copy-source-range': 'bytes=10-20' },
    });
  }),
  withUpload('list of uploads by prefix', [], (target, key) =>
    target.list({ uploads: '', prefix: encodeURIComponent(key) }),
  ),
];
