import type { IncomingMessage } from 'node:http';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { wantedLifecycleRules } from '../../src/bucket-setup/wanted-lifecycle.ts';
import { diagnose, type SetUpChanges } from './diagnose.ts';
import { expectTroubles } from './expect-troubles.ts';
import { storeFront } from './store-front.ts';

const accessDenied = { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' };

/** The key may not do what these requests ask for. */
function forbid(isForbidden: (request: IncomingMessage) => boolean, answer = accessDenied): SetUpChanges {
  return {
    frontOfStore: storeFront({
      answer: (request) => (request.headers.authorization !== undefined && isForbidden(request) ? answer : undefined),
    }),
  };
}

const isObject = ({ url = '' }: IncomingMessage): boolean => /^\/kuanary-[^/?]+\/[^?]/.test(url);
const isList = ({ url = '' }: IncomingMessage): boolean => url.includes('list-type=2');

async function explainPermissions(changes: SetUpChanges): Promise<string> {
  const diagnosis = await diagnose(changes);
  expectTroubles(diagnosis, { failed: ['object-permissions'] });
  return diagnosis.textOf('object-permissions');
}

describe('doctor, about what the key may do', () => {
  it('names a key that may only read', async () => {
    expect(await explainPermissions(forbid((request) => isObject(request) && request.method === 'PUT'))).toMatch(
      /may not write: HTTP 403 AccessDenied.*lacks s3:PutObject.*Allow s3:PutObject/s,
    );
  });

  it('names a key that may not read', async () => {
    expect(await explainPermissions(forbid((request) => isObject(request) && request.method === 'GET'))).toMatch(
      /may not read: HTTP 403 AccessDenied.*s3:GetObject/s,
    );
  });

  it('names a key that may not list', async () => {
    expect(await explainPermissions(forbid(isList))).toMatch(/may not list: .*s3:ListBucket.*sweeper/s);
  });

  it('names a key that may write below tmp/ only', async () => {
    const isImage = ({ url = '' }: IncomingMessage): boolean => url.includes('/image-');
    expect(await explainPermissions(forbid((request) => isImage(request) && request.method === 'PUT'))).toMatch(
      /may not write an image at the root of the bucket/,
    );
  });

  it('names a full bucket', async () => {
    const full = { status: 403, body: '<Error><Code>QuotaExceeded</Code></Error>' };
    expect(await explainPermissions(forbid(({ method }) => method === 'PUT', full))).toMatch(/is full.*quota/s);
  });

  it('names a key that may not delete, and what therefore stays in the bucket', async () => {
    const diagnosis = await diagnose(forbid(({ method }) => method === 'DELETE'));
    expect(diagnosis.failed).toEqual(['object-permissions']);
    expect(diagnosis.textOf('object-permissions')).toMatch(/may not delete: .*s3:DeleteObject.*pile up/s);
    expect(diagnosis.leftKeys.length).toBeGreaterThan(0);
    expect(diagnosis.report.leftObjects.toSorted()).toEqual(diagnosis.leftKeys.toSorted());
  });
});

describe('doctor, about who else may use the bucket', () => {
  it('names a bucket that anybody may read and list', async () => {
    const diagnosis = await diagnose({ store: { profiles: ['public-read'] } });
    expectTroubles(diagnosis, { failed: ['bucket-private'] });
    expect(diagnosis.textOf('bucket-private')).toMatch(
      /Anybody may read uploads in tmp\/, and read images, and list the bucket, without a key.*make the bucket private/is,
    );
  });

  it('names a bucket into which anybody may write', async () => {
    let store: { client: S3Client; bucket: string } | undefined;
    const answer = async ({ method, url = '' }: IncomingMessage) => {
      if (method !== 'PUT' || !url.endsWith('-anonymous') || store === undefined) return undefined;
      const key = url.slice(`/${store.bucket}/`.length);
      await store.client.send(new PutObjectCommand({ Bucket: store.bucket, Key: key, Body: 'anonymous' }));
      return { status: 200 };
    };
    const diagnosis = await diagnose({
      frontOfPublicStore: storeFront({ answer }),
      prepare: async (client, bucket) => {
        store = { client, bucket };
      },
    });
    expectTroubles(diagnosis, { failed: ['bucket-private'] });
    expect(diagnosis.textOf('bucket-private')).toContain('Anybody may write into the bucket');
  });

  it.each([
    [
      'a login page',
      { status: 200, headers: { 'content-type': 'text/html' }, body: '<title>Log in</title>' },
      /HTTP 200, a web page "Log in"/,
    ],
    [
      'a redirect',
      { status: 302, headers: { location: 'https://login.example.com/' } },
      /HTTP 302, a redirect to https/,
    ],
  ])('does not take %s for a public bucket, nor for a refusal', async (_what, page, words) => {
    const answer = ({ method = '', url = '', headers }: IncomingMessage) =>
      ['GET', 'HEAD', 'PUT'].includes(method) &&
      /kuanary-/.test(url) &&
      !url.includes('X-Amz-') &&
      headers.authorization === undefined
        ? page
        : undefined;
    const diagnosis = await diagnose({ frontOfPublicStore: storeFront({ answer }) });
    expectTroubles(diagnosis, { warned: ['bucket-private'] });
    expect(diagnosis.textOf('bucket-private')).toMatch(words);
  });

  it('says that it does not know where no clear answer comes', async () => {
    const answer = ({ method, url = '', headers }: IncomingMessage) =>
      method === 'HEAD' && url.includes('/image-') && headers.authorization === undefined ? { status: 503 } : undefined;
    const diagnosis = await diagnose({ frontOfPublicStore: storeFront({ answer }) });
    expectTroubles(diagnosis, { warned: ['bucket-private'] });
    expect(diagnosis.textOf('bucket-private')).toMatch(/is not known: HTTP 503/);
  });
});

describe('doctor, about versions', () => {
  it('warns of a bucket that keeps what is deleted', async () => {
    const diagnosis = await diagnose({ store: { profiles: ['versioning-on'] } });
    expectTroubles(diagnosis, { warned: ['versioning'] });
    expect(diagnosis.textOf('versioning')).toMatch(/stays as an old version.*NoncurrentVersionExpiration/s);
  });

  it('is content with a rule that removes old versions', async () => {
    const expiry = {
      ID: 'versions',
      Status: 'Enabled' as const,
      Filter: { Prefix: '' },
      NoncurrentVersionExpiration: { NoncurrentDays: 7 },
    };
    const diagnosis = await diagnose({
      store: { profiles: ['versioning-on'] },
      lifecycleRules: [...wantedLifecycleRules(), expiry],
    });
    expect(diagnosis.textOf('versioning')).toMatch(/a lifecycle rule removes old versions/);
    expect(diagnosis.failed).toEqual([]);
  });

  it('warns of object lock, under which nothing can be deleted', async () => {
    const lock =
      '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>30</Days></DefaultRetention></Rule></ObjectLockConfiguration>';
    const answer = ({ url = '' }: IncomingMessage) =>
      url.includes('object-lock') ? { status: 200, body: lock } : undefined;
    const diagnosis = await diagnose({ frontOfStore: storeFront({ answer }) });
    expectTroubles(diagnosis, { warned: ['versioning'] });
    expect(diagnosis.textOf('versioning')).toMatch(/keeps every object for 30 days/);
  });
});
