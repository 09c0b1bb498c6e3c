import { z } from 'zod';

const TagSet = z.array(z.tuple([z.string(), z.string()]));

/** What is known of a stored object, and kept as its record. */
export const StoredObject = z.object({
  key: z.string(),
  /** Name of its bytes in the bucket's data folder. */
  file: z.string().regex(/^[0-9a-f-]{36}$/),
  bytes: z.int().nonnegative(),
  /** Without quotes: the MD5 in hex, or `md5(md5s)-n` of n parts. */
  etag: z.string(),
  lastModified: z.iso.datetime().transform((text) => new Date(text)),
  contentType: z.string(),
  /** Further headers that were stored with the object, lower-case: cache-control, content-disposition and their like. */
  headers: z.record(z.string(), z.string()),
  metadata: z.record(z.string(), z.string()),
  tags: TagSet,
  publicRead: z.boolean(),
  /** Of the multipart upload that made it: completing that again is answered as the first time. */
  uploadId: z.string().optional(),
});
export type StoredObject = z.infer<typeof StoredObject>;

export type ObjectDescription = Pick<StoredObject, 'contentType' | 'headers' | 'metadata' | 'tags' | 'publicRead'>;

/** What RadosGW and AWS store where the client says nothing. */
export const defaultContentType = 'binary/octet-stream';

/** Bytes that lie on disk and belong to no object yet. */
export interface WrittenBytes {
  file: string;
  bytes: number;
  etag: string;
}
