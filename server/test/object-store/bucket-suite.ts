import { randomUUID } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketLifecycleCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketVersioningCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  PutBucketLifecycleConfigurationCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { sendSigned } from './sign-request.ts';
import type { SuiteBucket } from './suite-bucket.ts';

/** Calls about buckets themselves. */
export function describeBuckets(use: () => SuiteBucket): void {
  const statusOf = async (
    method: string,
    path: string,
    query: Record<string, string> = {},
    body?: string,
  ): Promise<string> => {
    const answer = await sendSigned(use().address, { method, path, query, ...(body === undefined ? {} : { body }) });
    return `${answer.status} ${answer.code}`.trim();
  };

  describe('CreateBucket', () => {
    it('makes a bucket, and again without complaint for its owner', async () => {
      const { client, bucket } = use();
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
      await client.send(new HeadBucketCommand({ Bucket: bucket }));
    });

    it.each(['ab', 'Upper', 'under_score', '1.2.3.4', 'two..dots', 'x'.repeat(64)])(
      'refuses the name %j',
      async (name) => {
        expect(await statusOf('PUT', `/${name}`)).toBe('400 InvalidBucketName');
      },
    );

    it('refuses another region than its own', async () => {
      const body =
        '<CreateBucketConfiguration><LocationConstraint>mars</LocationConstraint></CreateBucketConfiguration>';
      expect(await statusOf('PUT', `/new-${randomUUID()}`, {}, body)).toBe('400 InvalidLocationConstraint');
    });

    it('refuses an ACL that is none', async () => {
      const request = { method: 'PUT', path: `/new-${randomUUID()}`, headers: { 'x-amz-acl': 'everybody' } };
      const { status, code } = await sendSigned(use().address, request);
      expect([status, code]).toEqual([400, 'InvalidArgument']);
    });
  });

  describe('ListBuckets', () => {
    it('names the bucket and when it was made', async () => {
      const { client, bucket } = use();
      const { Buckets = [] } = await client.send(new ListBucketsCommand());
      const found = Buckets.find(({ Name }) => Name === bucket);
      expect(Math.abs((found?.CreationDate?.getTime() ?? 0) - Date.now())).toBeLessThan(10 * 60_000);
    });
  });

  describe('HeadBucket', () => {
    it('answers 404 without a body for a missing bucket', async () => {
      const answer = await sendSigned(use().address, { method: 'HEAD', path: `/missing-${randomUUID()}` });
      expect([answer.status, answer.body.length]).toEqual([404, 0]);
    });
  });

  describe('DeleteBucket', () => {
    it('deletes an empty bucket, even with an unfinished multipart upload', async () => {
      const { address, client } = use();
      const name = `short-lived-${randomUUID()}`;
      await client.send(new CreateBucketCommand({ Bucket: name }));
      await sendSigned(address, { method: 'POST', path: `/${name}/key`, query: { uploads: '' } });
      await client.send(new DeleteBucketCommand({ Bucket: name }));
      expect(await statusOf('HEAD', `/${name}`)).toBe('404');
    });

    it('refuses one that holds an object', async () => {
      const { address, bucket } = use();
      await sendSigned(address, { method: 'PUT', path: `/${bucket}/in-the-way`, body: 'x' });
      expect(await statusOf('DELETE', `/${bucket}`)).toBe('409 BucketNotEmpty');
    });

    it('answers NoSuchBucket for a missing one', async () => {
      expect(await statusOf('DELETE', `/missing-${randomUUID()}`)).toBe('404 NoSuchBucket');
    });
  });

  describe('GetBucketLocation and GetBucketVersioning', () => {
    it('answer the region, and that nothing is versioned', async () => {
      const { address, bucket, client } = use();
      const { body } = await sendSigned(address, { method: 'GET', path: `/${bucket}`, query: { location: '' } });
      expect(body.toString()).toContain(`>${address.region}</LocationConstraint>`);
      expect((await client.send(new GetBucketVersioningCommand({ Bucket: bucket }))).Status).toBeUndefined();
    });
  });

  describe('error answers', () => {
    it('have the document of RadosGW', async () => {
      const { address } = use();
      const bucket = `missing-${randomUUID()}`;
      const { headers, body } = await sendSigned(address, { method: 'GET', path: `/${bucket}/key` });
      expect(headers['content-type']).toBe('application/xml');
      expect(headers['x-amz-request-id']).toBeTruthy();
      expect(body.toString()).toMatch(
        new RegExp(
          `^<\\?xml version="1.0" encoding="UTF-8"\\?><Error><Code>NoSuchBucket</Code><Message>[^<]*</Message><BucketName>${bucket}</BucketName><RequestId>[^<]+</RequestId><HostId>[^<]+</HostId></Error>$`,
        ),
      );
    });

    it('are 405 MethodNotAllowed for methods that S3 does not know', async () => {
      expect(await statusOf('PATCH', `/${use().bucket}/key`)).toBe('405 MethodNotAllowed');
      expect(await statusOf('PUT', '/')).toBe('405 MethodNotAllowed');
    });
  });

  describe('lifecycle configuration', () => {
    const put = (rules: string): Promise<string> =>
      statusOf(
        'PUT',
        `/${use().bucket}`,
        { lifecycle: '' },
        `<LifecycleConfiguration>${rules}</LifecycleConfiguration>`,
      );
    const rule = (content: string, id = 'a'): string =>
      `<Rule><ID>${id}</ID><Filter><Prefix>tmp/</Prefix></Filter>${content}</Rule>`;
    const enabled = '<Status>Enabled</Status>';
    const expiration = '<Expiration><Days>1</Days></Expiration>';

    it('is missing before it is put', async () => {
      expect(await statusOf('GET', `/${use().bucket}`, { lifecycle: '' })).toBe('404 NoSuchLifecycleConfiguration');
    });

    it('comes back as it was put, until it is deleted', async () => {
      const { client, bucket: Bucket } = use();
      await client.send(
        new PutBucketLifecycleConfigurationCommand({
          Bucket,
          LifecycleConfiguration: {
            Rules: [
              { ID: 'incoming', Status: 'Enabled', Filter: { Prefix: 'tmp/' }, Expiration: { Days: 2 } },
              {
                ID: 'parts',
                Status: 'Enabled',
                Filter: { Prefix: '' },
                AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
              },
            ],
          },
        }),
      );
      const { Rules = [] } = await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
      const incoming = Rules.find(({ ID }) => ID === 'incoming');
      expect(incoming).toMatchObject({ Status: 'Enabled', Filter: { Prefix: 'tmp/' }, Expiration: { Days: 2 } });
      const parts = Rules.find(({ ID }) => ID === 'parts');
      expect(parts?.AbortIncompleteMultipartUpload).toEqual({ DaysAfterInitiation: 1 });

      await client.send(new DeleteBucketLifecycleCommand({ Bucket }));
      expect(await statusOf('GET', `/${Bucket}`, { lifecycle: '' })).toBe('404 NoSuchLifecycleConfiguration');
    });

    it.each([
      ['Days of 0', rule(`${enabled}<Expiration><Days>0</Days></Expiration>`), '400 InvalidArgument'],
      ['Days that are no number', rule(`${enabled}<Expiration><Days>x</Days></Expiration>`), '400 InvalidArgument'],
      ['two rules of one ID', rule(enabled + expiration) + rule(enabled + expiration), '400 InvalidArgument'],
      ['an ID of 256 characters', rule(enabled + expiration, 'x'.repeat(256)), '400 InvalidArgument'],
      ['no rule', '', '400 MalformedXML'],
      ['no status', rule(expiration), '400 MalformedXML'],
      ['an unknown status', rule(`<Status>On</Status>${expiration}`), '400 MalformedXML'],
      ['no action', rule(enabled), '400 MalformedXML'],
      ['an empty action', rule(`${enabled}<Expiration></Expiration>`), '400 MalformedXML'],
      ['a date that is none', rule(`${enabled}<Expiration><Date>soon</Date></Expiration>`), '400 MalformedXML'],
      ['no filter', `<Rule><ID>a</ID>${enabled}${expiration}</Rule>`, '400 MalformedXML'],
      ['an unclosed element', '<Rule>', '400 MalformedXML'],
    ])('is refused with %s', async (_what, rules, expected) => {
      expect(await put(rules)).toBe(expected);
    });
  });
}
