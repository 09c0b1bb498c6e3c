import { S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PostedForm, type PostVerifier, verifyPostPolicy } from '../../test/support/verify-post-policy.ts';
import { assertSafePolicy, createUploadPolicy, type UploadPolicy } from './post-policy.ts';

const accessKey = 'AKIAIOSFODNN7EXAMPLE';
const secretKey = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
/** Storages put the name of the posted file in its place. */
const filenameVariable = '\u0024{filename}';
const upload = {
  bucket: 'pictures',
  key: 'tmp/incoming/6f1f1dd8-2f0e-4b0c-9d57-3c1e0f6f6a55',
  contentType: 'image/jpeg',
  bytes: 70_000,
};

function signingClient(endpoint = 'https://s3.example.com'): S3Client {
  return new S3Client({
    endpoint,
    region: 'fsn1',
    forcePathStyle: true,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
  });
}

function storage(changes: Partial<PostVerifier> = {}): PostVerifier {
  return { bucket: upload.bucket, region: 'fsn1', accessKey, secretKey, now: new Date(), ...changes };
}

function decode(policyBase64: string | undefined): { expiration: string; conditions: unknown[] } {
  return JSON.parse(Buffer.from(policyBase64 ?? '', 'base64').toString('utf8'));
}

function encode(document: unknown): string {
  return Buffer.from(JSON.stringify(document)).toString('base64');
}

async function signed(changes: { expiresInSeconds?: number; now?: Date } = {}): Promise<UploadPolicy> {
  return createUploadPolicy(signingClient(), { ...upload, expiresInSeconds: 600, ...changes });
}

describe('the independent verifier', () => {
  // The worked example of https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html, with its CRLF line ends.
  const awsPolicy = [
    '{ "expiration": "2015-12-30T12:00:00.000Z",',
    '  "conditions": [',
    '    {"bucket": "sigv4examplebucket"},',
    '    ["starts-with", "$key", "user/user1/"],',
    '    {"acl": "public-read"},',
    '    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},',
    '    ["starts-with", "$Content-Type", "image/"],',
    '    {"x-amz-meta-uuid": "14365123651274"},',
    '    {"x-amz-server-side-encryption": "AES256"},',
    '    ["starts-with", "$x-amz-meta-tag", ""],',
    '',
    '    {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},',
    '    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},',
    '    {"x-amz-date": "20151229T000000Z" }',
    '  ]',
    '}',
  ].join('\r\n');
  const awsForm: PostedForm = {
    fileBytes: 12,
    fields: {
      key: 'user/user1/photo.jpg',
      acl: 'public-read',
      success_action_redirect: 'http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html',
      'Content-Type': 'image/jpeg',
      'x-amz-meta-uuid': '14365123651274',
      'x-amz-server-side-encryption': 'AES256',
      'X-Amz-Credential': 'AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request',
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Date': '20151229T000000Z',
      'x-amz-meta-tag': '',
      Policy: Buffer.from(awsPolicy).toString('base64'),
      'X-Amz-Signature': '8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e',
    },
  };
  const aws: PostVerifier = {
    bucket: 'sigv4examplebucket',
    region: 'us-east-1',
    accessKey,
    secretKey,
    now: new Date('2015-12-29T00:00:00Z'),
  };

  it('accepts the signature of the example in the AWS documentation', () => {
    expect(Buffer.byteLength(awsPolicy)).toBe(648);
    expect(verifyPostPolicy(awsForm, aws)).toEqual({ accepted: true });
  });

  it("accepts the signature of botocore's own test", () => {
    const policy =
      '{"expiration": "2015-12-29T01:00:00Z", "conditions": [{"bucket": "sigv4examplebucket"}, ' +
      '{"key": "user/user1/photo.jpg"}, {"x-amz-algorithm": "AWS4-HMAC-SHA256"}, ' +
      '{"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"}, {"x-amz-date": "20151229T000000Z"}]}';
    const form: PostedForm = {
      fileBytes: 1,
      fields: {
        key: 'user/user1/photo.jpg',
        'x-amz-algorithm': 'AWS4-HMAC-SHA256',
        'x-amz-credential': 'AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request',
        'x-amz-date': '20151229T000000Z',
        policy: Buffer.from(policy).toString('base64'),
        'x-amz-signature': '3364624b39010d9b06f5d9b8c9a18a6e478d261c048159c92f2fd6fa885f14e6',
      },
    };
    expect(verifyPostPolicy(form, aws)).toEqual({ accepted: true });
  });

  it.each([
    ['another key prefix', { key: 'user/user2/photo.jpg' }, 'condition on key not met'],
    ['a field without a condition', { 'x-amz-meta-other': '1' }, 'no condition allows the field x-amz-meta-other'],
    ['another bucket in a field', { bucket: 'other' }, 'the field names another bucket'],
    [
      'line ends changed to LF',
      { Policy: Buffer.from(awsPolicy.replaceAll('\r\n', '\n')).toString('base64') },
      'wrong signature',
    ],
  ])('refuses %s', (_name, change, reason) => {
    const form = { ...awsForm, fields: { ...awsForm.fields, ...change } };
    expect(verifyPostPolicy(form, aws)).toEqual({ accepted: false, reason });
  });
});

