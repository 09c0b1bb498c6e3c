import { type PostChanges, postForm } from '../post-form.ts';
import {
  type PresignOptions,
  presign,
  type RawAnswer,
  type RawRequest,
  type ServerAddress,
  type SignOptions,
  send,
  sendSigned,
} from '../sign-request.ts';

/** What a server is asked. A probe makes for itself what it needs, under keys of its own, and gives the answer that counts. */
export interface Probe {
  name: string;
  ask(target: ProbeTarget): Promise<RawAnswer>;
}

type Headers = Record<string, string>;
type Query = Record<string, string>;

/** Part of a request; the path is that of the key. */
export interface KeyRequest extends Omit<RawRequest, 'path' | 'method'> {
  method?: string;
}

/** One of the servers that are compared, with a bucket for the probes and a second one. */
export interface ProbeTarget {
  address: ServerAddress;
  bucket: string;
  otherBucket: string;
  /** `/<bucket>/<percent-encoded key>`. */
  at(key: string): string;
  signed(request: RawRequest, options?: SignOptions): Promise<RawAnswer>;
  anonymous(request: RawRequest): Promise<RawAnswer>;
  presigned(request: RawRequest, options?: PresignOptions, sentHeaders?: Headers): Promise<RawAnswer>;
  put(key: string, body?: string, headers?: Headers): Promise<RawAnswer>;
  get(key: string, headers?: Headers, query?: Query): Promise<RawAnswer>;
  head(key: string, headers?: Headers, query?: Query): Promise<RawAnswer>;
  onKey(method: string, key: string, request?: KeyRequest): Promise<RawAnswer>;
  /** A sub-resource of the bucket, or the bucket itself by the name ''. */
  onBucket(method: string, subresource?: string, body?: string, headers?: Headers): Promise<RawAnswer>;
  list(query: Query): Promise<RawAnswer>;
  post(changes?: PostChanges): Promise<RawAnswer>;
  beginUpload(key: string, headers?: Headers): Promise<string>;
  uploadPart(key: string, uploadId: string, number: number | string, body?: string | Uint8Array): Promise<RawAnswer>;
  completeUpload(key: string, uploadId: string, parts: readonly (readonly [number, string])[]): Promise<RawAnswer>;
}

export function createProbeTarget(address: ServerAddress, bucket: string, otherBucket: string): ProbeTarget {
  const at = (key: string): string => `/${bucket}/${encodePath(key)}`;
  const signed = (request: RawRequest, options?: SignOptions): Promise<RawAnswer> =>
    sendSigned(address, request, options);
  const onKey: ProbeTarget['onKey'] = (method, key, request = {}) => signed({ ...request, method, path: at(key) });
  return {
    address,
    bucket,
    otherBucket,
    at,
    signed,
    onKey,
    anonymous: (request) => send(address, request),
    presigned(request, options, sentHeaders = {}) {
      const { headers = {}, ...ready } = presign(address, request, options);
      const { body } = request;
      return send(address, {
        ...ready,
        headers: { ...headers, ...sentHeaders },
        ...(body === undefined ? {} : { body }),
      });
    },
    put: (key, body = 'hello', headers = {}) => onKey('PUT', key, { body, headers }),
    get: (key, headers = {}, query = {}) => onKey('GET', key, { headers, query }),
    head: (key, headers = {}, query = {}) => onKey('HEAD', key, { headers, query }),
    onBucket: (method, subresource = '', body, headers = {}) =>
      signed({
        method,
        path: `/${bucket}`,
        headers,
        ...(subresource === '' ? {} : { query: { [subresource]: '' } }),
        ...(body === undefined ? {} : { body }),
      }),
    list: (query) => signed({ method: 'GET', path: `/${bucket}`, query }),
    post: (changes = {}) => {
      const path = { key: `/${bucket}/some-key`, slash: `/${bucket}/` }[changes.path ?? ''] ?? changes.path;
      return postForm(address, bucket, path === undefined ? changes : { ...changes, path });
    },
    async beginUpload(key, headers = {}) {
      const begun = await onKey('POST', key, { query: { uploads: '' }, headers });
      return /<UploadId>([^<]+)</.exec(begun.body.toString())?.[1] ?? '';
    },
    uploadPart: (key, uploadId, number, body = 'part') =>
      onKey('PUT', key, { query: { partNumber: String(number), uploadId: encodeURIComponent(uploadId) }, body }),
    completeUpload(key, uploadId, parts) {
      const list = parts.map(([number, etag]) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`);
      const body = `<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`;
      return onKey('POST', key, { query: { uploadId: encodeURIComponent(uploadId) }, body });
    },
  };
}

export function encodePath(key: string): string {
  return encodeURIComponent(key)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/');
}
