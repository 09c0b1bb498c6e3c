import { randomUUID } from 'node:crypto';
import { PutBucketCorsCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createS3Storage, type S3Settings, type S3Storage } from '../../src/storage/s3-storage.ts';
import { createUploadPolicy, type UploadPolicy } from '../../src/uploads/post-policy.ts';
import { createTestBucket } from '../support/test-bucket.ts';

interface PolicyStorage {
  storage: S3Storage;
  settings: S3Settings;
  client: S3Client;
  bucket: string;
  remove(): Promise<void>;
}

/** That a storage enforces the policies that `createUploadPolicy` signs, as a browser would post them. */
export function describeUploadPolicies(name: string, make: () => Promise<PolicyStorage>): void {
  describe(`upload policies on ${name}`, () => {
    const content = 'exactly these bytes';
    const origin = 'https://cms.example.com';
    let made: PolicyStorage;

    beforeAll(async () => {
      made = await make();
      await made.client.send(
        new PutBucketCorsCommand({
          Bucket: made.bucket,
          CORSConfiguration: {
            CORSRules: [
              { AllowedOrigins: [origin], AllowedMethods: ['POST'], AllowedHeaders: ['*'], MaxAgeSeconds: 600 },
            ],
          },
        }),
      );
    });
    afterAll(() => made?.remove());

    const sign = (key: string, changes: { now?: Date } = {}): Promise<UploadPolicy> =>
      createUploadPolicy(made.storage.signingClient, {
        bucket: made.bucket,
        key,
        contentType: 'image/png',
        bytes: content.length,
        expiresInSeconds: 600,
        ...changes,
      });

    const post = (url: string, fields: Record<string, string>, file = content): Promise<Response> => {
      const form = new FormData();
      for (const [field, value] of Object.entries(fields)) form.append(field, value);
      form.append('file', new Blob([file]), 'holiday.png');
      return fetch(url, { method: 'POST', body: form, headers: { origin } });
    };

    const newKey = (): string => `tmp/incoming/${randomUUID()}`;
    const isStored = async (key: string): Promise<boolean> => (await made.storage.readRange(key, 0, 1)) !== null;

    it('accept the upload with 201, readable to the page by CORS, and store type and bytes', async () => {
      const key = newKey();
      const { url, fields } = await sign(key);
      const response = await post(url, fields);
      expect(response.status).toBe(201);
      expect(response.headers.get('access-control-allow-origin')).toBe(origin);
      const answer = await response.text();
      expect(answer).toContain(`<Bucket>${made.bucket}</Bucket>`);
      expect(answer).toContain(`<Key>${key}</Key>`);
      const read = await made.storage.readRange(key, 0, 100);
      expect(read && new TextDecoder().decode(read.bytes)).toBe(content);
      expect(read).toMatchObject({ contentType: 'image/png', metadata: {} });
    });

    it('can be used again until they expire', async () => {
      const key = newKey();
      const { url, fields } = await sign(key);
      expect((await post(url, fields)).status).toBe(201);
      expect((await post(url, fields, content.toUpperCase())).status).toBe(201);
      const read = await made.storage.readRange(key, 0, 100);
      expect(read && new TextDecoder().decode(read.bytes)).toBe(content.toUpperCase());
    });

    it.each([
      ['one byte more', `${content}.`],
      ['one byte less', content.slice(1)],
      ['no bytes', ''],
      ['far more bytes', content.repeat(100_000)],
    ])('refuse %s, readable to the page', async (_name, file) => {
      const key = newKey();
      const { url, fields } = await sign(key);
      const response = await post(url, fields, file);
      expect(response.status).toBe(400);
      expect(response.headers.get('access-control-allow-origin')).toBe(origin);
      expect(await isStored(key)).toBe(false);
    });

    it.each([
      ['another type', { 'Content-Type': 'text/html' }],
      ['a list of types', { 'Content-Type': 'image/png,text/html' }],
      ['an extra field', { 'x-amz-meta-verified': '1' }],
      ['an ACL', { acl: 'public-read' }],
      ['a redirect', { success_action_redirect: 'https://evil.example/' }],
      ['another status', { success_action_status: '204' }],
      ['another signature', { 'X-Amz-Signature': '0'.repeat(64) }],
      ['another credential', { 'X-Amz-Credential': 'OTHERKEY/20260101/default/s3/aws4_request' }],
    ])('refuse %s', async (_name, change) => {
      const key = newKey();
      const { url, fields } = await sign(key);
      const { status } = await post(url, { ...fields, ...change });
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      expect(await isStored(key)).toBe(false);
    });

    it('refuse every other key', async () => {
      const key = newKey();
      const { url, fields } = await sign(key);
      const filenameVariable = '\u0024{filename}';
      for (const other of [
        newKey(),
        `${key}x`,
        key.toUpperCase(),
        `/${key}`,
        'image-1.png',
        `tmp/${filenameVariable}`,
      ]) {
        const { status } = await post(url, { ...fields, key: other });
        expect(status, other).toBe(403);
        expect(await isStored(other), other).toBe(false);
      }
      expect(await isStored(key)).toBe(false);
    });

    it('never let a field lead to another bucket', async () => {
      const other = await createTestBucket(made.settings);
      const otherStorage = createS3Storage({ ...made.settings, bucket: other.bucket });
      try {
        const { url, fields } = await sign(newKey());
        await post(url, { ...fields, bucket: other.bucket });
        expect((await otherStorage.list({ limit: 1 })).objects).toEqual([]);
        // The same form at the other bucket's address: the signature does not cover the address, the policy does.
        const { status } = await post(url.replace(made.bucket, other.bucket), fields);
        expect(status).toBe(403);
        expect((await otherStorage.list({ limit: 1 })).objects).toEqual([]);
      } finally {
        otherStorage.close();
        await other.remove();
      }
    });

    it('refuse a document changed after signing', async () => {
      const key = newKey();
      const { url, fields } = await sign(key);
      const document = Buffer.from(fields['Policy'] ?? '', 'base64').toString('utf8');
      const larger = document.replace(`${content.length},${content.length}`, `0,${content.length + 1}`);
      expect(larger).not.toBe(document);
      const { status } = await post(url, { ...fields, Policy: Buffer.from(larger).toString('base64') }, `${content}.`);
      expect(status).toBe(403);
      expect(await isStored(key)).toBe(false);
    });

    it('refuse a form that lacks a field', async () => {
      const key = newKey();
      const { url, fields } = await sign(key);
      for (const name of Object.keys(fields).filter((each) => each !== 'bucket')) {
        const { [name]: _left, ...others } = fields;
        const { status } = await post(url, others);
        expect(status, name).toBeGreaterThanOrEqual(400);
        expect(status, name).toBeLessThan(500);
      }
      expect(await isStored(key)).toBe(false);
    });

    it('refuse an upload after their end', async () => {
      const key = newKey();
      const { url, fields, expiresAt } = await sign(key, { now: new Date(Date.now() - 700_000) });
      expect(expiresAt.getTime()).toBeLessThan(Date.now());
      expect((await post(url, fields)).status).toBe(403);
      expect(await isStored(key)).toBe(false);
    });
  });
}