describe('createUploadPolicy', () => {
  it('makes a form that the storage accepts', async () => {
    const { fields } = await signed();
    expect(verifyPostPolicy({ fields, fileBytes: upload.bytes }, storage())).toEqual({ accepted: true });
  });

  it.each([-1, +1])('makes a form that is refused for a file of %i byte', async (difference) => {
    const { fields } = await signed();
    const verdict = verifyPostPolicy({ fields, fileBytes: upload.bytes + difference }, storage());
    expect(verdict).toMatchObject({ accepted: false });
  });

  it('makes a form in which no field can be changed or left out, and none added', async () => {
    const { fields } = await signed();
    const names = Object.keys(fields);
    expect(names.length).toBeGreaterThanOrEqual(9);
    for (const [name, value] of Object.entries(fields)) {
      const changed = { ...fields, [name]: `${value}x` };
      expect(verifyPostPolicy({ fields: changed, fileBytes: upload.bytes }, storage()), name).toMatchObject({
        accepted: false,
      });
      // The bucket is in the URL; its field only repeats it.
      if (name === 'bucket') continue;
      const { [name]: _left, ...others } = fields;
      expect(verifyPostPolicy({ fields: others, fileBytes: upload.bytes }, storage()), name).toMatchObject({
        accepted: false,
      });
    }
    for (const name of [
      'acl',
      'x-amz-meta-a',
      'success_action_redirect',
      'tagging',
      'x-amz-storage-class',
      'Cache-Control',
    ]) {
      const added = { ...fields, [name]: 'public-read' };
      expect(verifyPostPolicy({ fields: added, fileBytes: upload.bytes }, storage()), name).toMatchObject({
        accepted: false,
      });
    }
  });

  it('is refused by another bucket and with another secret', async () => {
    const { fields } = await signed();
    const form = { fields, fileBytes: upload.bytes };
    expect(verifyPostPolicy(form, storage({ bucket: 'other' }))).toMatchObject({ accepted: false });
    expect(verifyPostPolicy(form, storage({ secretKey: `${secretKey}x` }))).toMatchObject({ accepted: false });
  });

  it('says as expiresAt what the document says, and is refused from then on', async () => {
    const before = Date.now();
    const { fields, expiresAt } = await signed({ expiresInSeconds: 600 });
    expect(expiresAt.toISOString()).toBe(new Date(decode(fields['Policy']).expiration).toISOString());
    expect(expiresAt.getTime()).toBeGreaterThan(before + 598_000);
    expect(expiresAt.getTime()).toBeLessThanOrEqual(Date.now() + 600_000);

    const form = { fields, fileBytes: upload.bytes };
    expect(verifyPostPolicy(form, storage({ now: new Date(expiresAt.getTime() - 1) }))).toEqual({ accepted: true });
    expect(verifyPostPolicy(form, storage({ now: expiresAt }))).toMatchObject({ accepted: false });
  });

  it('counts the expiry from the given time', async () => {
    const { expiresAt } = await signed({ now: new Date('2020-01-01T00:00:00.000Z'), expiresInSeconds: 60 });
    expect(Math.abs(expiresAt.getTime() - Date.parse('2020-01-01T00:01:00Z'))).toBeLessThanOrEqual(1_000);
  });

  it("follows the storage's clock where the client has learnt it", async () => {
    const client = signingClient();
    client.config.systemClockOffset = -7_200_000;
    const { expiresAt } = await createUploadPolicy(client, { ...upload, expiresInSeconds: 3_600 });
    expect(Math.abs(expiresAt.getTime() - (Date.now() - 3_600_000))).toBeLessThanOrEqual(2_000);
  });

  it('accepts an hour, the longest, and refuses more', async () => {
    await expect(signed({ expiresInSeconds: 3_600 })).resolves.toBeDefined();
    await expect(signed({ expiresInSeconds: 3_602 })).rejects.toThrow('must expire within 3600 s');
  });

  it('names the bucket at the endpoint of the client', async () => {
    const pathStyle = await createUploadPolicy(signingClient('http://127.0.0.1:9000'), {
      ...upload,
      expiresInSeconds: 60,
    });
    expect(new URL(pathStyle.url).origin).toBe('http://127.0.0.1:9000');
    expect(new URL(pathStyle.url).pathname.replace(/\/$/, '')).toBe('/pictures');

    const virtualHost = new S3Client({
      endpoint: 'https://s3.example.com',
      region: 'fsn1',
      credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    });
    const { url } = await createUploadPolicy(virtualHost, { ...upload, expiresInSeconds: 60 });
    expect(new URL(url).origin).toBe('https://pictures.s3.example.com');
  });

  it.each([filenameVariable, `tmp/incoming/${filenameVariable}`, `tmp/${filenameVariable}/x`, '$key'])(
    'refuses the key %s',
    async (key) => {
      await expect(createUploadPolicy(signingClient(), { ...upload, key, expiresInSeconds: 60 })).rejects.toThrow(
        'substitute',
      );
    },
  );

  it.each([0, -1, 1.5, Number.NaN])('refuses a size of %d bytes', async (bytes) => {
    await expect(createUploadPolicy(signingClient(), { ...upload, bytes, expiresInSeconds: 60 })).rejects.toThrow(
      'size',
    );
  });

  it('has one condition on the key and one on the type, both exact, whatever they are', async () => {
    const client = signingClient();
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.constantFrom(`a${filenameVariable}`, '"],["starts-with","$key",""'),
    );
    await fc.assert(
      fc.asyncProperty(text, text, async (key, contentType) => {
        let policy: UploadPolicy;
        try {
          policy = await createUploadPolicy(client, { ...upload, key, contentType, expiresInSeconds: 60 });
        } catch (error) {
          expect(error).toMatchObject({ name: 'UnsafePolicyError' });
          expect(key === '' || contentType === '' || `${key}${contentType}`.includes('$')).toBe(true);
          return;
        }
        const { conditions } = decode(policy.fields['Policy']);
        const named = (name: string) =>
          conditions.filter((each) => JSON.stringify(each).toLowerCase().startsWith(`{"${name}":`));
        expect(named('key')).toEqual([{ key }]);
        expect(named('content-type')).toEqual([{ 'Content-Type': contentType }]);
        expect(conditions.filter(Array.isArray)).toEqual([['content-length-range', upload.bytes, upload.bytes]]);
        expect(policy.fields['key']).toBe(key);
      }),
    );
  });
});

