import { randomUUID } from 'node:crypto';
import { GetObjectTaggingCommand } from '@aws-sdk/client-s3';
import { createPresignedPost } from '@aws-sdk/s3-presigned-post';
import { describe, expect, it } from 'vitest';
import { addConditions, postForm } from './post-form.ts';
import { postCases } from './post-policy-cases.ts';
import { type RawAnswer, type RawRequest, send, sendSigned } from './sign-request.ts';
import type { SuiteBucket } from './suite-bucket.ts';

const encodeKey = (key: string): string =>
  encodeURIComponent(key)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/');

/** POST Object. */
export function describePostObject(use: () => SuiteBucket): void {
  const request = (key: string, method = 'GET'): Promise<RawAnswer> => {
    const { address, bucket } = use();
    return sendSigned(address, { method, path: `/${bucket}/${encodeKey(key)}` });
  };

  describe('POST Object by the table of RadosGW', () => {
    it.each(postCases)('$name → $expected', async ({ expected, changes = {}, stored }) => {
      const { address, bucket } = use();
      const path = { key: `/${bucket}/some-key`, slash: `/${bucket}/` }[changes.path ?? ''] ?? `/${bucket}`;
      const answer = await postForm(address, bucket, { ...changes, path });

      expect(`${answer.status} ${answer.code}`.trim(), answer.body.toString()).toBe(expected);
      const object = await request(stored?.key ?? answer.key);
      const isSuccess = answer.status < 400;
      if (answer.key !== '') expect(object.status).toBe(isSuccess ? 200 : 404);
      if (stored?.bytes !== undefined) expect(object.body.toString()).toBe(stored.bytes);
      for (const [name, value] of Object.entries(stored?.headers ?? {}))
        expect(String(object.headers[name])).toBe(value);
    });
  });

  describe('POST Object', () => {
    it('answers 201 with a document that names the object', async () => {
      const { address, bucket } = use();
      const answer = await postForm(address, bucket, {
        form: (form) => {
          form.fields['key'] = 'up/201 ü';
          form.fields['success_action_status'] = '201';
          addConditions(form, ['eq', '$success_action_status', '201']);
        },
      });
      const { host } = new URL(address.endpoint);
      expect(answer.headers['content-type']).toBe('application/xml');
      expect(answer.body.toString()).toContain(
        `<PostResponse><Location>http://${host}/${bucket}/up%2F201%20%C3%BC</Location><Bucket>${bucket}</Bucket><Key>up/201 ü</Key><ETag>5d41402abc4b2a76b9719d911017c592</ETag></PostResponse>`,
      );
    });

    it('appends bucket, key and ETag to a redirect', async () => {
      const { address, bucket } = use();
      const answer = await postForm(address, bucket, {
        form: (form) => {
          form.fields['key'] = 'up/redirected';
          form.fields['success_action_redirect'] = 'http://127.0.0.1/done?a=1';
          addConditions(form, ['starts-with', '$success_action_redirect', 'http://127.0.0.1/']);
        },
      });
      expect(answer.status).toBe(303);
      expect(answer.headers['location']).toBe(
        `http://127.0.0.1/done?a=1?bucket=${bucket}&key=up%2Fredirected&etag=%225d41402abc4b2a76b9719d911017c592%22`,
      );
    });

    it('takes what createPresignedPost of the SDK signs, from fetch and FormData', async () => {
      const { bucket, client, address } = use();
      const key = `up/${randomUUID()}`;
      const { url, fields } = await createPresignedPost(client, {
        Bucket: bucket,
        Key: key,
        Conditions: [['content-length-range', 11, 11]],
        Fields: { 'Content-Type': 'image/png', success_action_status: '201' },
        Expires: 60,
      });
      const form = new FormData();
      for (const [name, value] of Object.entries(fields)) form.append(name, value);
      form.append('file', new Blob(['eleven byte']), 'photo.png');
      const answer = await fetch(url.replace('localhost', new URL(address.endpoint).hostname), {
        method: 'POST',
        body: form,
      });
      expect(answer.status).toBe(201);
      const stored = await request(key);
      expect(stored.body.toString()).toBe('eleven byte');
      expect(stored.headers['content-type']).toBe('image/png');
    });

    it('keeps tags, metadata and type of the fields', async () => {
      const { address, bucket, client } = use();
      const tagging = '<Tagging><TagSet><Tag><Key>state</Key><Value>a &amp; b</Value></Tag></TagSet></Tagging>';
      const { key } = await postForm(address, bucket, {
        form: (form) => {
          Object.assign(form.fields, { tagging, 'x-amz-meta-uuid': 'U1', 'Content-Type': 'image/gif' });
          addConditions(
            form,
            ['starts-with', '$tagging', ''],
            { 'x-amz-meta-uuid': 'U1' },
            { 'Content-Type': 'image/gif' },
          );
        },
      });
      const { headers } = await request(key, 'HEAD');
      expect(headers).toMatchObject({ 'content-type': 'image/gif', 'x-amz-meta-uuid': 'U1' });
      const { TagSet } = await client.send(new GetObjectTaggingCommand({ Bucket: bucket, Key: key }));
      expect(TagSet).toEqual([{ Key: 'state', Value: 'a & b' }]);
    });

    it('keeps every byte of a file that holds what looks like a boundary', async () => {
      const { address, bucket } = use();
      const boundary = 'some-boundary';
      const looksLikeOne = `\r\n--${boundary.slice(0, 4)}\r\n\r\n--\r\n-${boundary}--\r\n--`;
      const { status, key } = await postForm(address, bucket, {
        contentType: () => `multipart/form-data; boundary=${boundary}`,
        form: (form) => {
          form.file = looksLikeOne;
        },
        body: (body, sent) => Buffer.from(body.toString().replaceAll(sent, boundary)),
      });
      expect(status).toBe(204);
      expect((await request(key)).body.toString()).toBe(looksLikeOne);
    });

    it('answers 404 NoSuchBucket at a missing bucket', async () => {
      const { address } = use();
      const answer = await postForm(address, `missing-${randomUUID()}`);
      expect([answer.status, answer.code]).toEqual([404, 'NoSuchBucket']);
    });

    it('answers 411 MissingContentLength to a form in chunks', async () => {
      const { address, bucket } = use();
      const chunked: RawRequest = {
        method: 'POST',
        path: `/${bucket}`,
        headers: { 'content-type': 'multipart/form-data; boundary=b', 'transfer-encoding': 'chunked' },
      };
      const answer = await send(address, chunked);
      expect([answer.status, answer.code]).toEqual([411, 'MissingContentLength']);
    });
  });
}
