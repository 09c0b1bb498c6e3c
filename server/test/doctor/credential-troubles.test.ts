import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { diagnose, type SetUpChanges } from './diagnose.ts';
import { expectTroubles } from './expect-troubles.ts';
import { type FrontAnswer, storeFront } from './store-front.ts';

/** What the check of the key and the bucket says, when nothing else is blamed. */
async function explainKey(changes: SetUpChanges): Promise<string> {
  const diagnosis = await diagnose(changes);
  expectTroubles(diagnosis, { failed: ['credentials'] });
  expect(diagnosis.skipped).toContain('object-permissions');
  return diagnosis.textOf('credentials');
}

/** The storage answers signed requests so; HEAD without the body, as HTTP has it. */
function answerSigned(answer: FrontAnswer, applies: (request: IncomingMessage) => boolean = () => true): SetUpChanges {
  return {
    frontOfStore: storeFront({
      answer: (request) =>
        request.headers.authorization !== undefined && applies(request)
          ? { ...answer, ...(request.method === 'HEAD' ? { body: '' } : {}) }
          : undefined,
    }),
  };
}

function errorDocument(code: string, more = ''): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code>${more}</Error>`;
}

const isAboutBucket = ({ url = '' }: IncomingMessage): boolean => url.startsWith('/kuanary-');

describe('doctor, about the S3 key and the bucket', () => {
  it('names a wrong secret key', async () => {
    const text = await explainKey({ environment: { S3_SECRET_KEY: 'another-secret-key-0123456789abcdef' } });
    expect(text).toMatch(
      /HTTP 403 SignatureDoesNotMatch.*S3_SECRET_KEY does not belong to it.*Copy the secret key again/s,
    );
  });

  it('tells a wrong access key from a wrong secret', async () => {
    const unknownKey = 'NOSUCHACCESSKEY000001';
    const text = await explainKey({ environment: { S3_ACCESS_KEY: unknownKey } });
    expect(text).toMatch(/HTTP 403 InvalidAccessKeyId.*S3_ACCESS_KEY is not known there/s);
    expect(text).not.toContain(unknownKey);
  });

  it('reads how versitygw names a wrong access key', async () => {
    const answer = { status: 404, body: errorDocument('XAdminUserNotFound') };
    expect(await explainKey(answerSigned(answer))).toMatch(/404 XAdminUserNotFound.*S3_ACCESS_KEY is not known there/s);
  });

  it('names a bucket that is missing, and those that the key has', async () => {
    const text = await explainKey({ environment: { S3_BUCKET: `kuanery-${randomUUID()}` } });
    expect(text).toMatch(/There is no bucket "kuanery-.*The key has the bucket kuanary-.*correct S3_BUCKET/s);
  });

  it('names a bucket of somebody else', async () => {
    const bucket = `foreign-${randomUUID()}`;
    const answer = { status: 403, body: errorDocument('AccessDenied') };
    const changes = answerSigned(answer, ({ url = '' }) => url.startsWith('/foreign-'));
    const text = await explainKey({ ...changes, environment: { S3_BUCKET: bucket } });
    expect(text).toMatch(
      /does not let it use bucket "foreign-.*belongs to another account.*Choose a name of your own/s,
    );
  });

  it('names a policy that keeps the key out of its own bucket', async () => {
    const text = await explainKey(answerSigned({ status: 403, body: errorDocument('AccessDenied') }, isAboutBucket));
    expect(text).toMatch(/account's own, but a policy .* forbids it.*s3:ListBucket, s3:GetObject/s);
  });

  it('names the right region where the answer tells it', async () => {
    const redirect = {
      status: 301,
      headers: { 'x-amz-bucket-region': 'nbg1' },
      body: errorDocument('PermanentRedirect'),
    };
    expect(await explainKey(answerSigned(redirect))).toMatch(
      /in the region "nbg1", S3_REGION is "local".*S3_REGION=nbg1.*IMGPROXY_S3_REGION=nbg1/s,
    );
  });

  it.each([
    ['AWS', 'AuthorizationHeaderMalformed', '<Region>eu-west-1</Region>', 'eu-west-1'],
    [
      'Garage',
      'AuthorizationHeaderMalformed',
      '<Message>unexpected scope, expected: 20260101/garage/s3/aws4_request</Message>',
      'garage',
    ],
  ])('reads the region out of the error of %s', async (_server, code, more, region) => {
    expect(await explainKey(answerSigned({ status: 400, body: errorDocument(code, more) }))).toContain(
      `Set S3_REGION=${region}`,
    );
  });

  it('names a clock that the storage does not accept', async () => {
    expect(await explainKey(answerSigned({ status: 403, body: errorDocument('RequestTimeTooSkewed') }))).toMatch(
      /more than 15 minutes apart.*timedatectl set-ntp true/s,
    );
  });

  it('names virtual-host style where only path style works', async () => {
    const diagnosis = await diagnose({
      environment: { S3_FORCE_PATH_STYLE: 'false' },
      frontOfStore: async (url) => ({ url: url.replace('127.0.0.1', 'localhost'), close: async () => {} }),
    });
    expect(diagnosis.failed).toEqual(['credentials']);
    expect(diagnosis.textOf('credentials')).toMatch(/but it does in path style.*Set S3_FORCE_PATH_STYLE=true/s);
  });

  it.each<[string, FrontAnswer, RegExp]>([
    ['a suspended account', { status: 403, body: errorDocument('UserSuspended') }, /account is suspended/],
    ['temporary keys', { status: 400, body: errorDocument('ExpiredToken') }, /temporary keys/],
    ['an overloaded storage', { status: 503, body: errorDocument('SlowDown') }, /overloaded.*Try again/s],
    ['a proxy without error code', { status: 413, body: '<html>413</html>' }, /proxy in front .* refuses signed/],
  ])('names %s', async (_what, answer, words) => {
    expect(await explainKey(answerSigned(answer))).toMatch(words);
  });
});