describe('assertSafePolicy', () => {
  const now = new Date('2026-01-01T00:00:00Z');
  const expected = { ...upload, now };
  const conditions: readonly unknown[] = [
    ['content-length-range', upload.bytes, upload.bytes],
    { 'Content-Type': upload.contentType },
    { success_action_status: '201' },
    { bucket: upload.bucket },
    { 'X-Amz-Algorithm': 'AWS4-HMAC-SHA256' },
    { 'X-Amz-Credential': 'AKIAIOSFODNN7EXAMPLE/20260101/fsn1/s3/aws4_request' },
    { 'X-Amz-Date': '20260101T000000Z' },
    { key: upload.key },
  ];
  const expiration = '2026-01-01T00:10:00Z';
  const replaced = (index: number, ...by: unknown[]): string =>
    encode({ expiration, conditions: conditions.toSpliced(index, 1, ...by) });

  it('passes the policy as signed, and returns its end', () => {
    expect(assertSafePolicy(encode({ expiration, conditions }), expected)).toEqual(new Date(expiration));
  });

  it.each(conditions.map((condition, index) => ({ index, condition })))(
    'refuses it without $condition',
    ({ index }) => {
      expect(() => assertSafePolicy(replaced(index), expected)).toThrow('has no condition on');
    },
  );

  it.each(conditions.map((condition, index) => ({ index, condition })))(
    'refuses $condition twice',
    ({ index, condition }) => {
      expect(() => assertSafePolicy(replaced(index, condition, condition), expected)).toThrow('repeated');
    },
  );

  it.each([
    [0, ['content-length-range', 0, upload.bytes]],
    [0, ['content-length-range', upload.bytes, upload.bytes + 1]],
    [0, ['content-length-range', String(upload.bytes), String(upload.bytes)]],
    [0, ['content-length-range', upload.bytes]],
    [1, ['starts-with', '$Content-Type', 'image/']],
    [1, ['starts-with', '$Content-Type', upload.contentType]],
    [1, { 'Content-Type': 'text/html' }],
    [1, { 'Content-Type': '' }],
    [2, { success_action_status: '204' }],
    [2, { success_action_redirect: 'https://evil.example/' }],
    [3, { bucket: 'other' }],
    [3, ['starts-with', '$bucket', '']],
    [4, ['starts-with', '$X-Amz-Algorithm', '']],
    [7, ['starts-with', '$key', '']],
    [7, ['starts-with', '$key', upload.key]],
    [7, { key: `${upload.key}x` }],
    [7, { key: [upload.key] }],
    [7, { key: upload.key, acl: 'public-read' }],
    [7, ['gt', '$key', upload.key]],
    [7, ['eq', 'key', upload.key]],
    [7, null],
    [7, 'key'],
    [7, {}],
  ])('refuses condition %i as %j', (index, condition) => {
    expect(() => assertSafePolicy(replaced(index, condition), expected)).toThrow(
      expect.objectContaining({ name: 'UnsafePolicyError' }),
    );
  });

  it.each([
    { acl: 'public-read' },
    { 'x-amz-meta-a': '1' },
    ['starts-with', '$acl', ''],
    ['content-length-range', 0, 1e9],
    { KEY: 'other' },
    ['starts-with', '$KEY', ''],
  ])('refuses %j as one more condition', (condition) => {
    const policy = encode({ expiration, conditions: [...conditions, condition] });
    expect(() => assertSafePolicy(policy, expected)).toThrow(expect.objectContaining({ name: 'UnsafePolicyError' }));
  });

  it.each([
    '2026-01-01T01:00:02Z',
    '2036-01-01T00:00:00Z',
    '2025-12-31T23:59:59Z',
    '2026-01-01T00:00:00Z',
    '2026-01-01T00:10:00+00:00',
    '2026-01-01 00:10:00Z',
    '2026-13-01T00:10:00Z',
    '',
    1_767_225_600,
    null,
  ])('refuses the expiration %j', (end) => {
    expect(() => assertSafePolicy(encode({ expiration: end, conditions }), expected)).toThrow('expir');
  });

  it.each([
    '',
    'e30=',
    encode([]),
    encode(null),
    encode({ conditions }),
    encode({ expiration, conditions: {} }),
    '!!!',
  ])('refuses the document %j', (policy) => {
    expect(() => assertSafePolicy(policy, expected)).toThrow(expect.objectContaining({ name: 'UnsafePolicyError' }));
  });
});
